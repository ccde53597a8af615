"""A basket's lines by what they are: for each value of a property, the lines that have it as bits.

Scopes are answered by joining such sets, so what a rule costs does not grow with the lines it leaves alone.
"""

from collections.abc import Callable, Sequence

from agent.loyalty.basket import STORED_VALUE, Line

Matcher = Callable[["LineIndex"], int]


class LineIndex:
    """The sale lines of one basket; return lines and lines of nothing belong to no set.

    Lines that sell stored value are an index of their own: money for money is no goods, so it is neither
    discounted nor paid with points, earns none and meets no threshold.
    """

    def __init__(self, lines: Sequence[Line], *, of_value: bool = False) -> None:
        self._lines = lines
        self.positions = tuple(
            at
            for at, line in enumerate(lines)
            if line.amount_minor > 0 and line.returns is None and (STORED_VALUE in line.tags) == of_value
        )
        self.open = sum(1 << at for at in self.positions)
        self._by: dict[str, dict[str, int]] = {}

    def any_of(self, field: str, values: frozenset[str]) -> int:
        """Return the lines whose property `field` is one of `values`; of tags, whether one is among them."""
        by = self._by.get(field)
        if by is None:
            by = self._by[field] = self._sorted_by(field)
        found = 0
        if len(values) <= len(by):
            for value in values:
                found |= by.get(value, 0)
        else:  # a coupon may name thousands of articles
            for value, lines in by.items():
                if value in values:
                    found |= lines
        return found

    def where(self, fits: Callable[[Line], bool]) -> int:
        """Return the lines for which `fits` holds."""
        return sum(1 << at for at in self.positions if fits(self._lines[at]))

    def _sorted_by(self, field: str) -> dict[str, int]:
        by: dict[str, int] = {}
        for at in self.positions:
            value = getattr(self._lines[at], field)
            for one in value if field == "tags" else (value,):
                by[one] = by.get(one, 0) | 1 << at
        return by


class ScopeTable:
    """The scopes of a programme by number; 0 is every line."""

    def __init__(self) -> None:
        self.matchers: list[Matcher] = [lambda index: index.open]
        self.undiscounted: set[int] = set()
        self.names: list[str] = [""]


def bits_of(mask: int) -> tuple[int, ...]:
    """Return the positions of a set of lines, in order.

    >>> bits_of(0b1101)
    (0, 2, 3)
    """
    found = []
    while mask:
        lowest = mask & -mask
        found.append(lowest.bit_length() - 1)
        mask ^= lowest
    return tuple(found)
