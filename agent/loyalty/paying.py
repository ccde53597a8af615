"""What must be set aside for a till: wallets customers pay from, and vouchers for one use in the chain."""

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


def strict_vouchers(programme: Programme) -> list[str]:
    """Return the vouchers that serve only at the till they were set aside for, in their order."""
    return sorted(name for name, word in programme.text.voucher.items() if word.strict)
