"""GS1 element strings, strict: all of it is valid, check digits too, or it is not GS1 at all.

Which application identifiers there are and how their values look is biip's knowledge (the only doors are this
file and `digital_link.py`); check digits, which biip leaves unverified, and the splitting are done here, on
the buffer itself: the payment guard asks too, and must leave no copy.

Source: GS1 General Specifications, chapters 3 (application identifiers) and 7.8 (predefined lengths).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from drivers.check_digits import is_ean_valid

AIM_OF_GS1 = (b"]C1", b"]e0", b"]d2", b"]Q3")
GSRN_RECIPIENT = "8018"
GCN = "255"
GCN_KEY_LENGTH = 13  # a coupon's number; up to 12 digits of a serial number follow
GS = 0x1D

# Elements that begin so have this length in all and need no separator.
_PREDEFINED = {
    "00": 20,
    "01": 16,
    "02": 16,
    "03": 16,
    "04": 18,
    "20": 4,
    **{str(ai): 8 for ai in range(11, 20)},
    **{str(ai): 10 for ai in range(31, 37)},
    "41": 16,
}
# How many leading digits of a value end with a mod-10 check digit.
_CHECKED = {
    "00": 18,
    **dict.fromkeys(("01", "02", "03", "8003", "8006", "8026"), 14),
    **dict.fromkeys(("253", GCN), GCN_KEY_LENGTH),
    "402": 17,
    **{str(ai): 13 for ai in range(410, 418)},
    **dict.fromkeys(("8017", GSRN_RECIPIENT), 18),
}
_LONGEST_AI = 4


@dataclass(frozen=True, slots=True)
class Element:
    """One application identifier and where its value lies in the data."""

    ai: str
    start: int
    end: int


def parse_elements(data: bytes | bytearray, at: int = 0) -> list[Element] | None:
    """Split data from `at` (behind its AIM identifier) into elements, or None unless all of it is valid GS1.

    >>> parse_elements(b"8018400638100000000002")
    [Element(ai='8018', start=4, end=22)]
    >>> parse_elements(b"8018400638100000000003") is None
    True
    """
    elements: list[Element] = []
    while at < len(data):
        element = _element_at(data, at)
        if element is None:
            return None
        elements.append(element)
        at = element.end + (element.end < len(data) and data[element.end] == GS)
    return elements or None


def is_check_right(ai: str, value: bytes | bytearray | memoryview) -> bool:
    """Say whether the check digit of an element's value is right, or it has none.

    >>> is_check_right("8018", b"400638100000000003"), is_check_right("10", b"LOT")
    (False, True)
    """
    checked = _CHECKED.get(ai)
    return checked is None or is_ean_valid(memoryview(value)[:checked])


def warm() -> None:
    """Load biip now (0.1 s), and not while a customer waits."""
    _rule_of(GSRN_RECIPIENT)


def _element_at(data: bytes | bytearray, at: int) -> Element | None:
    rule = _rule_of(data[at : at + _LONGEST_AI].decode("latin-1"))
    if rule is None:
        return None
    ai, shape = rule
    separator = data.find(GS, at)
    end = separator if separator >= 0 else len(data)
    if length := _PREDEFINED.get(ai[:2]):
        end = min(end, at + length)
    start = at + len(ai)
    if not shape.fullmatch(data, at, end) or not is_check_right(ai, memoryview(data)[start:end]):
        return None
    return Element(ai, start, end)


@lru_cache(maxsize=4096)
def _rule_of(head: str) -> tuple[str, re.Pattern[bytes]] | None:
    """Find the identifier that four characters begin with, and the shape of its whole element."""
    from biip import ParseError  # noqa: PLC0415 (a tenth of a second that most tills never need)
    from biip.gs1_application_identifiers import GS1ApplicationIdentifier  # noqa: PLC0415

    try:
        known = GS1ApplicationIdentifier.extract(head)
    except ParseError:
        return None
    return known.ai, re.compile(known.pattern.removeprefix("^").removesuffix("$").encode("ascii"))
