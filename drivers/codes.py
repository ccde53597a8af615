"""What a shop accepts beyond its number ranges: links, rotating codes, card ids, a file on a chip card."""

from __future__ import annotations

from dataclasses import dataclass, field

from drivers.apdu import CardFile
from drivers.rotating import RotatingCodes
from drivers.uid import UidRules


@dataclass(frozen=True, slots=True)
class Codes:
    """`link_hosts` are the hosts whose GS1 Digital Links count; `uids` is None where no chip's id counts."""

    link_hosts: frozenset[str] = frozenset()
    rotating: RotatingCodes | None = None
    uids: UidRules | None = field(default_factory=UidRules)
    card_file: CardFile | None = None


NO_CODES = Codes()
