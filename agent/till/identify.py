"""Whose card is this?  A number becomes a tag at once, and a tag becomes a member, or nobody.

Step 3 of the walk.  The number itself is not kept: what goes on is the tag, a mask for the screen and a
sealed token for the POS.
"""

from collections.abc import Callable
from dataclasses import dataclass

from agent.clock import Clock
from agent.journal.tag import tag_of
from agent.ledger.reader import Reader
from agent.till.tokens import Identification, TokenSeal
from drivers.event import mask_value

NONCE_BYTES = 12


@dataclass(frozen=True, slots=True)
class Identified:
    """A member's card, good to use."""

    member: str
    token: str
    masked: str
    entry_mode: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """A number of ours that this till knows nobody for; the sale goes on."""

    token: str
    masked: str
    entry_mode: str
    tag: bytes
    kind: str = "card"


@dataclass(frozen=True, slots=True)
class Blocked:
    """A card or member that must not serve."""

    token: str
    masked: str
    entry_mode: str


Outcome = Identified | Unknown | Blocked


class Identifier:
    """Finds members by number; `new_nonce(n)` gives n random bytes, `fleet_key` is None before enrolment."""

    def __init__(
        self,
        reader: Reader,
        seal: TokenSeal,
        *,
        clock: Clock,
        fleet_key: bytes | None,
        new_nonce: Callable[[int], bytes],
    ) -> None:
        self._reader = reader
        self._seal = seal
        self._clock = clock
        self._fleet_key = fleet_key
        self._new_nonce = new_nonce

    def identify(self, kind: str, value: str, entry_mode: str) -> Outcome:
        """Say whose number this is."""
        tag = tag_of(kind, value, self._fleet_key) if self._fleet_key else b""
        return self.identify_tag(tag, mask_value(value), entry_mode, kind)

    def nobody(self, kind: str, value: str, entry_mode: str) -> Unknown:
        """Return a number as one of nobody's, whoever's it is."""
        tag = tag_of(kind, value, self._fleet_key) if self._fleet_key else b""
        masked, made_ms = mask_value(value), int(self._clock.now().timestamp() * 1000)
        token = self._sealed(Identification("", tag, entry_mode, made_ms, masked, kind))
        return Unknown(token, masked, entry_mode, tag, kind)

    def identify_tag(self, tag: bytes, masked: str, entry_mode: str, kind: str) -> Outcome:
        """Say whose tag this is; again after an online look-up brought the member here."""
        found = self._reader.member_of(tag) if tag else None
        member = found.member if found else ""
        made_ms = int(self._clock.now().timestamp() * 1000)
        if found is not None and (found.card_blocked or found.status != "active"):
            token = self._sealed(Identification("", tag, entry_mode, made_ms, masked, kind))
            return Blocked(token, masked, entry_mode)
        token = self._sealed(Identification(member, tag, entry_mode, made_ms, masked, kind))
        if not member:
            return Unknown(token, masked, entry_mode, tag, kind)
        return Identified(member, token, masked, entry_mode)

    def _sealed(self, identification: Identification) -> str:
        return self._seal.seal(identification, self._new_nonce(NONCE_BYTES))
