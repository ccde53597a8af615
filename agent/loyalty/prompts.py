"""What the cashier might say: ask for the card first, then what is worth most to the member."""

from collections.abc import Callable
from typing import Any

from agent.loyalty.quote import Prompt, Quote, Reason

NEAR_STAMPS = 3
"""A stamp card is worth a word when fewer than so many stamps are missing."""


def prompts_of(quote: Quote, shown: Quote | None) -> list[Prompt]:
    """Return the prompts of a quote; `shown` is the same basket had a card been shown, None if it was."""
    found = [prompt for reason in quote.reasons if (prompt := _of_reason(reason)) is not None]
    found.sort(key=lambda one: -int(one.values.get("worth_minor", 0)))
    return [*(_ask_for_card(quote, shown) if shown is not None else ()), *found]


def _of_reason(reason: Reason) -> Prompt | None:
    values = {"rule": reason.rule, **reason.values}
    if reason.code == "missing":
        make = _MISSING.get(str(values.get("what")))
        return make(values) if make is not None else None
    if reason.code == "applied" and values.get("missing", NEAR_STAMPS) < NEAR_STAMPS:
        return Prompt("next_stamp", {key: values[key] for key in ("rule", "missing")})
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
