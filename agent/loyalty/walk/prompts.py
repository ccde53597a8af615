"""What the cashier might say: ask for the card first, then what is worth most to the member."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from agent.loyalty.quote import Prompt, Quote, Reason
from agent.loyalty.standing.balance import usable_points
from agent.loyalty.standing.tiers import THOUSAND, TierTable
from agent.loyalty.walk.state import State
from agent.loyalty.when.refusal import Condition

NEAR_STAMPS = 3
"""A stamp card is worth a word when fewer than so many stamps are missing."""


class SaidWhen(NamedTuple):
    """A [prompt.X] table ready to be asked."""

    id: str
    checks: tuple[Condition, ...]
    scope: int

    def holds(self, state: State) -> bool:
        """Return whether it should be said: its conditions hold, and goods of its scope are there."""
        if self.scope and not state.lines_of(self.scope):
            return False
        return all(check(state) is None for check in self.checks)


def prompts_of(
    quote: Quote, shown: Quote | None, tables: Sequence[SaidWhen], tiers: TierTable, state: State
) -> list[Prompt]:
    """Return the prompts of a quote; `shown` is the same basket had a card been shown, None if it was.

    First what must be asked before payment, then the card, then what is worth most money to the member,
    then the tier that is near, then the programme's own words by priority.
    """
    confirm = [Prompt("confirm_payment", {"rule": one.rule, **one.values}) for one in state.points.confirm]
    found = [prompt for reason in quote.reasons if (prompt := _of_reason(reason)) is not None]
    found = [prompt for prompt in found if _is_near(prompt, state)]
    found.sort(key=lambda one: -int(one.values.get("worth_minor", 0)))
    said = [Prompt("say", {"prompt": one.id}) for one in tables if state.points.is_live and one.holds(state)]
    cards = _ask_for_card(quote, shown) if shown is not None else ()
    return [*confirm, *cards, *found, *_next_tier(quote, tiers, state), *said]


def _next_tier(quote: Quote, tiers: TierTable, state: State) -> list[Prompt]:
    """Return what is missing to the next tier, where this receipt brings the member near it."""
    added = {one.measure: one.amount for one in quote.measured}
    current = quote.tier.after if quote.tier else tiers.effective(state.member, state.day)
    near = tiers.next_after(state, current, added)
    if near is None:
        return []
    values: dict[str, Any] = {"tier": near.id, "window": near.word.window}
    match near.word.measure:
        case "spend":
            values["amount_minor"] = near.missing
        case "units":
            values["quantity"] = -(-near.missing // THOUSAND)  # begun units count as whole ones
        case "receipts":
            values["visits"] = near.missing
        case earned:
            values |= {"wallet": earned.removeprefix("earned:"), "points": near.missing}
    return [Prompt("next_tier", values)]


def _is_near(prompt: Prompt, state: State) -> bool:
    """Return whether it is within reach: who has bought for 3.00 will not buy for 97.00 more.

    Nor is somebody without any points of a wallet told how many are missing.
    """
    goods = state.lines_of(0)
    if prompt.code == "missing_amount":
        return int(prompt.values["amount_minor"]) <= sum(state.amounts[at] for at in goods)
    if prompt.code == "missing_quantity":
        return int(prompt.values["quantity"]) <= sum(state.pieces(at) for at in goods)
    if prompt.code == "missing_points" and state.member is not None:
        return usable_points(state.member, str(prompt.values["wallet"]), state) > 0
    return True


def _of_reason(reason: Reason) -> Prompt | None:
    values = {"rule": reason.rule, **reason.values}
    if reason.code == "missing":
        make = _MISSING.get(str(values.get("what")))
        return make(values) if make is not None else None
    if reason.code == "applied" and values.get("missing", NEAR_STAMPS) < NEAR_STAMPS:
        return _prompt("next_stamp", "missing", "counts")(values)
    return None


def _prompt(code: str, *keys: str) -> Callable[[dict[str, Any]], Prompt]:
    return lambda values: Prompt(code, {key: values[key] for key in ("rule", *keys) if key in values})


_MISSING: dict[str, Callable[[dict[str, Any]], Prompt]] = {
    "amount": _prompt("missing_amount", "amount_minor", "worth_minor"),
    "quantity": _prompt("missing_quantity", "quantity", "worth_minor"),
    "free_item": _prompt("missing_quantity", "quantity"),
    "points": _prompt("missing_points", "wallet", "points"),
}


def _ask_for_card(quote: Quote, shown: Quote) -> list[Prompt]:
    """Return what a card would earn in each wallet, the most first, and what it would save at once."""
    earned = {one.wallet: one.earn for one in quote.wallets}
    gains = [
        Prompt("ask_for_card", {"wallet": one.wallet, "points": one.earn - earned.get(one.wallet, 0)})
        for one in shown.wallets
        if one.earn > earned.get(one.wallet, 0)
    ]
    gains.sort(key=lambda one: -int(one.values["points"]))
    saves = quote.due_minor - shown.due_minor
    return [*gains, Prompt("ask_for_card", {"amount_minor": saves})] if saves > 0 else gains
