"""Check digits, computed on bytes so that no copy of a number outlives its buffer.

EAN and Luhn are asked before the payment guard has spoken, so they are ours; the others serve numbers inside
a declared range only, and come from python-stdnum.
"""

from __future__ import annotations

import importlib
from typing import Any

_ZERO = 0x30
_STDNUM = {
    "verhoeff": "stdnum.verhoeff",
    "damm": "stdnum.damm",
    "mod_97_10": "stdnum.iso7064.mod_97_10",
    "mod_11_10": "stdnum.iso7064.mod_11_10",
    "mod_37_36": "stdnum.iso7064.mod_37_36",
}


def is_valid_by(algorithm: str, value: bytes | bytearray) -> bool:
    """Check the digits at the end by Verhoeff, Damm or ISO/IEC 7064 (mod_97_10, mod_11_10, mod_37_36).

    >>> is_valid_by("verhoeff", b"1234567890120"), is_valid_by("verhoeff", b"1234567890121")
    (True, False)
    """
    module: Any = importlib.import_module(_STDNUM[algorithm])  # once per process, and only where configured
    return bool(module.is_valid(value.decode("ascii")))


def is_ean_valid(digits: bytes | bytearray | memoryview) -> bool:
    """Check the GS1 mod-10 digit at the end (EAN-8 to GSRN; GS1 General Specifications, 7.9).

    >>> is_ean_valid(b"4006381333931"), is_ean_valid(b"4006381333932"), is_ean_valid(b"")
    (True, False, False)
    """
    if not _are_digits(digits):
        return False
    weight, total = 1, 0
    for byte in reversed(digits):
        total += (byte - _ZERO) * weight
        weight = 4 - weight
    return total % 10 == 0


def is_luhn_valid(digits: bytes | bytearray | memoryview) -> bool:
    """Check the Luhn digit at the end (ISO/IEC 7812-1, annex B).

    >>> is_luhn_valid(b"79927398713"), is_luhn_valid(b"79927398710"), is_luhn_valid(b"")
    (True, False, False)
    """
    if not _are_digits(digits):
        return False
    doubled, total = False, 0
    for byte in reversed(digits):
        total += luhn_weight(byte - _ZERO, doubled=doubled)
        doubled = not doubled
    return total % 10 == 0


def luhn_weight(digit: int, *, doubled: bool) -> int:
    """Give what one digit adds to a Luhn sum."""
    return digit * 2 - 9 * (digit > 4) if doubled else digit  # noqa: PLR2004 (a doubled 5 has two digits)


def _are_digits(data: bytes | bytearray | memoryview) -> bool:
    return len(data) > 0 and all(_ZERO <= byte <= _ZERO + 9 for byte in data)
