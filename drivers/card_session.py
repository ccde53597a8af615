"""What is asked of a card that was tapped or put in, without any reader: commands out, answers in.

A shop's own file first (if configured), then what an NDEF tag says, then the chip's id (if configured).
Payment applications are never selected. A card that leaves halfway is `incomplete`: tap again.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import TypeVar

from drivers.apdu import GET_UID, CardFile, Response, parse_response, read_binary, read_page, select
from drivers.codes import Codes
from drivers.event import RawRead
from drivers.ndef import message_span, texts_of
from drivers.number import Decoded, Refused, decode, raw_from_text
from drivers.ranges import NumberRange
from drivers.uid import is_random, uid_text

TRANSPORT = "pcsc"
Outcome = Decoded | Refused | None
Session = Generator[bytes, bytes | None, Outcome]

_T = TypeVar("_T")
_Asking = Generator[bytes, bytes | None, _T]

_FIRST_PAGE, _PAGES_A_READ, _PAGE_BYTES = 4, 4, 4
_LAST_PAGE = 0xFF
# The end of a contactless card's ATR: standard 03, then its name (PC/SC part 3).
_TYPE_2 = (b"\x03\x00\x03", b"\x03\x00\x3a")  # Ultralight, Ultralight C; NTAGs say either
_STORAGE_CARD = b"\xa0\x00\x00\x03\x06"
_PADDING = b"\x00\xff\x20\r\n"


class _LeftError(Exception):
    """The card has left."""


def read_card(atr: bytes, *, ranges: Sequence[NumberRange], codes: Codes) -> Session:
    """Yield commands for the card with this ATR, take its answers, return the outcome (None: nothing).

    Send None or b"" for a card that has left.
    """
    try:
        if codes.card_file is not None:
            outcome = yield from _file(codes.card_file, ranges, codes)
            if outcome is not None:
                return outcome
        told: Outcome = None
        if _may_hold_ndef(atr):
            told = yield from _ndef(ranges, codes)
            if told is not None and not (isinstance(told, Refused) and told.reason == "unknown_number"):
                return told
        outcome = yield from _uid(codes)
    except _LeftError:
        return Refused("incomplete")
    return told if outcome is None else outcome


def run(
    atr: bytes, transmit: Callable[[bytes], bytes | None], *, ranges: Sequence[NumberRange], codes: Codes
) -> Outcome:
    """Read a card through `transmit`, which gives the answer to a command, or None if the card has left."""
    session = read_card(atr, ranges=ranges, codes=codes)
    try:
        command = next(session)
        while True:
            command = session.send(transmit(command))
    except StopIteration as end:
        outcome: Outcome = end.value
        return outcome


def _ask(command: bytes) -> _Asking[Response]:
    response = parse_response((yield command))
    if response.status == "gone":
        raise _LeftError
    return response


def _file(file: CardFile, ranges: Sequence[NumberRange], codes: Codes) -> _Asking[Outcome]:
    if (yield from _ask(select(file))).status != "ok":
        return None
    content = yield from _ask(read_binary(file))
    if content.status != "ok":
        return Refused("unreadable")
    with RawRead(content.data) as raw:
        text = raw.buffer.strip(_PADDING)
        return decode(RawRead(text), transport=TRANSPORT, ranges=ranges, codes=codes) if text else None


def _ndef(ranges: Sequence[NumberRange], codes: Codes) -> _Asking[Outcome]:
    """Read pages until the message is whole, then take the first record with a number of ours."""
    memory = b""
    span: tuple[int, int] | None = None
    for page in range(_FIRST_PAGE, _LAST_PAGE, _PAGES_A_READ):
        answer = yield from _ask(read_page(page))
        if answer.status != "ok" or len(answer.data) != _PAGES_A_READ * _PAGE_BYTES:
            break
        memory += answer.data
        span = message_span(memory)
        if span is None or span[1] <= len(memory):
            break
    if span is None:
        return None
    texts = texts_of(memory[span[0] : span[1]]) if span[1] <= len(memory) else None
    if texts is None:
        return Refused("unreadable")
    return _best_of(
        [decode(raw_from_text(text), transport=TRANSPORT, ranges=ranges, codes=codes) for text in texts]
    )


def _best_of(outcomes: list[Decoded | Refused]) -> Outcome:
    """Prefer a payment card's refusal to any number, and a number to any other refusal."""
    for one in outcomes:
        if isinstance(one, Refused) and one.reason == "payment_card":
            return one
    found = next((one for one in outcomes if isinstance(one, Decoded)), None)
    return found or (outcomes[0] if outcomes else None)


def _uid(codes: Codes) -> _Asking[Outcome]:
    if codes.uids is None:
        return None
    answer = yield from _ask(GET_UID)
    if answer.status == "unsupported":  # a contact card has no such id
        return None
    if answer.status != "ok":
        return Refused("unreadable")
    if is_random(answer.data):
        return Refused("random_id")
    text = uid_text(answer.data, codes.uids)
    return Refused("unknown_number") if text is None else Decoded(codes.uids.kind, text)


def _may_hold_ndef(atr: bytes) -> bool:
    """Say whether the ATR is that of a type 2 tag; asking others would cost a quarter of a second a tap."""
    at = atr.find(_STORAGE_CARD)
    name = atr[at + len(_STORAGE_CARD) :][:3]
    return at >= 0 and name in _TYPE_2
