"""Payment cards will be swiped: know them in the raw bytes, before any log, queue or parser sees them.

Pure, and careful with copies: a number is never turned into a `str` or `bytes` of its own, so wiping the
caller's buffer is enough. In doubt it refuses: little is lost, as only declared ranges are let on anyway.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import accumulate

from drivers.check_digits import is_ean_valid, luhn_weight
from drivers.gs1 import AIM_OF_GS1, parse_elements
from drivers.mistyped import readings
from drivers.payment_iin import LONGEST_IIN, PAN_LENGTHS, brand_of
from drivers.ranges import EAN_13, SEPARATORS, NumberRange, find_range, normalise, payment_brand_of
from drivers.tracks import looks_like_tracks

UNKNOWN_BRAND = "unknown"

_DIGITS = rb"\d(?:[ \-]*\d){11,18}"
# Track 1, format code B (ISO/IEC 7813). Layouts mangle the sentinels and the ^, on a Russian one the B itself
# (И is D0 98, и is D0 B8), so at the start of a read any wrapping and any closing mark will do.
_TRACK_1 = re.compile(rb"[Bb](%b)[ \-]*\^" % _DIGITS)
_TRACK_1_MANGLED = re.compile(
    rb"[^0-9A-Za-z]{0,4}(?:[Bb]|\xd0[\x98\xb8])(%b)[ \-]*[^0-9A-Za-z \-\x1d]" % _DIGITS
)
# Track 2's separator is = or what a layout makes of it (¡, ì, an acute accent, ^); the expiry YYMM follows.
_EXPIRY = re.compile(rb"(?:[=^]|[\x80-\xff]{1,4}) *\d\d(?:0[1-9]|1[0-2])")
_RUN = re.compile(rb"\d(?:[ \-]*\d)*")
_AIM = re.compile(rb"\][A-Za-z][0-9A-Za-z]")
_SHORTEST_OFF_TRACK = 13
# A member's key in a GS1 Digital Link: no payment number has 18 digits, and this one has a GS1 check digit.
_LINKED_KEY = re.compile(rb"https://[A-Za-z0-9./~_-]*/8018/(\d{18})(?=[/?#]|\Z)")


def payment_brand(
    raw: bytes | bytearray, *, transport: str, loyalty_ranges: Sequence[NumberRange], stripe: bool = False
) -> str | None:
    """Name the brand class of a payment card in a raw read, or None if it holds none.

    `stripe` says that the reader reads magnetic stripes: then 12 digits suffice and no EAN is excused.
    The brand is "unknown" where the shape says payment and the number fits no scheme.

    >>> payment_brand(b"4111 1111-1111 1111", transport="pos_text", loyalty_ranges=())
    'visa'
    >>> payment_brand(b"4006381333931", transport="serial", loyalty_ranges=()) is None
    True
    """
    brand = _brand_in_text(raw, transport, loyalty_ranges, stripe=stripe)
    if brand is not None:
        return brand
    for reading in readings(raw):
        brand = _brand_in_text(reading, transport, loyalty_ranges, stripe=stripe)
        _wipe(reading)
        if brand is not None:
            return brand
    return None


def _brand_in_text(
    raw: bytes | bytearray, transport: str, ranges: Sequence[NumberRange], *, stripe: bool
) -> str | None:
    if (number_at := _track_1_at(raw)) is not None:
        return _brand_at(raw, number_at)
    on_track = stripe or transport == "msr" or looks_like_tracks(raw)
    honest = [one for one in ranges if not one.ai and payment_brand_of(one) is None]
    return _brand_of_runs(raw, honest, on_track=on_track) or _brand_before_expiry(raw, honest)


def _track_1_at(raw: bytes | bytearray) -> int | None:
    found = _TRACK_1.search(raw) or _TRACK_1_MANGLED.match(raw)
    return found.start(1) if found else None


def _spans(pattern: re.Pattern[bytes], raw: bytes | bytearray, start: int = 0) -> Iterator[tuple[int, int]]:
    """Give where a pattern is found; a match object in a caller's frame would show what it holds."""
    return (found.span() for found in pattern.finditer(raw, start))


def _brand_at(raw: bytes | bytearray, start: int) -> str:
    leading: list[int] = []
    for byte in memoryview(raw)[start:]:
        if chr(byte).isdigit():
            leading.append(byte - 0x30)
        if len(leading) == LONGEST_IIN:
            break
    return brand_of(leading) or UNKNOWN_BRAND


def _brand_before_expiry(raw: bytes | bytearray, honest: list[NumberRange]) -> str | None:
    """Look backwards from each separator and expiry for 12 digits or more that are no number of ours."""
    for end, _ in _spans(_EXPIRY, raw):
        count, start, at = 0, 0, end
        while at > 0 and count < PAN_LENGTHS.stop - 1:
            at -= 1
            if chr(raw[at]).isdigit():
                count, start = count + 1, at
            elif raw[at] not in SEPARATORS:
                break
        if count >= PAN_LENGTHS.start and not _is_ours(raw, (start, end), honest):
            return _brand_at(raw, start)
    return None


def _is_ours(raw: bytes | bytearray, span: tuple[int, int], honest: list[NumberRange]) -> bool:
    number = normalise(raw, *span)
    try:
        return find_range(number, honest) is not None
    finally:
        _wipe(number)


def _brand_of_runs(raw: bytes | bytearray, honest: list[NumberRange], *, on_track: bool) -> str | None:
    start = 0
    if aim := _AIM.match(raw):
        start = aim.end()
    linked = _linked_key(raw, start)
    for span in _spans(_RUN, raw, start):
        if span == linked or span[1] - span[0] < PAN_LENGTHS.start:
            continue
        if (brand := _brand_of_run(raw, span, honest, on_track=on_track)) is None:
            continue
        # Asked only now: most labels hold no such run, and a till without GS1 keys never loads the parser.
        if raw[:start] in AIM_OF_GS1 and parse_elements(raw, start) is not None:
            return None
        if not _is_ours(raw, (start, len(raw)), honest):
            return brand
    return None


def _linked_key(raw: bytes | bytearray, start: int) -> tuple[int, int] | None:
    found = _LINKED_KEY.match(raw, start)
    if found is None or not is_ean_valid(memoryview(raw)[found.start(1) : found.end(1)]):
        return None
    return found.span(1)


def _brand_of_run(
    raw: bytes | bytearray, span: tuple[int, int], honest: list[NumberRange], *, on_track: bool
) -> str | None:
    digits = normalise(raw, *span)
    try:
        if find_range(digits, honest) is not None:
            return None
        if not on_track and _is_ean_13(digits):
            return None
        return _brand_in(digits, _group_bounds(raw, span), on_track=on_track)
    finally:
        _wipe(digits)


def _group_bounds(raw: bytes | bytearray, span: tuple[int, int]) -> list[int]:
    """Say where the groups of a run begin and end, counted in its digits."""
    bounds, count, was_digit = [0], 0, True
    for byte in memoryview(raw)[span[0] : span[1]]:
        is_digit = chr(byte).isdigit()
        if was_digit and not is_digit:
            bounds.append(count)
        count += is_digit
        was_digit = is_digit
    return [*bounds, count]


def _brand_in(digits: bytearray, bounds: list[int], *, on_track: bool) -> str | None:
    """Look for a payment number made of whole neighbouring groups: "12 4111 1111 1111 1111" holds one."""
    shortest = PAN_LENGTHS.start if on_track else _SHORTEST_OFF_TRACK
    view = memoryview(digits)
    sums = _luhn_sums(digits)
    for start in bounds:
        first, stop = (bisect_left(bounds, start + length) for length in (shortest, PAN_LENGTHS.stop))
        for at in range(first, stop):
            end = bounds[at]
            by_parity = sums[(end - 1) % 2]
            # Cheapest first: a read of hundreds of one-digit groups has thousands of such windows.
            if (by_parity[end] - by_parity[start]) % 10 or (not on_track and _is_ean_13(view[start:end])):
                continue
            if brand := brand_of([byte - 0x30 for byte in view[start : start + LONGEST_IIN]]):
                return brand
            break
    return None


def _luhn_sums(digits: bytearray) -> tuple[list[int], list[int]]:
    """Give running Luhn sums, so that any window costs one subtraction.

    Which digits are doubled depends on where the window ends: the first list serves ends at an even
    position, the second at an odd one.
    """

    def running(plain: int) -> list[int]:
        weights = (luhn_weight(byte - 0x30, doubled=at % 2 != plain) for at, byte in enumerate(digits))
        return list(accumulate(weights, initial=0))

    return running(0), running(1)


def _is_ean_13(digits: bytearray | memoryview) -> bool:
    return len(digits) == EAN_13 and is_ean_valid(digits)


def _wipe(number: bytearray) -> None:
    number[:] = bytes(len(number))
