"""Commands to a card and its answers, ISO/IEC 7816-4. A payment application is never selected.

`FF CA` and `FF B0` are PC/SC part 3: the reader answers them, not the card.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

GET_UID: Final = bytes.fromhex("FFCA000000")
_MAX_READ = 0xFF
_SHORTEST_AID, _LONGEST_AID = 5, 16
_MAX_SFI = 30

# Registered identifiers of payment schemes, and the directories that list payment applications.
_PAYMENT = re.compile(
    rb"\xa0\x00\x00\x00(?:\x03|\x04|\x05|\x10|\x25|\x29|\x42|\x65)"
    rb"|\xa0\x00\x00\x01(?:\x21|\x41|\x52|\x54|\x57|\x84)|\xa0\x00\x00\x02\x77"
    rb"|\xa0\x00\x00\x03(?:\x24|\x33|\x59|\x71)|\xa0\x00\x00\x05\x24|\xa0\x00\x00\x06(?:\x20|\x58|\x72)"
    rb"|[12]PAY\.SYS",
    re.DOTALL,
)

Status = Literal["ok", "not_found", "unsupported", "failed", "gone"]


@dataclass(frozen=True, slots=True, repr=False)
class Response:
    """An answer: what it means, and its data (kept out of repr: a card may hold anything)."""

    status: Status
    data: bytes

    def __repr__(self) -> str:
        return f"Response({self.status!r}, {len(self.data)} bytes)"


@dataclass(frozen=True, slots=True)
class CardFile:
    """Where a shop's chip cards keep their number: an application, and a short file id (0: the current one).

    Raises:
        ValueError: no application id, or one of a payment scheme.
    """

    aid: bytes
    short_id: int = 0

    def __post_init__(self) -> None:
        if not _SHORTEST_AID <= len(self.aid) <= _LONGEST_AID:
            raise ValueError("an application id has 5 to 16 bytes")
        if _PAYMENT.match(self.aid):
            raise ValueError("this application id belongs to a payment scheme; it is never selected")
        if not 0 <= self.short_id <= _MAX_SFI:
            raise ValueError("a short file id lies between 0 and 30")


def parse_response(answer: bytes | None) -> Response:
    """Judge an answer by its status word; None or nothing means that the card has left.

    >>> parse_response(bytes.fromhex("04A1B2C39000")).data.hex(), parse_response(b"").status
    ('04a1b2c3', 'gone')
    """
    if not answer:
        return Response("gone", b"")
    match answer[-2:]:
        case b"\x90\x00" | b"\x91\x00":
            return Response("ok", answer[:-2])
        case b"\x62\x82":  # the file ended before the wanted length
            return Response("ok", answer[:-2])
        case b"\x6a\x81" | b"\x6d\x00" | b"\x6e\x00":
            return Response("unsupported", b"")
        case b"\x6a\x82" | b"\x6a\x83":
            return Response("not_found", b"")
        case _:
            return Response("failed", b"")


def select(file: CardFile) -> bytes:
    """Select an application by its id."""
    return bytes([0x00, 0xA4, 0x04, 0x00, len(file.aid)]) + file.aid + b"\x00"


def read_binary(file: CardFile) -> bytes:
    """Read the start of the selected application's file."""
    first = 0x80 | file.short_id if file.short_id else 0
    return bytes([0x00, 0xB0, first, 0x00, 0x00])


def read_page(page: int, length: int = 16) -> bytes:
    """Read a type 2 tag's memory from a page of 4 bytes on (PC/SC part 3, READ BINARY)."""
    return bytes([0xFF, 0xB0, 0x00, page & 0xFF, min(length, _MAX_READ)])
