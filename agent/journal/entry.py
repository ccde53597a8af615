"""One journal entry, and the canonical bytes that are hashed, stored and sent.

Canonical bytes are MessagePack: maps with sorted text keys, whole numbers in their shortest form, no
floats, fields at their default left out.  The hash covers exactly these bytes, so whoever stores an
entry keeps the bytes and never re-encodes them; unknown keys of a newer till survive that way.
"""

from typing import Any

import msgspec

LotAmount = tuple[str, int]


class Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    """What happened once, at one till, for good.

    `amount` is what `account` gains in `unit` (negative: what it gives); `lots` says which lots, with
    the same sign, and their amounts add up to `amount`.  (receipt, kind, part) occurs once a journal.
    """

    incarnation: str
    seq: int
    kind: str
    receipt: str = ""
    part: str = ""
    account: str = ""
    unit: str = ""
    amount: int = 0
    lots: list[LotAmount] = []
    allowance: int = 0
    at: str = ""
    actor: str = ""
    wall_ms: int = 0
    boot: str = ""
    boot_ms: int = 0
    data: dict[str, Any] = {}


class Draft(msgspec.Struct, frozen=True):
    """An entry that has no place in a journal yet; the ledger adds incarnation, number and clocks."""

    kind: str
    receipt: str = ""
    part: str = ""
    account: str = ""
    unit: str = ""
    amount: int = 0
    lots: list[LotAmount] = []
    allowance: int = 0
    at: str = ""
    actor: str = ""
    data: dict[str, Any] = {}


_encoder = msgspec.msgpack.Encoder(order="sorted")
_decoder = msgspec.msgpack.Decoder(Entry)


def canonical_bytes(entry: Entry) -> bytes:
    """Return the bytes that are hashed, stored and sent; equal entries have equal bytes."""
    return _encoder.encode(entry)


def entry_from(body: bytes) -> Entry:
    """Read canonical bytes; keys this program does not know are passed over.

    Raises:
        msgspec.DecodeError: the bytes are no entry.
    """
    return _decoder.decode(body)
