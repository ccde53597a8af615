"""A shop's number ranges and numbers in them, as the tests of every reader use them."""

from drivers.check_digits import is_ean_valid
from drivers.ranges import NumberRange

RANGES = (
    NumberRange("card", "299", 13, "ean"),
    NumberRange("staff", "9826", 16, "luhn"),
    NumberRange("coupon", "C", 10, "none"),
    NumberRange("member", "640", 18, "ean"),
)


def card_number(serial: int) -> str:
    """Make the EAN-13 of one card of the range 299."""
    return with_ean_check(f"299{serial:09d}")


def with_ean_check(body: str) -> str:
    """Append the digit that makes a GS1 key valid."""
    return next(body + str(digit) for digit in range(10) if is_ean_valid((body + str(digit)).encode()))
