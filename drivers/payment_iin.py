"""Which numbers belong to payment schemes, by their first digits (ISO/IEC 7812 issuer numbers).

The table is common knowledge, not a scheme's licensed list; it is wide on purpose: a loyalty range that
touches it is refused, so that no exemption can ever let a payment number through.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

PAN_LENGTHS = range(12, 20)


@dataclass(frozen=True, slots=True)
class _Issuer:
    brand: str
    digits: int
    first: int
    last: int
    lengths: range


# The first match names the brand, so the narrow come before the wide.
_ISSUERS = (
    _Issuer("mir", 4, 2200, 2204, range(16, 20)),
    _Issuer("mastercard", 2, 51, 55, range(16, 17)),
    _Issuer("mastercard", 4, 2221, 2720, range(16, 17)),
    _Issuer("amex", 2, 34, 34, range(15, 16)),
    _Issuer("amex", 2, 37, 37, range(15, 16)),
    _Issuer("diners", 2, 30, 30, range(14, 20)),
    _Issuer("diners", 2, 36, 36, range(14, 20)),
    _Issuer("diners", 2, 38, 39, range(14, 20)),
    _Issuer("jcb", 4, 3528, 3589, range(16, 20)),
    _Issuer("visa", 1, 4, 4, range(13, 20)),
    _Issuer("unionpay", 2, 62, 62, PAN_LENGTHS),
    _Issuer("unionpay", 2, 81, 81, PAN_LENGTHS),
    _Issuer("discover", 4, 6011, 6011, PAN_LENGTHS),
    _Issuer("discover", 3, 644, 649, PAN_LENGTHS),
    _Issuer("discover", 2, 65, 65, PAN_LENGTHS),
    _Issuer("maestro", 2, 50, 50, PAN_LENGTHS),
    _Issuer("maestro", 2, 56, 58, PAN_LENGTHS),
    _Issuer("maestro", 1, 6, 6, PAN_LENGTHS),  # also RuPay and national schemes
)
LONGEST_IIN = max(issuer.digits for issuer in _ISSUERS)


def brand_of(leading: Sequence[int]) -> str | None:
    """Name the payment brand of a number from its leading digits (at least four), whatever its length."""
    for issuer in _ISSUERS:
        number = 0
        for digit in leading[: issuer.digits]:
            number = number * 10 + digit
        if len(leading) >= issuer.digits and issuer.first <= number <= issuer.last:
            return issuer.brand
    return None


def brand_touched(prefix: str, length: int) -> str | None:
    """Name a payment brand that issues numbers of this length beginning with this prefix of digits.

    >>> brand_touched("26", 16), brand_touched("26", 13), brand_touched("29", 16), brand_touched("", 16)
    ('mastercard', None, None, 'mir')
    """
    for issuer in _ISSUERS:
        known = prefix[: issuer.digits]
        missing = issuer.digits - len(known)
        low, high = int(known + "0" * missing), int(known + "9" * missing)
        if length in issuer.lengths and low <= issuer.last and issuer.first <= high:
            return issuer.brand
    return None
