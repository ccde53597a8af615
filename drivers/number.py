"""From a raw read to a number of a known kind, or the reason why there is none.

The payment guard comes first, always. What passes becomes text only when it lies in a declared range.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from drivers.check_digits import is_ean_valid
from drivers.event import CardRead, RawRead, ReadRefused, RefusalReason
from drivers.gs1 import AIM_OF_GS1, GSRN_RECIPIENT, parse_elements
from drivers.payment_guard import payment_brand
from drivers.ranges import NumberRange, check_ranges, find_range, normalise

__all__ = ["Decoded", "NumberRange", "Refused", "check_ranges", "decode", "raw_from_text", "report"]

_AIM = re.compile(rb"\][A-Za-z][0-9A-Za-z]")
# With AIM identifiers on, UPC-A and UPC-E come padded to 13 digits under ]E0; ]E4 is EAN-8.
_EAN_LENGTH_OF_AIM = {b"]E0": 13, b"]E4": 8}


@dataclass(frozen=True, slots=True, repr=False)
class Decoded:
    """A number of ours: its kind and its normalised value."""

    kind: str
    value: str

    def __repr__(self) -> str:
        return f"Decoded(kind={self.kind!r}, {len(self.value)} characters)"


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a read gave no number; `brand` is set for payment cards only."""

    reason: RefusalReason
    brand: str | None = None


def decode(
    raw: RawRead, *, transport: str, ranges: Sequence[NumberRange], stripe: bool = False
) -> Decoded | Refused:
    """Decode one framed read against the declared ranges, and wipe it whatever the outcome.

    `unreadable` is a damaged read (wrong check digit, bytes that no label holds): scanning again may help.

    >>> ours = [NumberRange("card", "29", 13, "ean")]
    >>> decode(RawRead(b"]E02990000000017"), transport="serial", ranges=ours)
    Refused(reason='unreadable', brand=None)
    >>> decode(RawRead(b"]E02990000000019"), transport="serial", ranges=ours)
    Decoded(kind='card', 13 characters)
    """
    with raw:
        brand = payment_brand(raw.buffer, transport=transport, loyalty_ranges=ranges, stripe=stripe)
        if brand is not None:
            return Refused("payment_card", brand)
        return _classify(raw.buffer, ranges)


def report(
    outcome: Decoded | Refused, *, device: str, transport: str, read_at_ns: int
) -> CardRead | ReadRefused:
    """Make the event of a decoded read."""
    match outcome:
        case Decoded(kind, value):
            return CardRead(device, transport, kind, value, read_at_ns)
        case Refused(reason, brand):
            return ReadRefused(device, transport, reason, brand, read_at_ns)


def raw_from_text(text: str) -> RawRead:
    r"""Take text that a POS hands over: any script's digits, spaces and dashes become ASCII ones.

    The caller's `str` cannot be wiped; forget it at once.

    >>> raw_from_text("\uff14111\u20131111").buffer
    bytearray(b'4111-1111')
    """
    return RawRead("".join(map(_ascii_of, text)).encode("utf-8", errors="replace").strip())


def _ascii_of(character: str) -> str:
    if character.isascii():
        return character
    if (digit := unicodedata.decimal(character, None)) is not None:
        return str(digit)
    return {"Zs": " ", "Pd": "-"}.get(unicodedata.category(character), character)


def _classify(data: bytearray, ranges: Sequence[NumberRange]) -> Decoded | Refused:
    if not data or not data.isascii():
        return Refused("unreadable")
    found = _AIM.match(data)
    aim, start = (bytes(found.group()), found.end()) if found else (b"", 0)
    if aim in AIM_OF_GS1:
        return _classify_gs1(data, start, ranges)
    length = _EAN_LENGTH_OF_AIM.get(aim)
    if length and (len(data) - start != length or not is_ean_valid(memoryview(data)[start:])):
        return Refused("unreadable")
    return _classify_value(normalise(data, start), ranges)


def _classify_gs1(data: bytearray, start: int, ranges: Sequence[NumberRange]) -> Decoded | Refused:
    """Take the member's GSRN (AI 8018) out of an element string; other keys are not numbers of ours."""
    elements = parse_elements(data, start)
    if elements is None:
        is_member_key = data.startswith(GSRN_RECIPIENT.encode(), start)
        return Refused("unreadable" if is_member_key else "unknown_number")
    for element in elements:
        if element.ai == GSRN_RECIPIENT:
            return _classify_value(normalise(data, element.start, element.end), ranges)
    return Refused("unknown_number")


def _classify_value(value: bytearray, ranges: Sequence[NumberRange]) -> Decoded | Refused:
    if ours := find_range(value, ranges):
        return Decoded(ours.kind, value.decode("ascii"))
    if any(one.covers(value) for one in ranges):
        return Refused("unreadable")
    return Refused("unknown_number")
