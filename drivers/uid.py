"""Ids of contactless chips that may stand for a card: easily copied, so enough to earn, not to spend.

Source: ISO/IEC 14443-3 (4 bytes that begin with 08 are made anew at every tap), ISO/IEC 15693 (8 bytes, E0).
"""

from __future__ import annotations

from dataclasses import dataclass

_RANDOM = 0x08
_SINGLE, _DOUBLE, _VICINITY, _TRIPLE = 4, 7, 8, 10
_ISO_15693 = 0xE0


@dataclass(frozen=True, slots=True)
class UidRules:
    """Ids count as numbers of this kind; `allow_single` lets 4-byte ids in, which are not unique."""

    kind: str = "uid"
    allow_single: bool = False


def is_random(uid: bytes) -> bool:
    """Say whether a chip made its id up for this tap: phones, bank cards, passports do."""
    return len(uid) == _SINGLE and uid[0] == _RANDOM


def uid_text(uid: bytes, rules: UidRules) -> str | None:
    """Give an id as capital hex digits, or None if it may not stand for a card. Random ids never may.

    An ISO 15693 id is turned so that E0 leads: some readers hand it over reversed.

    >>> uid_text(bytes.fromhex("04a1b2c3d4e5f6"), UidRules())
    '04A1B2C3D4E5F6'
    >>> uid_text(bytes.fromhex("08a1b2c3"), UidRules(allow_single=True)) is None
    True
    """
    if is_random(uid) or len(set(uid)) <= 1:  # all 00 or all FF: a reader's way to say nothing
        return None
    if len(uid) == _VICINITY and _ISO_15693 in {uid[0], uid[-1]}:
        return (uid if uid[0] == _ISO_15693 else uid[::-1]).hex().upper()
    accepted = {_DOUBLE, _TRIPLE} | ({_SINGLE} if rules.allow_single else set())
    return uid.hex().upper() if len(uid) in accepted else None
