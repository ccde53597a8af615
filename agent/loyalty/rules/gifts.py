"""What a `give` hands out, read from its words once: name, amount, life, and what it costs in points."""

from typing import NamedTuple

from agent.loyalty.check_points import wallet_of
from agent.loyalty.days import after, life
from agent.loyalty.numbers import exact
from agent.loyalty.programme import Text
from agent.loyalty.quote import Give
from agent.loyalty.state import State
from agent.loyalty.verbs import GiveLot, Giving


class Gift(NamedTuple):
    """A gift ready to be handed out; `amount` is in points, minor units, or whole things."""

    kind: str
    name: str
    amount: int = 1
    life: str | None = None
    activates: str | None = None
    cost: int = 0
    cost_wallet: str = ""

    def handed_out(self, rule: str, state: State, *, provisional: bool) -> Give:
        """Return the gift as of this receipt."""
        last, instant = life(state.local, self.life)
        start = None if self.activates is None else after(state.day, self.activates)
        return Give(
            rule,
            self.kind,
            self.name,
            self.amount,
            last.isoformat() if last else None,
            start.isoformat() if start else None,
            instant.isoformat() if instant else None,
            provisional=provisional,
        )


def gift_of(word: Giving, text: Text) -> Gift:
    """Read a checked `give` (free goods are a discount, and made elsewhere)."""
    if word.lot is not None:
        return _lot(word.lot, text)
    if word.voucher is not None:
        return Gift("voucher", word.voucher, life=text.voucher[word.voucher].life)
    if word.stored_value is not None:
        amount = int(exact(word.stored_value) * 10**text.programme.minor_digits)
        wallet = text.wallet[word.wallet]
        cost_wallet = wallet_of(text, word.cost_wallet) if word.cost else ""
        cost = (word.cost or 0) * 10 ** (text.wallet[cost_wallet].scale if word.cost else 0)
        return Gift("stored_value", word.wallet, amount, wallet.expires, wallet.activates, cost, cost_wallet)
    return Gift("benefit", word.benefit) if word.benefit is not None else Gift("lottery", word.lottery or "")


def _lot(lot: GiveLot, text: Text) -> Gift:
    name = wallet_of(text, lot.wallet)
    wallet = text.wallet[name]
    points = int(exact(str(lot.points)) * 10 ** text.decimals(name))
    return Gift("lot", name, points, lot.expires or wallet.expires, wallet.activates)
