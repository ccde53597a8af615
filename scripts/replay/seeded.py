"""What the data lacks, made from a seed: cards, cashiers, anonymous receipts, voids, returns, wishes.

The data set knows no anonymous receipt, no cashier, no return and no wish to pay with points; the demo
says so, and the same seed makes the same choices.
"""

from datetime import datetime, timedelta
from random import Random
from typing import NamedTuple

from scripts.replay.receipts import Sale

ANONYMOUS, FORGOTTEN, REPEATED = 0.10, 0.05, 0.02
VOIDED, RETURNED, WISHES = 0.01, 0.02, 0.40
CODED, CODE = 0.05, "WELCOME8"
CASHIERS = 6


class Choice(NamedTuple):
    """What happens to one sale."""

    cashier: str
    anonymous: bool
    forgotten: bool
    wishes_to_pay: bool
    repeated: bool
    voided: bool
    returned: bool
    code: str


def choices(seed: int, basket_id: int) -> Choice:
    """Return what happens to this sale under this seed."""
    chance = Random(f"{seed}/{basket_id}")
    return Choice(
        cashier=f"cashier-{chance.randrange(CASHIERS) + 1}",
        anonymous=chance.random() < ANONYMOUS,
        forgotten=chance.random() < FORGOTTEN,
        wishes_to_pay=chance.random() < WISHES,
        repeated=chance.random() < REPEATED,
        voided=chance.random() < VOIDED,
        returned=chance.random() < RETURNED,
        code=CODE if chance.random() < CODED else "",
    )


def goods_back(choice: Choice, sale: Sale) -> tuple[int, datetime] | None:
    """Return the line of a sale that comes back and when, None if nothing does."""
    if choice.voided or not choice.returned:
        return None
    line = next((int(str(one["line"])) for one in sale.lines if one["amount_minor"]), None)
    return None if line is None else (line, sale.sold_at + timedelta(minutes=5))


def card_number(household: int) -> str:
    """Return a household's card: an EAN-13 of restricted circulation.

    >>> card_number(17)
    '2990000000170'
    """
    digits = f"299{household:09}"
    total = sum(int(digit) * (3 if index % 2 else 1) for index, digit in enumerate(digits))
    return f"{digits}{-total % 10}"
