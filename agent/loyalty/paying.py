"""Which wallets customers pay from, and which of them also where nobody can be asked."""

from agent.loyalty.language.check_points import wallet_of
from agent.loyalty.language.programme import Programme


def paying_wallets(programme: Programme) -> list[str]:
    """Return the wallets that some rule pays from, in the order of their names."""
    rules = programme.text.rule.values()
    return sorted({wallet_of(programme.text, rule.pay.wallet) for rule in rules if rule.pay is not None})


def offline_wallets(programme: Programme) -> list[str]:
    """Return the paying wallets that may be spent offline (`offline.mode`)."""
    words = programme.text.wallet
    return [name for name in paying_wallets(programme) if words[name].offline.mode != "earn_only"]
