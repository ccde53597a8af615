"""What a return undoes of a sale, pure: money, points, counts, measures, gifts, vouchers, history.

Figures of a line come back in proportion to its amount as rung up (inverse.py); what belongs to the whole
receipt (points per receipt, visits, gifts) leaves with the last of its goods, but a reward of a count goes
as soon as the count no longer reaches it.  Points turned into cash or a donation are no goods and stay.
"""

from collections.abc import Iterable, Mapping

import msgspec

from agent.loyalty.afterwards.inverse import Progress
from agent.loyalty.basket import Basket, Line
from agent.loyalty.numbers import exact
from agent.loyalty.quote import Counted, Noted, Quote


class ReturnEffects(msgspec.Struct, frozen=True):
    """What a return does.

    Money to the customer; points taken out and given back, per wallet; counts (and the rewards they made)
    and measures moved back; the gifts taken back (their places in the quote's `gives`), vouchers given back
    (ids), and what leaves the member's history.  `deducted_minor` is what the refund was lowered by for
    points that are gone.
    """

    refund_minor: int = 0
    earned: dict[str, int] = msgspec.field(default_factory=dict)
    spent: dict[str, int] = msgspec.field(default_factory=dict)
    counts: dict[str, int] = msgspec.field(default_factory=dict)
    measures: dict[str, int] = msgspec.field(default_factory=dict)
    gives: list[int] = msgspec.field(default_factory=list)
    vouchers: list[str] = msgspec.field(default_factory=list)
    noted: list[Noted] = msgspec.field(default_factory=list)
    rewards: dict[str, int] = msgspec.field(default_factory=dict)
    deducted_minor: int = 0


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
    return difference(
        undone(quote, Progress(basket, before)), undone(quote, Progress(basket, summed(before, now)))
    )


def undone(quote: Quote, progress: Progress) -> ReturnEffects:
    """Return everything undone when so much of the sale has come back."""
    refund = 0
    earned: dict[str, int] = {}
    spent: dict[str, int] = {}
    for line in quote.lines:
        paid = sum(one.amount_minor for one in line.paid)
        refund += progress.of_line(line.line, line.amount_minor - paid)
        for wallet in {one.wallet for one in line.earned}:
            total = sum(one.points for one in line.earned if one.wallet == wallet)
            add_to(earned, wallet, progress.of_line(line.line, total))
        for one in line.paid:
            add_to(spent, one.wallet, progress.of_line(line.line, one.points))
    if progress.is_all:
        for wallet, points in _of_receipt(quote).items():
            add_to(earned, wallet, points)
        for cost in quote.spent:
            if not cost.into:
                add_to(spent, cost.wallet, cost.points)
    counts: dict[str, int] = {}
    for counted in quote.counts:
        add_to(counts, counted.rule, progress.of_lines(counted.lines, counted.units))
    return ReturnEffects(
        refund,
        earned,
        spent,
        counts,
        {one.measure: progress.of_lines(one.lines, one.amount) for one in quote.measured},
        _gifts_gone(quote, counts, is_all=progress.is_all),
        [one.id for one in quote.vouchers] if progress.is_all else [],
        quote.noted if progress.is_all else [],
        {one.rule: one.rewards - _rewards_kept(one, counts.get(one.rule, 0)) for one in quote.counts},
    )


def with_claim(of_sale: ReturnEffects, of_claim: ReturnEffects) -> ReturnEffects:
    """Return what a return of a claimed receipt does: money as it was sold, the rest as it was claimed."""
    refund = of_sale.refund_minor - of_claim.deducted_minor
    return msgspec.structs.replace(of_claim, refund_minor=refund)


def difference(before: ReturnEffects, after: ReturnEffects) -> ReturnEffects:
    """Return what one return does, from all that is undone before and after it."""
    return ReturnEffects(
        after.refund_minor - before.refund_minor,
        _less(after.earned, before.earned),
        _less(after.spent, before.spent),
        _less(after.counts, before.counts),
        _less(after.measures, before.measures),
        [one for one in after.gives if one not in before.gives],
        [one for one in after.vouchers if one not in before.vouchers],
        [one for one in after.noted if one not in before.noted],
        _less(after.rewards, before.rewards),
    )


def summed(before: Mapping[int, int], now: Mapping[int, int]) -> dict[int, int]:
    """Return what has come back of each line in all; nothing comes back less than nothing."""
    return {line: before.get(line, 0) + max(0, now.get(line, 0)) for line in {*before, *now}}


def add_to(totals: dict[str, int], key: str, amount: int) -> None:
    """Add to a total, which is not there while it is nothing."""
    if amount:
        totals[key] = totals.get(key, 0) + amount


def _less(after: Mapping[str, int], before: Mapping[str, int]) -> dict[str, int]:
    found = {key: after.get(key, 0) - before.get(key, 0) for key in sorted({*after, *before})}
    return {key: amount for key, amount in found.items() if amount}


def _gifts_gone(quote: Quote, undone_units: Mapping[str, int], *, is_all: bool) -> list[int]:
    """Return the places of the gifts that what is left of the sale would not have given."""
    if is_all:
        return list(range(len(quote.gives)))
    kept = {one.rule: _rewards_kept(one, undone_units.get(one.rule, 0)) for one in quote.counts}
    gone = []
    for rule, number in kept.items():
        places = [at for at, give in enumerate(quote.gives) if give.rule == rule]
        gone += places[number:]
    return sorted(gone)


def _rewards_kept(counted: Counted, back: int) -> int:
    if not counted.size:
        return counted.rewards
    reached = (counted.position + counted.units - back) // counted.size - counted.position // counted.size
    return max(0, min(counted.rewards, reached))


def _of_receipt(quote: Quote) -> dict[str, int]:
    """Return the points per wallet that no line holds."""
    found: dict[str, int] = {}
    for lot in quote.lots:
        add_to(found, lot.wallet, lot.points)
    for wallet, points in _of_lines(quote):
        add_to(found, wallet, -points)
    return {wallet: points for wallet, points in found.items() if points}


def _of_lines(quote: Quote) -> Iterable[tuple[str, int]]:
    return ((one.wallet, one.points) for line in quote.lines for one in line.earned)
