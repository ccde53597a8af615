"""evaluate: one basket through the fixed stages, and a reason for every rule.  Pure: no clock, no disk."""

from datetime import datetime

import msgspec

from agent.loyalty.basket import Basket
from agent.loyalty.compile import Compiled
from agent.loyalty.days import after, life
from agent.loyalty.member import MemberFacts
from agent.loyalty.prompts import prompts_of
from agent.loyalty.quote import LotEarned, Quote, QuoteLine, QuoteWallet, VoucherUsed
from agent.loyalty.rules.pay import usable_points
from agent.loyalty.settle import Settled, settle
from agent.loyalty.stage import run_stage
from agent.loyalty.state import State
from agent.loyalty.tax import tax_of


def evaluate(
    compiled: Compiled,
    member: MemberFacts | None,
    basket: Basket,
    at: datetime,
    *,
    draw: int = 0,  # noqa: ARG001 - the seam is fixed before its words come
) -> Quote:
    """Return what the programme gives for the basket at `at` (aware) to `member` (None: unknown).

    `draw` is the number of a draw, for programmes that have one (no word of semantics 1 reads it).
    A basket in another currency than the programme's gets nothing from it, and its own sum as due.
    """
    assert at.tzinfo is not None, "a moment without its zone is no moment"
    quote = _once(compiled, member, basket, at)
    shown: Quote | None = None
    if basket.lines and (member is None or not member.card_shown):
        as_if = MemberFacts("") if member is None else msgspec.structs.replace(member, card_shown=True)
        shown = _once(compiled, as_if, basket, at)
    return msgspec.structs.replace(quote, prompts=prompts_of(quote, shown))


def _once(compiled: Compiled, member: MemberFacts | None, basket: Basket, at: datetime) -> Quote:
    state = State(compiled.scopes, member, basket, at.astimezone(compiled.zone))
    settled = Settled([[] for _ in basket.lines], {})
    if basket.currency != compiled.programme.currency:
        for rule in compiled.order:
            state.explain(rule, "nothing_in_scope", currency=compiled.programme.currency)
    elif not _in_life(compiled, state):
        for rule in compiled.order:
            state.explain(rule, "not_in_period")
    else:
        for stage, rules in compiled.stages:
            if rules:
                run_stage(state, rules, compiled.groups)
            if stage == "earn":
                settled = settle(state, compiled.units)
            state.snapshots[stage] = list(state.amounts)
    return _quote(compiled, state, settled)


def _in_life(compiled: Compiled, state: State) -> bool:
    valid = compiled.valid
    started = valid.from_ is None or valid.from_ <= state.day
    return started and (valid.until is None or state.day < valid.until)


def _quote(compiled: Compiled, state: State, settled: Settled) -> Quote:
    lines = [
        QuoteLine(
            line.line,
            state.amounts[at],
            tax_of(line, state.amounts[at], fixed_shrinks=compiled.fixed_shrinks),
            state.rebates[at],
            settled.lines[at],
            state.paid[at],
        )
        for at, line in enumerate(state.basket.lines)
    ]
    return Quote(
        state.basket.receipt_id,
        compiled.ref,
        state.due(),
        lines=lines,
        wallets=_wallets(compiled, state, settled),
        lots=_lots(compiled, state, settled),
        counts=state.counts,
        gives=state.gives,
        vouchers=[VoucherUsed(name, one) for name, one in state.vouchers_used],
        reasons=[state.reasons[rule] for rule in compiled.order],
    )


def _wallets(compiled: Compiled, state: State, settled: Settled) -> list[QuoteWallet]:
    if state.member is None:
        return []
    return [
        QuoteWallet(
            name,
            usable_points(state.member, name, state),
            state.redeemed.get(name, 0),
            settled.totals.get(name, 0),
            max_redeem=state.payable.get(name, 0),
        )
        for name in compiled.wallets
    ]


def _lots(compiled: Compiled, state: State, settled: Settled) -> list[LotEarned]:
    found = []
    for name, points in settled.totals.items():
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
