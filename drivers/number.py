"""From a raw read to a number of a known kind, or the reason why there is none.

The payment guard comes first, always. What passes becomes text only when it lies in a declared range.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from drivers.classify import Decoded, Refused, classify, warm
from drivers.codes import NO_CODES, Codes
from drivers.event import CardRead, RawRead, ReadRefused
from drivers.keymap import as_us
from drivers.payment_guard import payment_brand
from drivers.ranges import NumberRange, check_ranges

__all__ = ["Decoded", "NumberRange", "Refused", "check_ranges", "decode", "raw_from_text", "report", "warm"]


def decode(
    raw: RawRead,
    *,
    transport: str,
    ranges: Sequence[NumberRange],
    stripe: bool = False,
    codes: Codes = NO_CODES,
) -> Decoded | Refused:
    """Decode one framed read against what the shop declared, and wipe it whatever the outcome.

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
        return classify(raw.buffer, transport=transport, ranges=ranges, codes=codes)


def report(
    outcome: Decoded | Refused, *, device: str, transport: str, read_at_ns: int
) -> CardRead | ReadRefused:
    """Make the event of a decoded read."""
    match outcome:
        case Decoded(kind, value, is_verified):
            return CardRead(device, transport, kind, value, read_at_ns, is_verified)
        case Refused(reason, brand):
            return ReadRefused(device, transport, reason, brand, read_at_ns)


def raw_from_text(text: str, layout: str = "us") -> RawRead:
    r"""Take text that a POS hands over: any script's digits, spaces and dashes become ASCII ones.

    `layout` is the desktop's through which a reader with US keys typed it: what it made of them is undone.
    Digits alone are left as they are, since a person may have typed them.

    The caller's `str` cannot be wiped; forget it at once.

    >>> raw_from_text("\uff14111\u20131111").buffer == b"4111-1111"
    True
    """
    plain = "".join(map(_ascii_of, text)).strip()
    if layout != "us" and plain.strip("0123456789 -"):
        plain = "".join(map(_ascii_of, as_us(text, layout))).strip()
    return RawRead(plain.encode("utf-8", errors="replace"))


def _ascii_of(character: str) -> str:
    if character.isascii():
        return character
    if (digit := unicodedata.decimal(character, None)) is not None:
        return str(digit)
    return {"Zs": " ", "Pd": "-"}.get(unicodedata.category(character), character)
