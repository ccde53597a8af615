"""One evaluation under way: current amounts, what was taken off, paid and earned, and why.

Line sets are bit masks over the basket's lines, worked out once for each scope and asked for by number.
"""

from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction

from agent.loyalty.basket import Basket, Line
from agent.loyalty.index import LineIndex, ScopeTable, bits_of
from agent.loyalty.member import MemberFacts
from agent.loyalty.numbers import exact
from agent.loyalty.points import Asked, PointsNotes
from agent.loyalty.quote import Counted, Give, Paid, Reason, Rebate
from agent.loyalty.taking import Rest, Taking

ONE = Fraction(1)


class State:
    """What the stages read and change; made for one basket, thrown away with the quote."""

    def __init__(
        self,
        scopes: ScopeTable,
        member: MemberFacts | None,
        basket: Basket,
        local: datetime,
        asked: Asked | None = None,
    ) -> None:
        self.scopes = scopes
        self.points = PointsNotes(basket, asked or Asked(basket.redeem))
        self.member = member
        self.basket = basket
        self.local = local
        self.day = local.date()
        lines = basket.lines
        self.amounts = [line.amount_minor for line in lines]
        self.units = [_units(line) for line in lines]
        self._index = LineIndex(lines)
        self.rebates: list[list[Rebate]] = [[] for _ in lines]
        self.paid: list[list[Paid]] = [[] for _ in lines]
        self.paid_minor = [0] * len(lines)
        self.redeemed: dict[str, int] = {}
        self.payable: dict[str, int] = {}
        self.earnings: list[tuple[str, str, Sequence[int], int]] = []
        self.multipliers: list[tuple[str, str, int, Fraction, str]] = []
        self.gives: list[Give] = []
        self.counts: list[Counted] = []
        self.vouchers_used: list[tuple[str, str]] = []
        self.reasons: dict[str, Reason] = {}
        self.snapshots: dict[str, list[int]] = {"price": list(self.amounts)}
        self.seen = list(self.amounts)
        self.rests: list[Rest] = [(amount, 1) for amount in self.amounts]
        self.has_floors = any(line.floor_price_minor for line in lines)
        self._masks: dict[int, int] = {}
        self._lines: dict[int, tuple[int, ...]] = {0: self._index.positions}
        self._sums: dict[tuple[str, int], int] = {}
        self._discounted = sum(1 << at for at, line in enumerate(lines) if line.pos_discount_minor)
        self._discounted_before = self._discounted

    def begin(self) -> None:
        """Start a stage: it sees the amounts and discounts of earlier ones only."""
        self.seen = list(self.amounts)
        self.rests = [(amount, 1) for amount in self.amounts]
        self._sums.clear()
        self._discounted_before = self._discounted

    def mask(self, scope: int) -> int:
        """Return the sale lines of a scope as bits."""
        found = self._masks.get(scope)
        if found is None:
            found = self._masks[scope] = self.scopes.matchers[scope](self._index)
        return found & ~self._discounted_before if scope in self.scopes.undiscounted else found

    def lines_of(self, scope: int) -> tuple[int, ...]:
        """Return the positions of a scope's lines."""
        if scope in self.scopes.undiscounted:
            return bits_of(self.mask(scope))
        found = self._lines.get(scope)
        if found is None:
            found = self._lines[scope] = bits_of(self.mask(scope))
        return found

    def amount_of(self, scope: int, stage: str) -> int:
        """Return what a scope's lines came to after a stage, or ("") as this one sees them."""
        found = self._sums.get((stage, scope))
        if found is None:
            amounts = self.snapshots.get(stage, self.seen)
            found = self._sums[stage, scope] = sum([amounts[at] for at in self.lines_of(scope)])
        return found

    def take_off(self, rule: str, taking: Taking) -> int:
        """Take off what a rule offered, line by line; return the sum in minor units."""
        total = 0
        for at, part in taking.parts.items():
            if part:
                self.amounts[at] -= part
                self.rebates[at].append(Rebate(rule, -part))
                self._discounted |= 1 << at
                total += part
                if taking.rests is None:
                    rest, over = self.rests[at]
                    self.rests[at] = rest - part * over, over
        if taking.rests is not None:
            for at, left in taking.rests.items():
                self.rests[at] = left
        return total

    def explain(self, rule: str, code: str, **values: object) -> None:
        """Keep the one reason of a rule; a later word replaces an earlier one."""
        self.reasons[rule] = Reason(rule, code, values)

    def due(self) -> int:
        """Return what is still to be paid in money, in minor units."""
        return sum(self.amounts) - sum(self.paid_minor)


def _units(line: Line) -> Fraction:
    if line.quantity == "1":
        return ONE
    if line.quantity.startswith("-"):
        return ONE
    return exact(line.quantity) or ONE
