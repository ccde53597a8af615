"""GS1 element strings, only as far as a shop's till meets them: strict, or not GS1 at all.

Source: GS1 General Specifications, chapters 3 (application identifiers) and 7.8 (predefined lengths).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from drivers.check_digits import is_ean_valid

AIM_OF_GS1 = (b"]C1", b"]e0", b"]d2", b"]Q3")
GSRN_RECIPIENT = "8018"
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
_ANY = rb"[!-\x22%-/0-9:-?A-Z_a-z]"  # GS1 AI encodable character set 82
_DATE = rb"\d\d(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])"


@dataclass(frozen=True, slots=True)
class _Rule:
    shape: re.Pattern[bytes]
    checked: int = 0  # how many leading digits end with a GS1 check digit


def _shape(pattern: bytes, *, checked: int = 0) -> _Rule:
    return _Rule(re.compile(pattern), checked)


_RULES = {
    "00": _shape(rb"\d{18}", checked=18),
    **{ai: _shape(rb"\d{14}", checked=14) for ai in ("01", "02")},
    **{str(ai): _shape(_DATE) for ai in (11, 12, 13, 15, 16, 17)},
    "20": _shape(rb"\d\d"),
    **{ai: _shape(_ANY + rb"{1,20}") for ai in ("10", "21", "22", "254", "420")},
    **{ai: _shape(_ANY + rb"{1,30}") for ai in ("90", "240", "241", "250", "251", "400", "401", "403")},
    **{str(ai): _shape(_ANY + rb"{1,90}") for ai in range(91, 100)},
    **{ai: _shape(rb"\d{1,8}") for ai in ("30", "37")},
    "253": _shape(rb"\d{13}" + _ANY + rb"{0,17}", checked=13),
    "255": _shape(rb"\d{13,25}", checked=13),
    **{str(ai): _shape(rb"\d{13}", checked=13) for ai in range(410, 418)},
    **{ai: _shape(rb"\d{18}", checked=18) for ai in ("8017", GSRN_RECIPIENT)},
    "8020": _shape(_ANY + rb"{1,25}"),
    "8110": _shape(rb"\d{1,70}"),
    "8112": _shape(rb"\d{1,70}"),
    "8200": _shape(_ANY + rb"{1,70}"),
}
_MEASURE = _shape(rb"\d{6}")  # 31nn to 36nn: weights and sizes with n decimals


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


def _element_at(data: bytes | bytearray, at: int) -> Element | None:
    ai, rule = _rule_at(data, at)
    if rule is None:
        return None
    separator = data.find(GS, at)
    end = separator if separator >= 0 else len(data)
    if length := _PREDEFINED.get(ai[:2]):
        end = min(end, at + length)
    start = at + len(ai)
    if not rule.shape.fullmatch(data, start, end):
        return None
    if rule.checked and not is_ean_valid(memoryview(data)[start : start + rule.checked]):
        return None
    return Element(ai, start, end)


def _rule_at(data: bytes | bytearray, at: int) -> tuple[str, _Rule | None]:
    head = data[at : at + 4].decode("latin-1")
    if re.fullmatch(r"3[1-6][0-9][0-9]", head):
        return head, _MEASURE
    for size in (2, 3, 4):
        if rule := _RULES.get(head[:size]):
            return head[:size], rule
    return "", None
