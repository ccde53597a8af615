"""What types cannot say about a wallet's `offline`: limited spending needs every cap, the rest has none."""

from collections.abc import Iterator

from agent.errors import Mistake
from agent.loyalty.language.programme import Wallet

CAPS = ("per_use", "uses", "till_cap", "credit")


def check_offline(wallet: Wallet, at: str) -> Iterator[Mistake]:
    """Return what is wrong with the offline ladder of one wallet."""
    words = wallet.offline
    if words.mode != "limited":
        for cap in CAPS:
            if getattr(words, cap):
                remedy = f'leave {cap} out, or say mode = "limited"'
                yield Mistake(f"{at}/{cap}", "only_limited", {"mode": words.mode}, remedy)
        return
    if wallet.kind == "stored_value":
        remedy = 'say mode = "strict": stored value is paid back with what is bought, never earned back'
        yield Mistake(f"{at}/mode", "not_stored_value", {}, remedy)
    for cap in CAPS:
        if not getattr(words, cap):
            remedy = f"say {cap}: without it the worst loss has no number"
            yield Mistake(f"{at}/{cap}", "needs_cap", {}, remedy)
    if max(words.per_use, words.credit) > words.till_cap > 0:
        remedy = "let till_cap be at least per_use and credit, or lower those"
        yield Mistake(f"{at}/till_cap", "cap_below_use", {"till_cap": words.till_cap}, remedy)
