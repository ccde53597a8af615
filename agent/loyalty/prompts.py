"""What the cashier might say, the one worth most to the member first."""

from agent.loyalty.quote import Prompt, Quote

NEAR_STAMPS = 3


def prompts_of(quote: Quote, shown: Quote | None) -> list[Prompt]:
    """Return the prompts of a quote; `shown` is the same basket had a card been shown, None if it was."""
    found = _ask_for_card(quote, shown) if shown is not None else []
    for reason in quote.reasons:
        values = reason.values
        if reason.code == "missing" and values.get("what") == "amount":
            found.append(
                Prompt("missing_amount", {"rule": reason.rule, "amount_minor": values["amount_minor"]})
            )
        elif reason.code == "missing" and values.get("what") == "points":
            found.append(
                Prompt(
                    "missing_points",
                    {"rule": reason.rule, "wallet": values["wallet"], "points": values["points"]},
                )
            )
        elif reason.code == "applied" and values.get("missing", NEAR_STAMPS) < NEAR_STAMPS:
            found.append(Prompt("next_stamp", {"rule": reason.rule, "missing": values["missing"]}))
    return found


def _ask_for_card(quote: Quote, shown: Quote) -> list[Prompt]:
    earned = {one.wallet: one.earn for one in quote.wallets}
    gains = [
        Prompt("ask_for_card", {"wallet": one.wallet, "points": one.earn - earned.get(one.wallet, 0)})
        for one in shown.wallets
        if one.earn > earned.get(one.wallet, 0)
    ]
    return sorted(gains, key=lambda one: -one.values["points"])
