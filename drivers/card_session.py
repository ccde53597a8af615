"""What is asked of a card that was tapped or put in, without any reader: commands out, answers in.

A shop's own file first (if configured), then what an NDEF tag says, then the chip's id (if configured).
Payment applications are never selected. A card that leaves halfway is `incomplete`: tap again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from drivers.apdu import GET_UID, CardFile, Response, parse_response, read_binary, read_page, select
from drivers.codes import Codes
from drivers.event import RawRead
from drivers.ndef import message_span, texts_of
from drivers.number import Decoded, Refused, decode, raw_from_text
from drivers.ranges import NumberRange
from drivers.uid import is_random, uid_text

TRANSPORT = "pcsc"
Outcome = Decoded | Refused | None
_Ask = Callable[[bytes], Response]

_FIRST_PAGE, _PAGES_A_READ, _PAGE_BYTES = 4, 4, 4
_LAST_PAGE = 0xFF
# The end of a contactless card's ATR: standard 03, then its name (PC/SC part 3).
_TYPE_2 = (b"\x03\x00\x03", b"\x03\x00\x3a")  # Ultralight, Ultralight C; NTAGs say either
_STORAGE_CARD = b"\xa0\x00\x00\x03\x06"
_PADDING = b"\x00\xff\x20\r\n"


class _LeftError(Exception):
    """The card has left."""


def run(
    atr: bytes, transmit: Callable[[bytes], bytes | None], *, ranges: Sequence[NumberRange], codes: Codes
) -> Outcome:
    """Read the card with this ATR; None is a card that says nothing.

    `transmit` gives the answer to a command, status word and all, or None (or nothing) if the card has left.
    """

    def ask(command: bytes) -> Response:
        response = parse_response(transmit(command))
        if response.status == "gone":
            raise _LeftError
        return response

    try:
        return _read(atr, ask, ranges, codes)
    except _LeftError:
        return Refused("incomplete")


def _read(atr: bytes, ask: _Ask, ranges: Sequence[NumberRange], codes: Codes) -> Outcome:
    if codes.card_file is not None and (found := _file(codes.card_file, ask, ranges, codes)):
        return found
    told = _ndef(ask, ranges, codes) if _may_hold_ndef(atr) else None
    if told is not None and told != Refused("unknown_number"):
        return told
    return _uid(ask, codes) or told


def _file(file: CardFile, ask: _Ask, ranges: Sequence[NumberRange], codes: Codes) -> Outcome:
    if ask(select(file)).status != "ok":
        return None
    content = ask(read_binary(file))
    if content.status != "ok":
        return Refused("unreadable")
    raw = RawRead(content.data.strip(_PADDING))
    return decode(raw, transport=TRANSPORT, ranges=ranges, codes=codes) if len(raw) else None


def _ndef(ask: _Ask, ranges: Sequence[NumberRange], codes: Codes) -> Outcome:
    """Read pages until the message is whole, then take the first record with a number of ours."""
    memory = b""
    span: tuple[int, int] | None = None
    for page in range(_FIRST_PAGE, _LAST_PAGE, _PAGES_A_READ):
        answer = ask(read_page(page))
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


def _uid(ask: _Ask, codes: Codes) -> Outcome:
    if codes.uids is None:
        return None
    answer = ask(GET_UID)
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
