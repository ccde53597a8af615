"""The end of the earn stage: multiply, sum up per wallet, round once, share whole points over the lines."""

from collections.abc import Sequence
from fractions import Fraction
from math import lcm, prod
from typing import NamedTuple

from agent.loyalty.numbers import half_up, whole_parts
from agent.loyalty.quote import Earned
from agent.loyalty.walk.state import State

Entry = tuple[str, Sequence[int]]


class Settled(NamedTuple):
    """Whole points: each line's by rule, and per wallet the whole receipt's."""

    lines: list[list[Earned]]
    totals: dict[str, int]


def settle(state: State, units: dict[str, int], rounding: str) -> Settled:
    """Round what the earn rules noted; `units` are the parts of one smallest point per wallet.

    `rounding` is the setting points_rounding: floor, or half_up.
    """
    lines: list[list[Earned]] = [[] for _ in state.amounts]
    totals: dict[str, int] = {}
    by_rule: dict[str, int] = {}
    for wallet, unit in units.items():
        entries, finer = _common(state, wallet)
        if not entries:
            continue
        unit *= finer  # noqa: PLW2901 - the same wallet's unit, made finer for this receipt
        entries += _multiplied(state, wallet, entries)
        columns = list(zip(*(parts for _, parts in entries), strict=True))
        sums = [sum(column) for column in columns]
        whole = sum(sums)
        totals[wallet] = whole // unit if rounding == "floor" else half_up(whole, unit)
        for at, points in enumerate(whole_parts(sums, unit, totals[wallet])):
            if not points:
                continue
            for (rule, _), share in zip(entries, whole_parts(columns[at], unit, points), strict=True):
                if share:
                    by_rule[rule] = by_rule.get(rule, 0) + share
                    if at < len(lines):
                        lines[at].append(Earned(rule, wallet, share))
        for rule, _ in entries:
            state.explain(rule, "applied", wallet=wallet, points=by_rule.get(rule, 0))
    return Settled(lines, totals)


def _common(state: State, wallet: str) -> tuple[list[Entry], int]:
    """Return the wallet's earnings over one denominator, which every factor divides too."""
    earnings = [one for one in state.earnings if one[1] == wallet]
    finer = lcm(*(den for *_, den in earnings))
    finer *= prod(by.denominator for _, name, _, by, _ in state.multipliers if name == wallet)
    return [(rule, _times(parts, finer // den)) for rule, _, parts, den in earnings], finer


def _times(parts: Sequence[int], factor: int) -> Sequence[int]:
    return parts if factor == 1 else [part * factor for part in parts]


def _multiplied(state: State, wallet: str, entries: list[Entry]) -> list[Entry]:
    """Return what each multiplier adds: the best of `best`, then all of `sum`, then each `product`."""
    factors = [one for one in state.multipliers if one[1] == wallet]
    if not factors:
        return []
    current = [sum(column) for column in zip(*(parts for _, parts in entries), strict=True)]
    added: dict[str, list[int]] = {rule: [0] * len(current) for rule, *_ in factors}
    for at in range(len(current) - 1):
        here = [(rule, by, mode) for rule, _, mask, by, mode in factors if mask >> at & 1 and current[at]]
        best = [one for one in here if one[2] == "best"]
        if best:
            rule, by, _ = min(best, key=lambda one: (-one[1], one[0]))
            _add(added, current, at, [(rule, by)])
        _add(added, current, at, [(rule, by) for rule, by, mode in here if mode == "sum"])
        for rule, by, mode in here:
            if mode == "product":
                _add(added, current, at, [(rule, by)])
    return [(rule, parts) for rule, parts in added.items() if any(parts)]


def _add(
    added: dict[str, list[int]], current: list[int], at: int, factors: Sequence[tuple[str, Fraction]]
) -> None:
    """Add (by - 1) times the present points of a line for each factor, all seen from the same start."""
    start = current[at]
    for rule, by in factors:
        extra = start * (by.numerator - by.denominator) // by.denominator
        added[rule][at] += extra
        current[at] += extra
