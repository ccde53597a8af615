"""Exact numbers: decimal strings to fractions, rounding half up, sharing without losing any."""

from collections.abc import Callable, Sequence
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


def half_even(numerator: int, denominator: int) -> int:
    """Return numerator / denominator rounded to a whole number, halves to the even one.

    >>> half_even(5, 2), half_even(7, 2)
    (2, 4)
    """
    return round(Fraction(numerator, denominator))


def down(numerator: int, denominator: int) -> int:
    """Return the whole part of numerator / denominator."""
    return numerator // denominator


Round = Callable[[int, int], int]
ROUND: dict[str, Round] = {"half_up": half_up, "half_even": half_even, "down": down}


def share_out(
    total: int,
    weights: Sequence[int],
    room: Sequence[int] | None = None,
    allocate: str = "largest_remainder",
) -> list[int]:
    """Split `total` over lines by weight: floors, then what is left by the setting `allocate`.

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
    spread = SPREAD[allocate]
    # One more for the largest fraction still fits a line that holds its weight.
    if room is None or (room == weights and total <= whole and spread is _largest_fractions):
        return _parts(total, weights, spread)
    total = min(total, sum([space for space, weight in zip(room, weights, strict=True) if weight > 0]))
    parts = [0] * len(weights)
    open_lines = [at for at, weight in enumerate(weights) if weight > 0]
    while total > 0:
        for at, part in zip(
            open_lines, _parts(total, [weights[at] for at in open_lines], spread), strict=True
        ):
            taken = min(part, room[at] - parts[at])
            parts[at] += taken
            total -= taken
        open_lines = [at for at in open_lines if parts[at] < room[at]]
    return parts


def whole_parts(exact_parts: Sequence[int], denominator: int, total: int) -> list[int]:
    """Round shares of `denominator`ths so that they sum to `total`: floors, then largest fractions."""
    parts = [part // denominator for part in exact_parts]
    spare = total - sum(parts)
    if spare > 0:
        _largest_fractions(parts, [part % denominator for part in exact_parts], spare)
    return parts


Spread = Callable[[list[int], list[int], int], None]
"""Adds what is left over after the floors to the parts, given their fractions."""


def _parts(total: int, weights: Sequence[int], spread: Spread) -> list[int]:
    whole = sum(weights)
    shares = [total * weight for weight in weights]
    parts = [share // whole for share in shares]
    spare = total - sum(parts)
    if spare:
        spread(parts, [share % whole for share in shares], spare)
    return parts


def _largest_fractions(parts: list[int], fractions: list[int], spare: int) -> None:
    for at in sorted(range(len(parts)), key=fractions.__getitem__, reverse=True)[:spare]:
        parts[at] += 1  # sorting keeps the order of ties, also in reverse


def _weighing(fractions: list[int], parts: list[int]) -> list[int]:
    """Return the lines that have a weight at all."""
    return [at for at in range(len(parts)) if parts[at] or fractions[at]]


def _to_the_last(parts: list[int], fractions: list[int], spare: int) -> None:
    parts[_weighing(fractions, parts)[-1]] += spare


def _to_the_first(parts: list[int], fractions: list[int], spare: int) -> None:
    parts[_weighing(fractions, parts)[0]] += spare


def _one_each(parts: list[int], fractions: list[int], spare: int) -> None:
    for at in _weighing(fractions, parts)[:spare]:
        parts[at] += 1


SPREAD: dict[str, Spread] = {
    "largest_remainder": _largest_fractions,
    "last_line": _to_the_last,
    "first_line": _to_the_first,
    "first_units": _one_each,
}
