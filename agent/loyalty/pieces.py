"""Pieces: the units of lines that picks and bundles take one by one, as runs of equal price.

A weighed line is one piece.  Amounts are exact minor units: a third of 1.00 is a third, rounded only where
a discount is.
"""

from collections.abc import Iterable
from fractions import Fraction
from typing import NamedTuple

from agent.loyalty.state import State

Counts = dict[int, int]
"""So many pieces of a line, by the line's position."""


class Run(NamedTuple):
    """The pieces of one line that are still to be had, and what one of them costs now."""

    at: int
    pieces: int
    price: Fraction


class Chosen(NamedTuple):
    """What a discount falls on: whole lines, or so many pieces of them worth `values` (minor units).

    `used` are pieces that no other bundle may have; `times` is how often the rule applies.
    """

    lines: tuple[int, ...]
    pieces: Counts | None = None
    values: dict[int, Fraction] | None = None
    used: Counts | None = None
    times: int = 1


def runs_of(state: State, scope: int, *, bundle: bool, chained: bool = True) -> list[Run]:
    """Return the pieces of a scope: in a bundle those no bundle has yet, else as the stage left them."""
    found = []
    for at in state.lines_with_pieces(scope):
        count = left = state.pieces(at)
        if bundle:
            worth = Fraction(state.seen[at])
            left -= state.used.get(at, 0)
        else:
            worth = Fraction(*state.rests[at]) if chained else Fraction(state.seen[at])
            if at in state.untouched and scope in state.scopes.undiscounted:
                worth *= state.untouched[at]
                count = left = count - state.used[at]
        if left and worth > 0:
            found.append(Run(at, left, worth / count))
    return found


def dearest_first(runs: Iterable[Run]) -> list[Run]:
    """Return the runs by falling price, ties in the order of lines."""
    return sorted(runs, key=lambda run: (-run.price, run.at))


def cheapest_first(runs: Iterable[Run], *, tie: str) -> list[Run]:
    """Return the runs by rising price, ties by the setting cheapest_tie."""
    sign = -1 if tie == "last_line" else 1
    return sorted(runs, key=lambda run: (run.price, sign * run.at))


def take(runs: Iterable[Run], most: int, left: Counts) -> Counts:
    """Take up to `most` pieces in the order of `runs` out of what is `left`; return how many of each line."""
    taken: Counts = {}
    for run in runs:
        count = min(most, left[run.at])
        if count:
            taken[run.at] = count
            left[run.at] -= count
            most -= count
        if not most:
            break
    return taken


def values_of(runs: Iterable[Run], pieces: Counts) -> dict[int, Fraction]:
    """Return what those pieces cost now, by line."""
    return {run.at: run.price * pieces[run.at] for run in runs if run.at in pieces}
