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
        self.used: dict[int, int] = {}  # pieces that serve a bundle, by line
        self.untouched: dict[int, Fraction] = {}  # which part of such a line its other pieces are
        self.free: dict[int, int] = {}  # pieces that cost nothing
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
        if self.used and not self.untouched:
            self._close_bundles()

    def _close_bundles(self) -> None:
        """Fix which part of a line its pieces outside bundles are: later discounts fall on all alike."""
        for at, used in self.used.items():
            pieces = self.pieces(at)
            outside = Fraction(self.snapshots["line"][at] * (pieces - used), pieces)
            self.untouched[at] = outside / max(self.amounts[at], 1)

    def mask(self, scope: int) -> int:
        """Return the sale lines of a scope as bits; of one for goods not discounted, the lines wholly so."""
        found = self._masks.get(scope)
        if found is None:
            found = self._masks[scope] = self.scopes.matchers[scope](self._index)
        if scope in self.scopes.undiscounted:
            found &= ~self._discounted_before
            for at in self.untouched:
                found &= ~(1 << at)
        return found

    def lines_of(self, scope: int) -> tuple[int, ...]:
        """Return the positions of a scope's lines."""
        if scope in self.scopes.undiscounted:
            return bits_of(self.mask(scope))
        found = self._lines.get(scope)
        if found is None:
            found = self._lines[scope] = bits_of(self.mask(scope))
        return found

    def value_lines_of(self, scope: int) -> tuple[int, ...]:
        """Return the positions of a scope's lines that sell stored value."""
        return bits_of(self.scopes.matchers[scope](LineIndex(self.basket.lines, of_value=True)))

    def lines_with_pieces(self, scope: int) -> tuple[int, ...]:
        """Return the same, and of one for goods not discounted also lines with pieces outside bundles."""
        lines = self.lines_of(scope)
        if self.untouched and scope in self.scopes.undiscounted:
            partly = [
                at
                for at in bits_of(self._masks[scope] & ~self._discounted_before)
                if 0 < self.used.get(at, 0) < self.pieces(at)
            ]
            return tuple(sorted([*lines, *partly]))
        return lines

    def pieces(self, at: int) -> int:
        """Return how many pieces a line has; what is weighed is one."""
        units = self.units[at]
        return int(units) if units.denominator == 1 else 1

    def amount_of(self, scope: int, stage: str) -> int:
        """Return what a scope's lines came to after a stage, or ("") as this one sees them."""
        found = self._sums.get((stage, scope))
        if found is None:
            amounts = self.snapshots.get(stage, self.seen)
            found = self._sums[stage, scope] = sum([amounts[at] for at in self.lines_of(scope)])
        return found

    def take_off(self, rule: str, taking: Taking) -> int:
        """Take off what a rule offered, line by line; return the sum in minor units."""
        amounts, rebates, rests = self.amounts, self.rebates, self.rests
        total = touched = 0
        for at, part in taking.parts.items():
            if part:
                amounts[at] -= part
                rebates[at].append(Rebate(rule, -part))
                touched |= 1 << at
                total += part
                if taking.rests is None:
                    rest, over = rests[at]
                    rests[at] = max(0, rest - part * over), over
        for at, left in taking.rests.items() if taking.rests is not None else ():
            rests[at] = left
        if taking.used is None:
            self._discounted |= touched
        for counts, more in ((self.used, taking.used), (self.free, taking.free)):
            for at, pieces in more.items() if more is not None else ():
                counts[at] = counts.get(at, 0) + pieces
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
