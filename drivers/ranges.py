"""Number ranges: which numbers are ours, and of what kind, as the shop declares them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from typing import Literal, assert_never

from drivers.check_digits import is_ean_valid, is_luhn_valid
from drivers.payment_iin import brand_touched

Check = Literal["ean", "luhn", "none"]

MAX_LENGTH = 64
EAN_13 = 13
_GSRN_LENGTH = 18
_EAN_LENGTHS = (8, 12, 13, 14, 17, 18)
SEPARATORS = b" -"
_SMALL_A, _SMALL_Z = b"az"
_KIND = re.compile(r"[a-z][a-z0-9_]{0,31}")
_PREFIX = re.compile(r"[0-9A-Z]{1,64}")


@dataclass(frozen=True, slots=True)
class NumberRange:
    """Numbers of `length` characters that begin with `prefix`; all digits unless the prefix has a letter.

    `check` names the check digit at their end: "ean" (GS1 mod 10), "luhn" or "none".
    """

    kind: str
    prefix: str
    length: int
    check: Check

    def covers(self, value: bytes | bytearray) -> bool:
        """Say whether a normalised value has the shape of this range, its check digit aside."""
        if len(value) != self.length or not value.startswith(self.prefix.encode()):
            return False
        return value.isdigit() if self.prefix.isdigit() else value.isalnum()

    def is_check_right(self, value: bytes | bytearray) -> bool:
        """Say whether the check digit of a covered value is right."""
        match self.check:
            case "ean":
                return is_ean_valid(value)
            case "luhn":
                return is_luhn_valid(value)
            case "none":
                return True
            case other:
                assert_never(other)


def normalise(raw: bytes | bytearray, start: int = 0, end: int | None = None) -> bytearray:
    """Give the number in a part of a read as it is compared: no spaces or dashes, letters in capitals.

    The result has its size from the start, so that wiping it leaves no half-grown copies behind.

    >>> normalise(b"]C0ab 12-34", 3)
    bytearray(b'AB1234')
    """
    part = memoryview(raw)[start:end]
    value = bytearray(len(part) - sum(byte in SEPARATORS for byte in part))
    for position, byte in enumerate(byte for byte in part if byte not in SEPARATORS):
        value[position] = byte - 0x20 if _SMALL_A <= byte <= _SMALL_Z else byte
    return value


@lru_cache(maxsize=1024)
def payment_brand_of(number_range: NumberRange) -> str | None:
    """Name the payment brand that issues numbers of this range, if any; such a range excuses no number."""
    if not re.fullmatch(r"[0-9]*", number_range.prefix):
        return None
    return brand_touched(number_range.prefix, number_range.length)


def find_range(value: bytes | bytearray, ranges: Iterable[NumberRange]) -> NumberRange | None:
    """Find the range of a normalised value whose check digit is right."""
    return next((one for one in ranges if one.covers(value) and one.is_check_right(value)), None)


def check_ranges(ranges: Sequence[NumberRange]) -> list[str]:
    """Name every mistake in the declared ranges at once, one sentence each; an empty list is a good one.

    >>> check_ranges([NumberRange("card", "4", 16, "luhn")])
    ['range 1 (card 4…, 16): visa issues such payment cards; choose another prefix or length']
    """
    mistakes: list[str] = []
    for position, one in enumerate(ranges, 1):
        mistakes += [f"{_name(position, one)}: {mistake}" for mistake in _mistakes_of(one)]
    for (position, one), (other_position, other) in combinations(enumerate(ranges, 1), 2):
        nested = one.prefix.startswith(other.prefix) or other.prefix.startswith(one.prefix)
        if one.length == other.length and nested:
            first = _name(position, one)
            mistakes.append(
                f"{first} and {_name(other_position, other)} overlap: a number must have one kind"
            )
    return mistakes


def _name(position: int, one: NumberRange) -> str:
    return f"range {position} ({one.kind} {one.prefix}…, {one.length})"


def _mistakes_of(one: NumberRange) -> list[str]:
    mistakes: list[str] = []
    if not _KIND.fullmatch(one.kind):
        mistakes.append("kind must be a lower-case word of at most 32 letters, digits and _")
    if not _PREFIX.fullmatch(one.prefix):
        mistakes.append("prefix must be one or more digits or capital letters")
    if not len(one.prefix) < one.length <= MAX_LENGTH:
        mistakes.append(f"length must be greater than the prefix's and at most {MAX_LENGTH}")
    if one.check not in {"ean", "luhn", "none"}:
        mistakes.append('check must be "ean", "luhn" or "none"')
    if one.check != "none" and not one.prefix.isdigit():
        mistakes.append(f"a number with letters has no {one.check} check digit")
    if one.check == "ean" and one.length not in _EAN_LENGTHS:
        mistakes.append(f"an ean number has {', '.join(map(str, _EAN_LENGTHS))} digits")
    # A country's GS1 prefix may look like a payment card's (Finland's 64, Germany's 40 to 44). The guard
    # knows an EAN-13 by its check digit, a GSRN by its AIM identifier: these ranges ask for no exemption.
    is_gs1_key = one.check == "ean" and one.length in {EAN_13, _GSRN_LENGTH}
    if not is_gs1_key and (brand := payment_brand_of(one)):
        mistakes.append(f"{brand} issues such payment cards; choose another prefix or length")
    return mistakes
