"""Scopes to sets of lines: which of a basket's lines belong to these goods, as the bits of one number."""

from collections.abc import Callable
from fractions import Fraction

from agent.loyalty.basket import Line
from agent.loyalty.index import LineIndex, Matcher, ScopeTable
from agent.loyalty.numbers import exact
from agent.loyalty.programme import Text
from agent.loyalty.where import Scope


class ScopeCompiler:
    """Numbers scopes: equal ones share a number, so a basket is matched against each only once."""

    def __init__(self, text: Text) -> None:
        self.table = ScopeTable()
        self.text = text
        self._minor = 10**text.programme.minor_digits
        self._known: dict[str, int] = {}

    def number(self, scope: str | Scope) -> int:
        """Return the number of a named or inline scope; of the empty one, 0."""
        if scope == "":
            return 0
        words = self.text.scope[scope] if isinstance(scope, str) else scope
        key = repr(words)
        if key not in self._known:
            self._known[key] = len(self.table.matchers)
            if words.not_discounted:
                self.table.undiscounted.add(self._known[key])
            self.table.matchers.append(_matcher(words, self._minor))
            self.table.names.append(scope if isinstance(scope, str) else "")
        return self._known[key]


def _matcher(scope: Scope, minor: int) -> Matcher:
    tests: list[Matcher] = []
    for field, wanted, refused in (
        ("group", scope.groups, scope.not_groups),
        ("sku", scope.skus, scope.not_skus),
        ("brand", scope.brands, scope.not_brands),
        ("tags", scope.tags, scope.not_tags),
    ):
        if wanted:
            tests.append(_one_of(field, frozenset(wanted)))
        if refused:
            tests.append(_none_of(field, frozenset(refused)))
    if scope.price_from is not None:
        least = exact(scope.price_from) * minor
        tests.append(_priced(lambda price: price >= least))
    if scope.price_to is not None:
        most = exact(scope.price_to) * minor
        tests.append(_priced(lambda price: price <= most))
    if len(tests) == 1:
        return tests[0]

    def match(index: LineIndex) -> int:
        found = index.open
        for test in tests:
            found &= test(index)
        return found

    return match


def _one_of(field: str, values: frozenset[str]) -> Matcher:
    return lambda index: index.any_of(field, values)


def _none_of(field: str, values: frozenset[str]) -> Matcher:
    return lambda index: index.open & ~index.any_of(field, values)


def _priced(fits: Callable[[Fraction], bool]) -> Matcher:
    return lambda index: index.where(lambda line: fits(_unit_price(line)))


def _unit_price(line: Line) -> Fraction:
    if line.unit_price_minor is not None:
        return Fraction(line.unit_price_minor)
    quantity = exact(line.quantity)
    return Fraction(line.amount_minor) / quantity if quantity else Fraction(line.amount_minor)
