"""What a return undoes of a sale, pure: refund, points out, points back, counts, for amounts of its lines.

Figures of a line come back in proportion to its amount as rung up (inverse.py); what belongs to the whole
receipt (points per receipt, stamps) leaves with the last of its goods.
"""

from collections.abc import Iterable, Mapping

import msgspec

from agent.loyalty.basket import Basket, Line
from agent.loyalty.inverse import Inverse, add_line
from agent.loyalty.numbers import exact
from agent.loyalty.quote import Quote


class ReturnEffects(msgspec.Struct, frozen=True):
    """Money to the customer, points taken out and given back per wallet, and counts moved back per rule."""

    refund_minor: int = 0
    earned: dict[str, int] = msgspec.field(default_factory=dict)
    spent: dict[str, int] = msgspec.field(default_factory=dict)
    counts: dict[str, int] = msgspec.field(default_factory=dict)


def amount_of(line: Line, quantity: str, *, before: str = "0") -> int:
    """Return the rung-up minor units that `quantity` units stand for after `before` came back."""
    whole = exact(line.quantity)
    done = exact(before)
    return int(line.amount_minor * (done + exact(quantity)) / whole) - int(line.amount_minor * done / whole)


def asked_minor(
    line: Line, left: int, *, quantity: str | None, amount_minor: int | None, earlier: Iterable[str]
) -> int:
    """Return the rung-up minor units asked back of a line: an amount, a quantity of it, or all that is left.

    `earlier` are the quantities that came back before; the last piece takes what is left of the line.
    """
    if amount_minor is not None:
        return amount_minor
    if quantity is None or not exact(line.quantity):
        return left
    done = sum(exact(one) for one in earlier)
    if done + exact(quantity) == exact(line.quantity):
        return left
    return amount_of(line, quantity, before=str(done))


def effects_of(
    basket: Basket, quote: Quote, before: Mapping[int, int], now: Mapping[int, int]
) -> ReturnEffects:
    """Return what comes back for `now` (line number: rung-up minor units) after `before` came back.

    More than is left of a line counts as what is left; lines the sale did not sell count as nothing.
    """
    inverse = Inverse()
    quoted = {one.line: one for one in quote.lines}
    left = 0
    moved = False
    for line in basket.lines:
        if line.amount_minor <= 0 or line.returns is not None:
            continue
        done = min(max(before.get(line.line, 0), 0), line.amount_minor)
        part = min(max(now.get(line.line, 0), 0), line.amount_minor - done)
        left += line.amount_minor - done - part
        moved = moved or part > 0
        if part:
            add_line(inverse, quoted[line.line], gross_minor=line.amount_minor, before=done, now=part)
    counts: dict[str, int] = {}
    if moved and left == 0:
        for wallet, points in _of_receipt(quote).items():
            inverse.earned[wallet] = inverse.earned.get(wallet, 0) + points
        counts = {one.rule: one.units for one in quote.counts}
    return ReturnEffects(inverse.refund_minor, inverse.earned, inverse.spent, counts)


def _of_receipt(quote: Quote) -> dict[str, int]:
    """Return the points per wallet that no line holds."""
    found: dict[str, int] = {}
    for lot in quote.lots:
        found[lot.wallet] = found.get(lot.wallet, 0) + lot.points
    for line in quote.lines:
        for one in line.earned:
            found[one.wallet] -= one.points
    return {wallet: points for wallet, points in found.items() if points}
