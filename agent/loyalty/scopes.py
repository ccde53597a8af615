"""Scopes to closures: does a line belong to this set of goods?"""

from fractions import Fraction

from agent.loyalty.basket import Line
from agent.loyalty.numbers import exact
from agent.loyalty.programme import Text
from agent.loyalty.state import Matcher, ScopeTable
from agent.loyalty.where import Scope


class ScopeCompiler:
    """Numbers scopes: equal ones share a number, so a line is matched against each only once."""

    def __init__(self, text: Text) -> None:
        self.table = ScopeTable()
        self._text = text
        self._minor = 10**text.programme.minor_digits
        self._known: dict[str, int] = {}

    def number(self, scope: str | Scope) -> int:
        """Return the number of a named or inline scope; of the empty one, 0."""
        if scope == "":
            return 0
        words = self._text.scope[scope] if isinstance(scope, str) else scope
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
    ):
        if wanted:
            tests.append(_one_of(field, frozenset(wanted)))
        if refused:
            tests.append(_none_of(field, frozenset(refused)))
    if scope.tags:
        tests.append(_tagged(frozenset(scope.tags)))
    if scope.not_tags:
        tests.append(_untagged(frozenset(scope.not_tags)))
    if scope.price_from is not None:
        tests.append(_price_from(exact(scope.price_from) * minor))
    if scope.price_to is not None:
        tests.append(_price_to(exact(scope.price_to) * minor))
    if len(tests) == 1:
        return tests[0]
    return lambda line: all(test(line) for test in tests)


def _one_of(field: str, values: frozenset[str]) -> Matcher:
    return lambda line: getattr(line, field) in values


def _none_of(field: str, values: frozenset[str]) -> Matcher:
    return lambda line: getattr(line, field) not in values


def _tagged(values: frozenset[str]) -> Matcher:
    return lambda line: not values.isdisjoint(line.tags)


def _untagged(values: frozenset[str]) -> Matcher:
    return lambda line: values.isdisjoint(line.tags)


def _price_from(least: Fraction) -> Matcher:
    return lambda line: _unit_price(line) >= least


def _price_to(most: Fraction) -> Matcher:
    return lambda line: _unit_price(line) <= most


def _unit_price(line: Line) -> Fraction:
    if line.unit_price_minor is not None:
        return Fraction(line.unit_price_minor)
    quantity = exact(line.quantity)
    return Fraction(line.amount_minor) / quantity if quantity else Fraction(line.amount_minor)
