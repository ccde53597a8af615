"""Taking goods back: the exact inverse of what a sale gave, in any parts and any order.

Each figure of a line comes back in proportion to the amount returned so far, rounded down on the running
total; a return undoes what is undone after it less what was undone before it.  So however a sale is split
into returns, the last one brings the sum to exactly what the sale did.
"""

from collections.abc import Iterable, Mapping

from agent.loyalty.basket import Basket


class Progress:
    """How much of a sale has come back: rung-up minor units by line number, of the lines it sold."""

    def __init__(self, basket: Basket, returned: Mapping[int, int]) -> None:
        self.whole = {
            line.line: line.amount_minor
            for line in basket.lines
            if line.amount_minor > 0 and line.returns is None
        }
        self.back = {line: min(max(returned.get(line, 0), 0), amount) for line, amount in self.whole.items()}
        self.is_all = self.back == self.whole

    def of_line(self, line: int, total: int) -> int:
        """Return what of a line's total has come back.

        >>> from agent.loyalty.basket import Line
        >>> from datetime import datetime
        >>> sale = Basket("r", datetime(2026, 11, 24), "s", "t", "EUR", [Line(1, "a", 3)])
        >>> [Progress(sale, {1: back}).of_line(1, 10) for back in (1, 2, 3)]
        [3, 6, 10]
        """
        return total * self.back[line] // self.whole[line] if line in self.whole else 0

    def of_lines(self, lines: Iterable[tuple[int, int]], total: int) -> int:
        """Return what of a total has come back; what no line holds leaves with the last goods."""
        kept = list(lines)
        rest = total - sum(part for _, part in kept)
        return sum(self.of_line(line, part) for line, part in kept) + (rest if self.is_all else 0)
