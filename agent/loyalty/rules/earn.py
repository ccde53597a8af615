"""earn and multiply: points of a line on what is paid for it in money, unrounded until the receipt is whole.

Parts are whole numbers of `unit`ths of a smallest point; the wallet's `unit` is fixed when compiling, so
that every rate of it is whole; a cap, whole steps or units bring a denominator of their own.
"""

from math import lcm

from agent.loyalty.numbers import exact
from agent.loyalty.refusal import Refusal
from agent.loyalty.state import State
from agent.loyalty.verbs import Earn, Multiply
from agent.loyalty.work import Proposal

QUANTITY = 1_000_000
"""Quantities have six decimals at most: in millionths they are whole."""


class EarnWallet:
    """The unit in which a wallet's unrounded points are whole numbers."""

    def __init__(self, wallet: str, scale: int) -> None:
        self.id = wallet
        self.scale = 10**scale
        self.unit = 1

    def add(self, denominator: int) -> None:
        """Take in one more rate."""
        self.unit = lcm(self.unit, denominator)


class EarnWork:
    """Points per money, per unit, or per receipt (these stand beside the lines, as one part more)."""

    def __init__(self, rule: str, word: Earn, scope: int, wallet: EarnWallet, minor: int) -> None:
        self._rule = rule
        self._scope = scope
        self._wallet = wallet
        self._points = exact(word.points) * wallet.scale
        self._every = exact(word.every) * minor
        self._word = word
        self._max = None if word.max is None else exact(word.max) * wallet.scale
        self._rate = self._points / self._every
        wallet.add(lcm(self._rate.denominator, self._points.denominator))

    def propose(self, state: State) -> Proposal | Refusal:
        """Return the unrounded points of each line; the last part belongs to the whole receipt."""
        lines = state.lines_of(self._scope)
        if not lines:
            return "nothing_in_scope", {}
        unit = self._wallet.unit
        parts, den = [0] * (len(state.amounts) + 1), 1
        if self._word.per == "receipt":
            parts[-1] = int(self._points * unit)
        elif self._word.per == "unit":
            den = QUANTITY
            for at in lines:
                parts[at] = int(self._points * unit) * int(state.units[at] * QUANTITY)
        else:
            net = {at: state.amounts[at] - state.paid_minor[at] for at in lines}
            factor = int(self._rate * unit)
            if self._word.whole_steps:
                den = max(sum(net.values()), 1)
                factor = int(den // self._every * self._points * unit)
            for at, amount in net.items():
                parts[at] = factor * amount
        total = sum(parts)
        if self._max is not None and total > self._max * unit * den:
            most = self._max * unit
            parts, den = [part * most.numerator for part in parts], total * most.denominator
        return Proposal(parts, den) if total else ("nothing_in_scope", {})

    def apply(self, state: State, proposal: Proposal) -> None:
        """Note the parts; the end of the stage rounds them."""
        state.earnings.append((self._rule, self._wallet.id, proposal.parts, proposal.den))


class MultiplyWork:
    """Notes a factor for lines; the end of the stage multiplies once all earning is known."""

    def __init__(self, rule: str, word: Multiply, scope: int, wallet: EarnWallet) -> None:
        self._rule = rule
        self._scope = scope
        self._wallet = wallet
        self._by = exact(word.by)
        self._mode = word.mode

    def propose(self, state: State) -> Proposal | Refusal:
        """Return the lines it would multiply, as one mask."""
        mask = state.mask(self._scope)
        return Proposal([mask]) if mask else ("nothing_in_scope", {})

    def apply(self, state: State, proposal: Proposal) -> None:
        """Note the factor; until the stage ends nobody knows what it adds."""
        noted = (self._rule, self._wallet.id, int(proposal.parts[0]), self._by, self._mode)
        state.multipliers.append(noted)
        state.explain(self._rule, "nothing_in_scope")
