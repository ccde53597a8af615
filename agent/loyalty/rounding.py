"""How discounts become whole minor units: the settings rounding_*, percent_chain and allocate."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import lcm
from typing import NamedTuple

from agent.loyalty.numbers import ROUND, share_out
from agent.loyalty.words import setting


class Cut(NamedTuple):
    """An exact discount `off` on goods of a line, worth `value` unrounded and `minor` now, so many pieces."""

    off: Fraction
    value: Fraction
    minor: int
    pieces: int


class Rounding:
    """The settings of one programme, ready to use."""

    def __init__(self, settings: Mapping[str, str]) -> None:
        self.round = ROUND[setting(settings, "rounding_mode")]
        self.level = setting(settings, "rounding_level")
        self.of_net = setting(settings, "rounding_of") == "net"
        self.chained = setting(settings, "percent_chain") == "multiply"
        self.allocate = setting(settings, "allocate")
        self.line_by_line = self.level == "line" and not self.of_net and self.chained

    def whole(self, number: Fraction) -> int:
        """Return a number of minor units rounded once."""
        return self.round(number.numerator, number.denominator)

    def share(self, total: int, weights: Sequence[int], room: Sequence[int] | None = None) -> list[int]:
        """Split a sum over lines by weight, none beyond its room."""
        return share_out(total, weights, room, self.allocate)

    def share_exactly(self, total: int, weights: Sequence[Fraction], room: Sequence[int]) -> list[int]:
        """Do the same by weights that are no whole numbers."""
        finer = lcm(*(weight.denominator for weight in weights))
        return self.share(total, [int(weight * finer) for weight in weights], room)

    def parts(self, cuts: Sequence[Cut], room: Sequence[int]) -> list[int]:
        """Return the discounts in minor units, rounded by line, by unit or once for the receipt."""
        if self.level == "receipt":
            total = self.whole(sum((cut.off for cut in cuts), Fraction(0)))
            if self.of_net:
                kept = sum((cut.value - cut.off for cut in cuts), Fraction(0))
                total = sum(cut.minor for cut in cuts) - self.whole(kept)
            return self.share_exactly(total, [cut.off for cut in cuts], room)
        return [min(most, self._part(cut)) for cut, most in zip(cuts, room, strict=True)]

    def _part(self, cut: Cut) -> int:
        pieces = cut.pieces if self.level == "unit" else 1
        if self.of_net:
            return max(0, cut.minor - pieces * self.whole((cut.value - cut.off) / pieces))
        return pieces * self.whole(cut.off / pieces)
