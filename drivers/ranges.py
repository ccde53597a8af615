"""Number ranges: which numbers are ours, and of what kind, as the shop declares them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from typing import Literal, get_args

from drivers.check_digits import is_ean_valid, is_luhn_valid, is_valid_by
from drivers.event import HiddenBytes
from drivers.gs1 import GCN, GCN_KEY_LENGTH, GSRN_RECIPIENT
from drivers.payment_iin import brand_touched

Check = Literal["ean", "luhn", "verhoeff", "damm", "mod_97_10", "mod_11_10", "mod_37_36", "none"]
CHECKS: tuple[str, ...] = get_args(Check)

MAX_LENGTH = 64
EAN_13 = 13
UPC_A = 12
_GSRN_LENGTH = 18
_EAN_LENGTHS = (8, 12, 13, 14, 17, 18)
SEPARATORS = b" -"
_SMALL_A, _SMALL_Z = b"az"
_KIND = re.compile(r"[a-z][a-z0-9_]{0,31}")
_PREFIX = re.compile(r"[0-9A-Z]{1,64}")
_AI = re.compile(r"(?:[0-9]{2,4})?")
_OF_LETTERS_TOO = ("mod_97_10", "mod_37_36", "none")


@dataclass(frozen=True, slots=True)
class NumberRange:
    """Numbers of `length` characters that begin with `prefix`; all digits unless the prefix has a letter.

    `check` names the check digit at their end. `ai` is the GS1 application identifier they stand under;
    without one they are bare (a barcode, a stripe, typed) or a member key (8018). Of a coupon (255) `length`
    is 13, and its serial number may follow.
    """

    kind: str
    prefix: str
    length: int
    check: Check
    ai: str = ""

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
                return is_valid_by(other, value)

    def stands_under(self, ai: str) -> bool:
        """Say whether values of this identifier ("" for none) may be of this range."""
        return self.ai == ai or (not self.ai and ai == GSRN_RECIPIENT)


def normalise(raw: bytes | bytearray, start: int = 0, end: int | None = None) -> HiddenBytes:
    """Give the number in a part of a read as it is compared: no spaces or dashes, letters in capitals.

    The result has its size from the start, so that wiping it leaves no half-grown copies behind.

    >>> normalise(b"]C0ab 12-34", 3) == b"AB1234"
    True
    """
    part = memoryview(raw)[start:end]
    value = HiddenBytes(len(part) - sum(byte in SEPARATORS for byte in part))
    for position, byte in enumerate(byte for byte in part if byte not in SEPARATORS):
        value[position] = byte - 0x20 if _SMALL_A <= byte <= _SMALL_Z else byte
    return value


@lru_cache(maxsize=1024)
def payment_brand_of(number_range: NumberRange) -> str | None:
    """Name the payment brand that issues numbers of this range, if any; such a range excuses no number."""
    if not re.fullmatch(r"[0-9]*", number_range.prefix):
        return None
    return brand_touched(number_range.prefix, number_range.length)


def find_range(value: bytes | bytearray, ranges: Iterable[NumberRange], ai: str = "") -> NumberRange | None:
    """Find the range of a normalised value whose check digit is right."""
    known = (one for one in ranges if one.stands_under(ai) and one.covers(value))
    return next((one for one in known if one.is_check_right(value)), None)


def check_ranges(ranges: Sequence[NumberRange]) -> list[str]:
    """Name every mistake in the declared ranges at once, one sentence each; an empty list is a good one.

    >>> check_ranges([NumberRange("card", "4", 16, "luhn")])
    ['range 1 (card 4…, 16): visa issues such payment cards; choose another prefix or length']
    """
    mistakes: list[str] = []
    for position, one in enumerate(ranges, 1):
        mistakes += [f"{_name(position, one)}: {mistake}" for mistake in _mistakes_of(one)]
    for (position, one), (other_position, other) in combinations(enumerate(ranges, 1), 2):
        if _overlap(one, other):
            first = _name(position, one)
            mistakes.append(
                f"{first} and {_name(other_position, other)} overlap: a number must have one kind"
            )
    return mistakes


def _overlap(one: NumberRange, other: NumberRange) -> bool:
    (prefix, length), (other_prefix, other_length) = _as_ean(one), _as_ean(other)
    nested = prefix.startswith(other_prefix) or other_prefix.startswith(prefix)
    meet = one.stands_under(other.ai) or other.stands_under(one.ai)
    return meet and nested and length == other_length


def _as_ean(one: NumberRange) -> tuple[str, int]:
    """Give prefix and length; a UPC-A is the EAN-13 that begins with 0."""
    if one.check == "ean" and one.length == UPC_A:
        return f"0{one.prefix}", EAN_13
    return one.prefix, one.length


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
    if one.check not in CHECKS:
        mistakes.append(f"check must be one of {', '.join(CHECKS)}")
    if not _AI.fullmatch(one.ai):
        mistakes.append("ai must be a GS1 application identifier of 2 to 4 digits")
    if one.ai == GCN and (one.length, one.check) != (GCN_KEY_LENGTH, "ean"):
        mistakes.append(f"a coupon (255) has {GCN_KEY_LENGTH} digits and an ean check; a serial may follow")
    if one.check in CHECKS and one.check not in _OF_LETTERS_TOO and not one.prefix.isdigit():
        mistakes.append(f"a number with letters has no {one.check} check digit")
    if one.check == "ean" and one.length not in _EAN_LENGTHS:
        mistakes.append(f"an ean number has {', '.join(map(str, _EAN_LENGTHS))} digits")
    # A country's GS1 prefix may look like a payment card's (Finland's 64, Germany's 40 to 44). The guard
    # knows an EAN-13 by its check digit, a GSRN by its AIM identifier: these ranges ask for no exemption.
    is_gs1_key = one.check == "ean" and one.length in {EAN_13, _GSRN_LENGTH}
    if not is_gs1_key and (brand := payment_brand_of(one)):
        mistakes.append(f"{brand} issues such payment cards; choose another prefix or length")
    return mistakes
