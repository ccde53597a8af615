"""earn and multiply: points of a line on what is paid for it in money, unrounded until the receipt is whole.

Parts are whole numbers of `unit`ths of a smallest point; the wallet's `unit` is fixed when compiling, so
that every rate of it is whole; a cap, whole steps or quantities bring a denominator of their own.
Points are not earned by selling stored value; what is earned in a wallet of stored value is its load, and
only by that.
"""

from math import lcm

from agent.loyalty.earn_base import EarnBase
from agent.loyalty.numbers import QUANTITY, exact
from agent.loyalty.programme import Text
from agent.loyalty.refusal import Refusal
from agent.loyalty.state import State
from agent.loyalty.verbs import Earn, Multiply
from agent.loyalty.work import Proposal


class EarnWallet:
    """The unit in which a wallet's unrounded points are whole numbers."""

    def __init__(self, wallet: str, text: Text) -> None:
        self.id = wallet
        self.scale = 10 ** text.decimals(wallet)
        self.is_value = text.wallet[wallet].kind == "stored_value"
        self.unit = 1

    def add(self, denominator: int) -> None:
        """Take in one more rate."""
        self.unit = lcm(self.unit, denominator)

    def lines_of(self, scope: int, state: State) -> tuple[int, ...]:
        """Return the lines of a scope on which the wallet can earn."""
        return state.value_lines_of(scope) if self.is_value else state.lines_of(scope)


class EarnWork:
    """Points per money, unit or attribute of a line, or per receipt (beside the lines, as one part more)."""

    def __init__(
        self, rule: str, word: Earn, wallet: EarnWallet, *, scope: int, base: EarnBase, minor: int
    ) -> None:
        self._rule = rule
        self._scope = scope
        self._wallet = wallet
        self._base = base
        self._points = exact(word.points) * wallet.scale
        self._per = word.per
        self._attribute = word.per.removeprefix("attribute:")
        self._whole_steps = word.whole_steps
        self._max = None if word.max is None else exact(word.max) * wallet.scale
        self._every = exact(word.every) * (minor if word.per == "money" else 1)
        self._rate = self._points / self._every
        wallet.add(lcm(self._rate.denominator, self._points.denominator))

    def propose(self, state: State) -> Proposal | Refusal:
        """Return the unrounded points of each line; the last part belongs to the whole receipt."""
        lines = self._wallet.lines_of(self._scope, state)
        if not lines:
            return "nothing_in_scope", {}
        unit = self._wallet.unit
        parts, den = [0] * (len(state.amounts) + 1), 1
        if self._per == "receipt":
            parts[-1] = int(self._points * unit)
        else:
            amounts, den = self._measured(state, lines)
            factor = self._rate.numerator * (unit // self._rate.denominator)
            if self._whole_steps:
                whole = max(sum(amounts.values()), 1)
                factor, den = int(whole // (self._every * den) * self._points * unit), whole
            for at, amount in amounts.items():
                parts[at] = factor * amount
        total = sum(parts)
        if self._max is not None and total > self._max * unit * den:
            most = self._max * unit
            parts, den = [part * most.numerator for part in parts], total * most.denominator
        return Proposal(parts, den) if total else ("nothing_in_scope", {})

    def _measured(self, state: State, lines: tuple[int, ...]) -> tuple[dict[int, int], int]:
        """Return what each line earns by, in whole parts, and how many of them make one."""
        if self._per == "money":
            money = state.amounts if self._wallet.is_value else self._base.of(state)
            return {at: money[at] for at in lines}, 1
        if self._per == "unit":
            return {at: int(state.units[at] * QUANTITY) for at in lines}, QUANTITY
        words = {at: state.basket.lines[at].attributes.get(self._attribute, "0") for at in lines}
        return {at: int(exact(word) * QUANTITY) for at, word in words.items()}, QUANTITY

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
