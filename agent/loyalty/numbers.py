"""Exact numbers: decimal strings to fractions, rounding half up, sharing without losing any."""

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache

Exact = int | Fraction
QUANTITY = 1_000_000
"""Quantities have six decimals at most: in millionths they are whole."""


@lru_cache(maxsize=4096)
def exact(decimal: str) -> Fraction:
    """Return a decimal string as a fraction.

    >>> exact("0.355")
    Fraction(71, 200)
    """
    return Fraction(decimal)


def half_up(numerator: int, denominator: int) -> int:
    """Return numerator / denominator rounded to a whole number, halves up (both not negative).

    >>> half_up(39, 2), half_up(1, 3)
    (20, 0)
    """
    return (2 * numerator + denominator) // (2 * denominator)


def share_out(total: int, weights: Sequence[int], room: Sequence[int] | None = None) -> list[int]:
    """Split `total` over lines by weight: floors, then one each by largest fraction, ties in order.

    No part exceeds its `room`; what a line cannot take goes to the others, what none can take is not
    given, so the parts sum to min(total, sum of room).

    >>> share_out(10, [1, 1, 1])
    [4, 3, 3]
    >>> share_out(10, [1, 1, 1], [9, 1, 1])
    [8, 1, 1]
    """
    whole = sum(weights)
    if not whole or total <= 0:
        return [0] * len(weights)
    if room is None or (room == weights and total <= whole):  # no part of a whole exceeds its weight
        return _largest_remainder(total, weights)
    total = min(total, sum([space for space, weight in zip(room, weights, strict=True) if weight > 0]))
    parts = [0] * len(weights)
    open_lines = [at for at, weight in enumerate(weights) if weight > 0]
    while total > 0:
        wanted = _largest_remainder(total, [weights[at] for at in open_lines])
        for at, part in zip(open_lines, wanted, strict=True):
            taken = min(part, room[at] - parts[at])
            parts[at] += taken
            total -= taken
        open_lines = [at for at in open_lines if parts[at] < room[at]]
    return parts


def _largest_remainder(total: int, weights: Sequence[int]) -> list[int]:
    whole = sum(weights)
    return whole_parts([total * weight for weight in weights], whole, total)


def whole_parts(exact_parts: Sequence[int], denominator: int, total: int) -> list[int]:
    """Round shares of `denominator`ths so that they sum to `total`: floors, then largest fractions."""
    parts = [part // denominator for part in exact_parts]
    spare = total - sum(parts)
    if spare > 0:
        fractions = [part % denominator for part in exact_parts]
        for at in sorted(range(len(parts)), key=fractions.__getitem__, reverse=True)[:spare]:
            parts[at] += 1  # sorting keeps the order of ties, also in reverse
    return parts
