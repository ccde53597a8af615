"""Goods of a past sale that come back: what the rehearsed programme undoes of it, by its own policies."""

from collections import Counter
from datetime import datetime

import msgspec

from agent.loyalty.afterwards.carry import IN_WALLETS, Carried, spendable
from agent.loyalty.afterwards.carry_back import carry_back
from agent.loyalty.afterwards.inverse import Progress
from agent.loyalty.afterwards.return_policy import Sale, effects_by_policy, quote_of_rest, with_debt
from agent.loyalty.compile import Compiled
from agent.loyalty.language.words import setting
from agent.loyalty.member import MemberFacts
from agent.loyalty.returns import ReturnEffects, summed
from agent.rehearsal.figures import Month, given_minor, month_of, value_lines
from agent.rehearsal.past import PastReturn


class Sold(msgspec.Struct):
    """A sale of which goods come back, how much of it has, and what that has undone so far."""

    sale: Sale
    carried: Carried | None
    back: dict[int, int] = msgspec.field(default_factory=dict)
    undone: Month = msgspec.field(default_factory=Month)


class TakenBack(msgspec.Struct):
    """One return: the member's facts after it, the figures it undoes, vouchers taken and given back."""

    facts: MemberFacts | None
    undone: Month
    vouchers: tuple[int, int]


def take_back(
    compiled: Compiled, sold: Sold, back: PastReturn, facts: MemberFacts | None, local: datetime
) -> TakenBack:
    """Undo what comes back of a sale at a moment in the programme's zone; `sold` moves on."""
    sale = sold.sale
    effects = effects_by_policy(compiled, sale, sold.back, back.lines)
    if sold.carried is not None and facts is not None:
        effects = with_debt(effects, compiled.programme, spendable(facts, local))
        policy = setting(compiled.programme.text.settings, "returned_expired_lot")
        sold.carried = carry_back(facts, sold.carried, effects, day=local.date(), policy=policy)
        facts = sold.carried.facts
    sold.back = summed(sold.back, back.lines)
    progress = Progress(sale.basket, sold.back)
    after = _money(compiled, sale, progress)
    after.issued = _issued(sale, effects, sold.undone, after)
    after.redeemed = dict(Counter(sold.undone.redeemed) + Counter(effects.spent))
    after.given_minor = given_minor(compiled, after, sale.quote.spent if progress.is_all else [])
    now = Month()
    now.add(after)
    now.add(sold.undone, -1)
    sold.undone = after
    taken = sum(sale.quote.gives[at].kind == "voucher" for at in effects.gives)
    return TakenBack(facts, now, (taken, len(effects.vouchers)))


def _money(compiled: Compiled, sale: Sale, progress: Progress) -> Month:
    """Return turnover, discounts, payments and loads of all that has come back."""
    turnover = sum(progress.back.values())
    whole = month_of(compiled, sale.basket, sale.quote, "")
    is_part = not progress.is_all and any(progress.back.values())
    if is_part and setting(compiled.programme.text.settings, "returns") == "recompute":
        rest = month_of(compiled, sale.basket, quote_of_rest(compiled, sale, progress), "")
        whole.add(rest, -1)
        return Month(0, 0, turnover, whole.discount_minor, whole.paid_minor, loaded=whole.loaded)
    back = Month(turnover_minor=turnover)
    value = value_lines(sale.basket)
    for line in sale.quote.lines:
        off = -sum(one.amount_minor for one in line.rebates)
        back.discount_minor += progress.of_line(line.line, off)
        back.paid_minor += sum(progress.of_line(line.line, one.amount_minor) for one in line.paid)
        for one in line.earned if line.line in value else ():
            back.loaded[one.wallet] = back.loaded.get(one.wallet, 0) + progress.of_line(line.line, one.points)
    return back


def _issued(sale: Sale, effects: ReturnEffects, before: Month, after: Month) -> dict[str, int]:
    """Return all that the programme gave of what has come back: points and gifts, loads left out."""
    issued = Counter(before.issued)
    issued.update(effects.earned)
    for gift in (sale.quote.gives[at] for at in effects.gives):
        if gift.kind in IN_WALLETS:
            issued[gift.name] += gift.amount
    issued.update(before.loaded)
    issued.subtract(after.loaded)
    return {wallet: points for wallet, points in issued.items() if points}
