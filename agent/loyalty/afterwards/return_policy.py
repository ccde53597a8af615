"""Returns by the programme's policies: prorate or recompute, debt, goods without their receipt."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import ROUND_DOWN, Decimal
from typing import NamedTuple

import msgspec

from agent.loyalty.afterwards.inverse import Progress
from agent.loyalty.basket import Basket, Line
from agent.loyalty.compile import Compiled
from agent.loyalty.evaluate import evaluate
from agent.loyalty.language.programme import Programme
from agent.loyalty.language.words import setting
from agent.loyalty.member import MemberFacts
from agent.loyalty.numbers import exact
from agent.loyalty.quote import Give, Quote
from agent.loyalty.returns import ReturnEffects, add_to, difference, summed, undone

_LEAST = Decimal("0.000001")


class Sale(NamedTuple):
    """A sale with everything its quote rests on, as its receipt stores it."""

    basket: Basket
    quote: Quote
    facts: MemberFacts | None
    at: datetime
    draw: int = 0


def effects_by_policy(
    compiled: Compiled, sale: Sale, before: Mapping[int, int], now: Mapping[int, int]
) -> ReturnEffects:
    """Return what comes back by the setting `returns`: in proportion, or as the smaller receipt would be.

    `compiled` is the version of the programme that the sale was made under.  A recomputed refund can be
    negative: what is left may cost more than was paid for it, where a threshold is no longer met.
    """
    after = Progress(sale.basket, summed(before, now))
    done = Progress(sale.basket, before)
    if setting(compiled.programme.text.settings, "returns") == "prorate":
        return difference(undone(sale.quote, done), undone(sale.quote, after))
    return difference(_recomputed(compiled, sale, done), _recomputed(compiled, sale, after))


def _recomputed(compiled: Compiled, sale: Sale, progress: Progress) -> ReturnEffects:
    """Return what the sale gave beyond what its remaining goods would have been given."""
    if progress.is_all or not any(progress.back.values()):
        return undone(sale.quote, progress) if progress.is_all else ReturnEffects()
    kept = quote_of_rest(compiled, sale, progress)
    whole = sale.quote
    return ReturnEffects(
        whole.due_minor - kept.due_minor,
        _less(_earned(whole), _earned(kept)),
        _less(_spent(whole), _spent(kept)),
        _less({one.rule: one.units for one in whole.counts}, {one.rule: one.units for one in kept.counts}),
        _less(
            {one.measure: one.amount for one in whole.measured},
            {one.measure: one.amount for one in kept.measured},
        ),
        list(_gone(whole.gives, kept.gives)),
        [one.id for one in whole.vouchers if one not in kept.vouchers],
        [one for one in whole.noted if one not in kept.noted],
        _less(
            {one.rule: one.rewards for one in whole.counts}, {one.rule: one.rewards for one in kept.counts}
        ),
    )


def quote_of_rest(compiled: Compiled, sale: Sale, progress: Progress) -> Quote:
    """Return what the sale would have been without the goods that came back."""
    return evaluate(compiled, sale.facts, _net(sale, progress), sale.at, draw=sale.draw)


def _net(sale: Sale, progress: Progress) -> Basket:
    """Return the basket of what is left, asking for no more points than the sale spent."""
    lines = [
        line if not progress.back.get(line.line) else _less_of(line, progress.back[line.line])
        for line in sale.basket.lines
        if line.line not in progress.whole or progress.back[line.line] < progress.whole[line.line]
    ]
    redeem: dict[str, int | str] = {}
    for line in sale.quote.lines:
        for one in line.paid:
            redeem[one.wallet] = int(redeem.get(one.wallet, 0)) + one.points
    return msgspec.structs.replace(sale.basket, lines=lines, redeem=redeem)


def _less_of(line: Line, back: int) -> Line:
    left = line.amount_minor - back
    share = exact(line.quantity) * left / line.amount_minor
    quantity = Decimal(share.numerator) / Decimal(share.denominator)
    fine = max(_LEAST, quantity.quantize(_LEAST, rounding=ROUND_DOWN))
    return msgspec.structs.replace(line, amount_minor=left, quantity=f"{fine.normalize():f}")


def _earned(quote: Quote) -> dict[str, int]:
    found: dict[str, int] = {}
    for lot in quote.lots:
        add_to(found, lot.wallet, lot.points)
    return found


def _spent(quote: Quote) -> dict[str, int]:
    return {one.wallet: one.redeem for one in quote.wallets}


def _less(whole: Mapping[str, int], kept: Mapping[str, int]) -> dict[str, int]:
    return {key: whole.get(key, 0) - kept.get(key, 0) for key in {*whole, *kept}}


def _gone(whole: list[Give], kept: list[Give]) -> Iterator[int]:
    """Return the places of gifts that are not given any more, the later of equal ones first."""
    left: dict[str, int] = {}
    for give in kept:
        left[give.rule] = left.get(give.rule, 0) + 1
    for at, give in enumerate(whole):
        if left.get(give.rule, 0) > 0:
            left[give.rule] -= 1
        else:
            yield at


def with_debt(effects: ReturnEffects, programme: Programme, balances: Mapping[str, int]) -> ReturnEffects:
    """Return a return's effects by each wallet's `debt`, where points to be taken out are gone already.

    `allow_negative` takes them all and leaves a debt, whatever the order of arrival; `cap_at_zero` takes
    what is there; `deduct_from_refund` lowers the refund by what the others are worth, as far as it goes.
    """
    text = programme.text
    earned, refund = dict(effects.earned), effects.refund_minor
    for name, points in effects.earned.items():
        words = text.wallet[name]
        policy = words.debt or setting(text.settings, "debt")
        there = max(0, balances.get(name, 0) + effects.spent.get(name, 0))
        gone = points - there
        if gone <= 0 or policy == "allow_negative":
            continue
        if policy == "deduct_from_refund":
            value = exact(words.value) * 10**text.programme.minor_digits / 10**words.scale
            money = min(int(gone * value), max(0, refund))
            gone = int(money / value) if value else 0
            refund -= money
        earned[name] = points - gone
    kept = {name: points for name, points in earned.items() if points}
    return msgspec.structs.replace(
        effects, earned=kept, refund_minor=refund, deducted_minor=effects.refund_minor - refund
    )


def without_original(
    compiled: Compiled, member: MemberFacts | None, basket: Basket, at: datetime
) -> ReturnEffects:
    """Return the points that goods brought back without their receipt take out, by the programme's policy.

    The setting `returns_without_original`: nothing, or as much as selling those goods now would earn.
    What money is paid for them is the shop's own business.
    """
    goods = [
        msgspec.structs.replace(line, amount_minor=-line.amount_minor, quantity=line.quantity.lstrip("-"))
        for line in basket.lines
        if line.amount_minor < 0 and line.returns is None
    ]
    policy = setting(compiled.programme.text.settings, "returns_without_original")
    if policy == "nothing" or member is None or not goods:
        return ReturnEffects()
    sold = msgspec.structs.replace(basket, lines=goods, redeem={}, event="")
    quote = evaluate(compiled, member, sold, at)
    return ReturnEffects(earned=_earned(quote))
