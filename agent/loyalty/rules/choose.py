"""Which goods a discount falls on: whole lines, picked pieces, every n-th, goods given free."""

from typing import NamedTuple, Protocol

from agent.loyalty.pieces import (
    Chosen,
    Counts,
    Run,
    cheapest_first,
    dearest_first,
    runs_of,
    take,
    values_of,
)
from agent.loyalty.refusal import Refusal
from agent.loyalty.state import State

NOTHING: Refusal = ("nothing_in_scope", {})


class Chooser(Protocol):
    """Names the goods of a basket that a rule's discount falls on, or why there are none."""

    def __call__(self, state: State) -> Chosen | Refusal:
        """Return them as they stand now."""


class Picking(NamedTuple):
    """How pieces are taken: in the bundle stage, by which ties, on unrounded rests or not."""

    bundle: bool
    tie: str
    chained: bool

    def runs(self, state: State, scope: int) -> list[Run]:
        """Return the pieces of a scope that may be taken."""
        return runs_of(state, scope, bundle=self.bundle, chained=self.chained)

    def order(self, runs: list[Run], pick: str) -> list[Run]:
        """Return the runs in the order of a `pick`."""
        return cheapest_first(runs, tie=self.tie) if pick == "cheapest" else dearest_first(runs)

    def chosen(self, runs: list[Run], pieces: Counts, used: Counts, times: int = 1) -> Chosen:
        """Return the goods; a bundle keeps what it used from others."""
        lines = tuple(sorted(pieces))
        return Chosen(lines, pieces, values_of(runs, pieces), used if self.bundle else None, times)


class WholeLines(NamedTuple):
    """Every line of a scope; in the bundle stage, what no bundle has of them."""

    scope: int
    picking: Picking

    def __call__(self, state: State) -> Chosen | Refusal:
        """Return the lines, as pieces only where bundles took some of them."""
        lines = state.lines_with_pieces(self.scope)
        if not lines:
            return NOTHING
        if not self.picking.bundle and not (state.untouched and self.scope in state.scopes.undiscounted):
            return Chosen(lines)
        runs = self.picking.runs(state, self.scope)
        pieces = {run.at: run.pieces for run in runs}
        return self.picking.chosen(runs, pieces, pieces) if pieces else NOTHING


class Picked(NamedTuple):
    """So many pieces of a scope, the dearest or the cheapest."""

    scope: int
    units: int
    pick: str
    picking: Picking

    def __call__(self, state: State) -> Chosen | Refusal:
        """Return the pieces."""
        runs = self.picking.runs(state, self.scope)
        left = {run.at: run.pieces for run in runs}
        pieces = take(self.picking.order(runs, self.pick), self.units, left)
        return self.picking.chosen(runs, pieces, pieces) if pieces else NOTHING


class Counted(NamedTuple):
    """Of every `size` pieces of a scope so many `units`: the dearest, the cheapest, or the n-th itself.

    The picked ones are picked from all of them; the others of a bundle are the dearest that are left.
    """

    scope: int
    size: int
    units: int
    pick: str
    most: int | None
    picking: Picking

    def __call__(self, state: State) -> Chosen | Refusal:
        """Return the picked pieces, and all that the bundles use."""
        runs = self.picking.runs(state, self.scope)
        left = {run.at: run.pieces for run in runs}
        total = sum(left.values())
        times = total // self.size
        if self.most is not None:
            times = min(times, self.most)
        if not times:
            return ("missing", {"what": "quantity", "quantity": self.size - total}) if total else NOTHING
        if self.pick == "nth":
            pieces = _every_nth(runs, self.size, times)
            return self.picking.chosen(runs, pieces, take(runs, self.size * times, left), times)
        pieces = take(self.picking.order(runs, self.pick), self.units * times, left)
        others = take(dearest_first(runs), (self.size - self.units) * times, left)
        used = {run.at: pieces.get(run.at, 0) + others.get(run.at, 0) for run in runs}
        return self.picking.chosen(runs, pieces, used, times)


def _every_nth(runs: list[Run], size: int, times: int) -> Counts:
    """Return how many of each line stand at a multiple of `size`, counted through the basket."""
    pieces: Counts = {}
    before = 0
    for run in runs:
        after = min(before + run.pieces, size * times)
        if count := after // size - before // size:
            pieces[run.at] = count
        before = after
    return pieces


class GivenFree(NamedTuple):
    """Pieces of one article that cost nothing: one, or one for every `size` pieces of a scope.

    `on_top`: what is given does not count among the goods that it is given for.
    """

    article: int
    scope: int
    size: int | None
    most: int | None
    on_top: bool
    picking: Picking

    def __call__(self, state: State) -> Chosen | Refusal:
        """Return the free pieces, the cheapest there are."""
        runs = self.picking.order(self.picking.runs(state, self.article), "cheapest")
        counted = state.mask(self.scope)
        if self.on_top:  # what is not counted is given first
            runs.sort(key=lambda run: counted >> run.at & 1)
        times = 1 if self.size is None else self._times(state, self.size, runs)
        if self.most is not None:
            times = min(times, self.most)
        if not times:
            return self._lacking(state)
        if not runs:
            return "missing", {"what": "free_item", "quantity": times}
        pieces = take(runs, times, {run.at: run.pieces for run in runs})
        return self.picking.chosen(runs, pieces, pieces, times)

    def _lacking(self, state: State) -> Refusal:
        bought = sum(state.pieces(at) for at in state.lines_of(self.scope))
        lacking = (self.size or 0) - bought
        return ("missing", {"what": "quantity", "quantity": lacking}) if bought and lacking > 0 else NOTHING

    def _times(self, state: State, size: int, runs: list[Run]) -> int:
        counted = state.mask(self.scope)
        bought = sum(state.pieces(at) for at in state.lines_of(self.scope))
        times = bought // size
        if not self.on_top:
            return times
        others = sum(run.pieces for run in runs if not counted >> run.at & 1)
        # Beyond the others, each free piece takes one from the goods that count.
        return times if times <= others else max(others, (bought + others) // (size + 1))
