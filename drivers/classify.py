"""From a read that is no payment card to a number of ours: which kind of code is it, and what does it say?

Everything here runs behind the payment guard. What is inside a code (a signed code's number) is guarded
again.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

from drivers import digital_link, gs1, signed_code
from drivers.check_digits import is_ean_valid
from drivers.codes import Codes
from drivers.event import RefusalReason
from drivers.gs1 import AIM_OF_GS1, GCN, GCN_KEY_LENGTH, GSRN_RECIPIENT
from drivers.payment_guard import payment_brand
from drivers.ranges import EAN_13, UPC_A, NumberRange, find_range, normalise
from drivers.rotating import RotatingCodes, Shown
from drivers.tracks import looks_like_tracks, numbers_in, split_tracks

_GSRN_LENGTH = 18
_AIM = re.compile(rb"\][A-Za-z][0-9A-Za-z]")
# With AIM identifiers on, UPC-A and UPC-E come padded to 13 digits under ]E0; ]E4 is EAN-8.
_EAN_LENGTH_OF_AIM = {b"]E0": 13, b"]E4": 8}


@dataclass(frozen=True, slots=True, repr=False)
class Decoded:
    """A number of ours: its kind and normalised value; `is_verified` is False while our clock is in doubt."""

    kind: str
    value: str
    is_verified: bool = True

    def __repr__(self) -> str:
        return f"Decoded(kind={self.kind!r}, {len(self.value)} characters)"


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a read gave no number; `brand` is set for payment cards only."""

    reason: RefusalReason
    brand: str | None = None


def classify(
    data: bytearray, *, transport: str, ranges: Sequence[NumberRange], codes: Codes
) -> Decoded | Refused:
    """Find a number of ours in one guarded read, or say why there is none."""
    if not data or not data.isascii():
        return Refused("unreadable")
    found = _AIM.match(data)
    aim, start = (bytes(found.group()), found.end()) if found else (b"", 0)
    if codes.rotating is not None and codes.rotating.matches(code := data[start:]):
        return _rotating(code, codes.rotating, transport, ranges)
    if looks_like_tracks(data):
        return _tracks(data, ranges)
    if digital_link.is_link(data, start):
        elements = digital_link.elements_of(data, start, hosts=codes.link_hosts)
        if elements is None:
            return Refused("unknown_number")
        return _elements(elements, ranges) if elements else Refused("unreadable")
    return _label(data, aim, start, ranges)


def _label(data: bytearray, aim: bytes, start: int, ranges: Sequence[NumberRange]) -> Decoded | Refused:
    """Classify what stands behind an AIM identifier, or bare."""
    if aim in AIM_OF_GS1:
        return _element_string(data, start, ranges)
    length = _EAN_LENGTH_OF_AIM.get(aim)
    if length and (len(data) - start != length or not is_ean_valid(memoryview(data)[start:])):
        return Refused("unreadable")
    return _value(normalise(data, start), ranges)


def warm(ranges: Sequence[NumberRange], codes: Codes) -> None:
    """Load the libraries that these ranges and codes will ask for, before a customer waits for them."""
    if codes.link_hosts or _has_gs1_keys(ranges):
        gs1.warm()
    if codes.rotating is not None and codes.rotating.keys:
        signed_code.warm()


def _has_gs1_keys(ranges: Sequence[NumberRange]) -> bool:
    return any(one.ai or one.length == _GSRN_LENGTH for one in ranges)


def _element_string(data: bytearray, start: int, ranges: Sequence[NumberRange]) -> Decoded | Refused:
    if not _has_gs1_keys(ranges):
        return Refused("unknown_number")
    elements = gs1.parse_elements(data, start)
    if elements is None:
        ours = {GSRN_RECIPIENT, *(one.ai for one in ranges if one.ai)}
        is_ours = any(data.startswith(ai.encode(), start) for ai in ours)
        return Refused("unreadable" if is_ours else "unknown_number")
    return _elements([(one.ai, data[one.start : one.end].decode("ascii")) for one in elements], ranges)


def _elements(elements: Sequence[tuple[str, str]], ranges: Sequence[NumberRange]) -> Decoded | Refused:
    """Take the first element that is a number of ours: the member's key (8018), or as declared."""
    for ai, text in elements:
        value = normalise(text.encode("ascii", errors="replace"))
        key = value[:GCN_KEY_LENGTH] if ai == GCN else value
        if ours := find_range(key, ranges, ai):
            return Decoded(ours.kind, value.decode("ascii"))
    return Refused("unknown_number")


def _tracks(data: bytearray, ranges: Sequence[NumberRange]) -> Decoded | Refused:
    tracks = split_tracks(data)
    outcome = Refused("unknown_number" if tracks and all(one.is_good for one in tracks) else "unreadable")
    for span in numbers_in(data, tracks):
        found = _value(normalise(data, *span), ranges)
        if isinstance(found, Decoded):
            return found
        if found.reason == "unreadable":
            outcome = found
    return outcome


def _rotating(
    data: bytearray, rotating: RotatingCodes, transport: str, ranges: Sequence[NumberRange]
) -> Decoded | Refused:
    shown = rotating.judge(data, transport)
    match shown:
        case Shown(number, is_verified):
            value = bytearray(number, "ascii")
            brand = payment_brand(value, transport=transport, loyalty_ranges=ranges)
            found = Refused("payment_card", brand) if brand else _value(value, ranges)
            return Decoded(found.kind, found.value, is_verified) if isinstance(found, Decoded) else found
        case "expired" | "replayed" | "untrusted" | "unreadable":
            return Refused(shown)
        case other:
            assert_never(other)


def _value(value: bytearray, ranges: Sequence[NumberRange]) -> Decoded | Refused:
    twin = _upc_twin(value)
    for one in (value, twin):
        if ours := find_range(one, ranges):
            return Decoded(ours.kind, one.decode("ascii"))
    if any(one.covers(value) and not one.ai for one in ranges):
        return Refused("unreadable")
    return Refused("unknown_number")


def _upc_twin(value: bytearray) -> bytearray:
    """Give the other spelling of a UPC-A, the EAN-13 that begins with 0; nothing for other numbers."""
    if len(value) == UPC_A and is_ean_valid(value):
        return bytearray(b"0") + value
    if len(value) == EAN_13 and value.startswith(b"0") and is_ean_valid(value):
        return value[1:]
    return bytearray()
