"""evaluate: one basket through the fixed stages, and a reason for every rule.  Pure: no clock, no disk."""

from datetime import datetime

import msgspec

from agent.loyalty.basket import Basket
from agent.loyalty.compile import Compiled
from agent.loyalty.member import MemberFacts
from agent.loyalty.quote import Quote
from agent.loyalty.walk.outcome import quote_of
from agent.loyalty.walk.points import Asked
from agent.loyalty.walk.prompts import prompts_of
from agent.loyalty.walk.settle import settle
from agent.loyalty.walk.stage import run_stage
from agent.loyalty.walk.state import State


def evaluate(
    compiled: Compiled, member: MemberFacts | None, basket: Basket, at: datetime, *, draw: int = 0
) -> Quote:
    """Return what the programme gives for the basket at `at` (aware) to `member` (None: unknown).

    `draw` is the number drawn for this receipt (64 bits, 0: none) and kept on it.
    A basket in another currency than the programme's gets nothing from it, and its own sum as due.
    """
    assert at.tzinfo is not None, "a moment without its zone is no moment"
    state = _walks(compiled, member, basket, at, draw=draw)
    shown: Quote | None = None
    if basket.lines and (member is None or not member.card_shown):
        as_if = MemberFacts("") if member is None else msgspec.structs.replace(member, card_shown=True)
        shown = quote_of(compiled, _walks(compiled, as_if, basket, at, draw=draw))
    quote = quote_of(compiled, state)
    prompts = prompts_of(quote, shown, compiled.prompts, compiled.tiers, state)
    return msgspec.structs.replace(quote, prompts=prompts)


def _walks(
    compiled: Compiled, member: MemberFacts | None, basket: Basket, at: datetime, *, draw: int
) -> State:
    """Walk through the stages until nothing that a walk decided asks for another one."""
    local = at.astimezone(compiled.zone)
    tier = compiled.tiers.effective(member, local.date())
    asked = Asked(basket.redeem, draw, tier)
    while True:
        state = State(compiled.scopes, member, basket, local, asked)
        more = _walk(compiled, state)
        if more is None:
            return state
        asked = more


def _walk(compiled: Compiled, state: State) -> Asked | None:
    if state.basket.currency != compiled.programme.currency:
        for rule in compiled.order:
            state.explain(rule, "nothing_in_scope", currency=compiled.programme.currency)
        return None
    if not _in_life(compiled, state):
        for rule in compiled.order:
            state.explain(rule, "not_in_period")
        return None
    state.points.is_live = True
    for stage, rules in compiled.stages:
        if rules:
            run_stage(state, rules, compiled.groups)
        if stage == "earn":
            state.points.earned_lines, state.points.earned = settle(
                state, compiled.units, compiled.points_rounding
            )
        state.snapshots[stage] = list(state.amounts)
    return compiled.rounds.next(state)


def _in_life(compiled: Compiled, state: State) -> bool:
    valid = compiled.valid
    started = valid.from_ is None or valid.from_ <= state.day
    return started and (valid.until is None or state.day < valid.until)
