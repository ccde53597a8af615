"""One evaluation under way: current amounts, what was taken off, paid and earned, and why.

Line sets are bit masks over the basket's lines, worked out once for each scope and asked for by number.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from fractions import Fraction

from agent.loyalty.basket import Basket, Line
from agent.loyalty.member import MemberFacts
from agent.loyalty.numbers import exact
from agent.loyalty.quote import Counted, Give, Paid, Reason, Rebate

Matcher = Callable[[Line], bool]
Rest = tuple[int, int]
"""An exact number as numerator and denominator, not reduced: cheaper than a Fraction on the main path."""
ONE = Fraction(1)


class ScopeTable:
    """The scopes of a programme by number; 0 is every line."""

    def __init__(self) -> None:
        self.matchers: list[Matcher] = [lambda _line: True]
        self.undiscounted: set[int] = set()
        self.names: list[str] = [""]


class State:
    """What the stages read and change; made for one basket, thrown away with the quote."""

    def __init__(
        self, scopes: ScopeTable, member: MemberFacts | None, basket: Basket, local: datetime
    ) -> None:
        self.scopes = scopes
        self.member = member
        self.basket = basket
        self.local = local
        self.day = local.date()
        lines = basket.lines
        self.amounts = [line.amount_minor for line in lines]
        self.units = [_units(line) for line in lines]
        self._open = [
            (at, line) for at, line in enumerate(lines) if line.amount_minor > 0 and line.returns is None
        ]
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
        self._lines: dict[int, tuple[int, ...]] = {}
        self._discounted = sum(1 << at for at, line in enumerate(lines) if line.pos_discount_minor)
        self._discounted_before = self._discounted

    def begin(self) -> None:
        """Start a stage: it sees the amounts and discounts of earlier ones only."""
        self.seen = list(self.amounts)
        self.rests = [(amount, 1) for amount in self.amounts]
        self._discounted_before = self._discounted

    def mask(self, scope: int) -> int:
        """Return the sale lines of a scope as bits."""
        if scope not in self._masks:
            self._match(scope)
        found = self._masks[scope]
        return found & ~self._discounted_before if scope in self.scopes.undiscounted else found

    def lines_of(self, scope: int) -> tuple[int, ...]:
        """Return the positions of a scope's lines."""
        found = self._lines.get(scope)
        if found is None:
            found = self._match(scope)
        if scope in self.scopes.undiscounted:
            return tuple(at for at in found if not self._discounted_before >> at & 1)
        return found

    def _match(self, scope: int) -> tuple[int, ...]:
        matches = self.scopes.matchers[scope]
        found = tuple(at for at, line in self._open if matches(line))
        self._lines[scope] = found
        self._masks[scope] = sum(1 << at for at in found)
        return found

    def take_off(self, rule: str, at: int, amount: int) -> None:
        """Take `amount` minor units off a line, for a rule."""
        self.amounts[at] -= amount
        self.rebates[at].append(Rebate(rule, -amount))
        self._discounted |= 1 << at

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
