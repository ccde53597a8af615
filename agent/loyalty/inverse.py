"""Taking goods back: the exact inverse of what a sale gave, in any parts and any order.

Each figure of a line (refund, points earned, points spent) comes back in proportion to the amount
returned so far, rounded down on the running total.  So however a line is split into returns, the last
one brings the sum to exactly what the sale did.
"""

from dataclasses import dataclass, field

from agent.loyalty.quote import QuoteLine


@dataclass(slots=True)
class Inverse:
    """What one return undoes: money to the customer, points out and points back, per wallet."""

    refund_minor: int = 0
    earned: dict[str, int] = field(default_factory=dict)
    spent: dict[str, int] = field(default_factory=dict)


def part_of(total: int, *, before: int, now: int, whole: int) -> int:
    """Return this return's part of `total`, when `before` of `whole` had come back and `now` comes.

    >>> [part_of(10, before=done, now=1, whole=3) for done in (0, 1, 2)]
    [3, 3, 4]
    """
    return total * (before + now) // whole - total * before // whole


def add_line(inverse: Inverse, line: QuoteLine, *, gross_minor: int, before: int, now: int) -> None:
    """Add the return of `now` minor units of a line of `gross_minor`, of which `before` came back already."""
    if gross_minor <= 0:
        return
    paid = sum(one.amount_minor for one in line.paid)
    inverse.refund_minor += part_of(line.amount_minor - paid, before=before, now=now, whole=gross_minor)
    for wallet in {one.wallet for one in line.earned}:
        total = sum(one.points for one in line.earned if one.wallet == wallet)
        _add(inverse.earned, wallet, part_of(total, before=before, now=now, whole=gross_minor))
    for one in line.paid:
        _add(inverse.spent, one.wallet, part_of(one.points, before=before, now=now, whole=gross_minor))


def _add(totals: dict[str, int], wallet: str, points: int) -> None:
    if points:
        totals[wallet] = totals.get(wallet, 0) + points
