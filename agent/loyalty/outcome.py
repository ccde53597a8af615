"""The quote: what a walk through the stages left in its state, in the words of the answer."""

from agent.loyalty.balance import usable_points
from agent.loyalty.caps import counted, counted_uses
from agent.loyalty.compile import Compiled
from agent.loyalty.days import after, life
from agent.loyalty.history import noted
from agent.loyalty.partners import partner_of
from agent.loyalty.quote import (
    Counted,
    LotEarned,
    Quote,
    QuoteLine,
    QuoteWallet,
    TierMove,
    VoucherUsed,
)
from agent.loyalty.state import State
from agent.loyalty.tax import tax_of


def quote_of(compiled: Compiled, state: State) -> Quote:
    """Return the answer to a basket, without its prompts."""
    points = state.points
    lines = [
        QuoteLine(
            line.line,
            state.amounts[at],
            tax_of(line, state.amounts[at], fixed_shrinks=compiled.fixed_shrinks),
            state.rebates[at],
            points.earned_lines[at],
            state.paid[at],
        )
        for at, line in enumerate(state.basket.lines)
    ]
    measured = compiled.tiers.measured(state) if points.is_live else []
    after_tier = compiled.tiers.effective(
        state.member, state.day, {one.measure: one.amount for one in measured}
    )
    before_tier = compiled.tiers.effective(state.member, state.day) if measured else after_tier
    return Quote(
        state.basket.receipt_id,
        compiled.ref,
        state.due(),
        lines=lines,
        wallets=_wallets(compiled, state),
        lots=_lots(compiled, state),
        counts=_counts(compiled, state),
        gives=state.gives,
        vouchers=[VoucherUsed(name, one) for name, one in state.vouchers_used],
        spent=points.spent,
        measured=measured,
        noted=noted(state, compiled.watches) if points.is_live else [],
        tier=TierMove(before_tier, after_tier) if after_tier != before_tier else None,
        partner=partner_of(compiled.programme.text, state.basket.store),
        reasons=[state.reasons[rule] for rule in compiled.order],
    )


def _wallets(compiled: Compiled, state: State) -> list[QuoteWallet]:
    if state.member is None:
        return []
    return [
        QuoteWallet(
            name,
            usable_points(state.member, name, state) - state.points.asked.extra.get(name, 0),
            state.redeemed.get(name, 0),
            state.points.earned.get(name, 0),
            max_redeem=state.payable.get(name, 0),
        )
        for name in compiled.wallets
    ]


def _lots(compiled: Compiled, state: State) -> list[LotEarned]:
    found = []
    for name, points in state.points.earned.items():
        if points <= 0:
            continue
        words = compiled.programme.text.wallet[name]
        start = state.day if words.activates is None else after(state.day, words.activates)
        expires, ends = life(state.local, words.expires)
        found.append(
            LotEarned(
                name,
                points,
                start.isoformat(),
                expires.isoformat() if expires else None,
                ends.isoformat() if ends else None,
            )
        )
    return found


def _counts(compiled: Compiled, state: State) -> list[Counted]:
    """Return what counting rules counted, uses of capped rules, and receipts on the way to an nth."""
    if state.member is None:
        return []
    nth = [_nth(state, rule, size) for rule, size in sorted(state.points.visits.items())]
    return [*state.counts, *counted_uses(state, compiled.capped), *nth]


def _nth(state: State, rule: str, size: int) -> Counted:
    position = counted(state, rule).position
    return Counted(rule, 1, int(position % size == size - 1), size, position)
