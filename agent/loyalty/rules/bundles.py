"""Bundles: so many pieces for one price, or one piece out of each of several scopes."""

from bisect import bisect_left
from collections import Counter
from fractions import Fraction
from typing import NamedTuple

from agent.loyalty.pieces import Chosen, Counts, Run, dearest_first, take
from agent.loyalty.refusal import Refusal
from agent.loyalty.rules.choose import NOTHING, Picking
from agent.loyalty.state import State


class ForOnePrice(NamedTuple):
    """Every `size` pieces of a scope for one price: the dearest go together, as long as that saves money."""

    scope: int
    size: int
    price: Fraction
    most: int | None
    picking: Picking

    def __call__(self, state: State) -> Chosen | Refusal:
        """Return the pieces of all bundles that save money."""
        runs = dearest_first(self.picking.runs(state, self.scope))
        total = sum(run.pieces for run in runs)
        most = total // self.size if self.most is None else min(self.most, total // self.size)
        if not most:
            return ("missing", {"what": "quantity", "quantity": self.size - total}) if total else NOTHING

        def saves_nothing(times: int) -> bool:
            worth = _dearest(runs, self.size * times) - _dearest(runs, self.size * (times - 1))
            return worth <= self.price

        # Each bundle saves no more than the one before it, so the last that saves can be looked up.
        times = bisect_left(range(1, most + 1), True, key=saves_nothing)  # noqa: FBT003 - what is looked for
        if not times:
            return NOTHING
        pieces = take(runs, self.size * times, {run.at: run.pieces for run in runs})
        return self.picking.chosen(runs, pieces, pieces, times)


def _dearest(runs: list[Run], most: int) -> Fraction:
    """Return what the first `most` pieces cost."""
    worth = Fraction(0)
    for run in runs:
        count = min(run.pieces, most)
        worth += run.price * count
        most -= count
    return worth


class OneOfEach(NamedTuple):
    """Bundles of one piece out of each scope; the discount falls on those in `scope`, or the `free` cheapest.

    `price` is what a bundle costs then, None where the verb is another: it must save money.
    """

    scopes: tuple[int, ...]
    scope: int
    free: int | None
    price: Fraction | None
    most: int | None
    picking: Picking

    def __call__(self, state: State) -> Chosen | Refusal:
        """Return the pieces of all bundles that can be made."""
        found = [self.picking.runs(state, scope) for scope in self.scopes]
        runs = {run.at: run for some in found for run in some}
        # First goods that fewest scopes could have, so that the others are left for them; then the dearest.
        wanted = Counter(run.at for some in found for run in some)
        for some in found:
            some.sort(key=lambda run: (wanted[run.at], -run.price, run.at))
        left = {at: run.pieces for at, run in runs.items()}
        pieces: Counts = {}
        used: Counts = {}
        times = 0
        lacking = 0
        while self.most is None or times < self.most:
            bundle, lacking = _one_bundle(found, left)
            chosen = [] if lacking else self._discounted(state, bundle, runs)
            if not chosen:
                break
            # The same bundle again and again, until one of its lines runs out.
            again = min(left[at] // bundle.count(at) for at in bundle)
            if self.most is not None:
                again = min(again, self.most - times)
            times += again
            for at in bundle:
                left[at] -= again
                used[at] = used.get(at, 0) + again
            for at in chosen:
                pieces[at] = pieces.get(at, 0) + again
        if times:
            return self.picking.chosen(list(runs.values()), pieces, used, times)
        return ("missing", {"what": "quantity", "quantity": lacking}) if runs and lacking else NOTHING

    def _discounted(self, state: State, bundle: list[int], runs: dict[int, Run]) -> list[int]:
        """Return on which of a bundle's pieces the discount falls; on none if it would cost more."""
        if self.free is not None:
            order = self.picking.order([runs[at] for at in bundle], "cheapest")
            return [run.at for run in order[: self.free]]
        within = state.mask(self.scope)
        chosen = [at for at in bundle if within >> at & 1]
        if self.price is not None and sum(runs[at].price for at in chosen) <= self.price:
            return []
        return chosen


def _one_bundle(found: list[list[Run]], left: Counts) -> tuple[list[int], int]:
    """Return a line for each scope, the first it finds, and how many scopes none was left for.

    A piece that two scopes could have goes where the bundle becomes whole (Kuhn's matching).
    """
    given: dict[tuple[int, int], int] = {}

    def place(scope: int, tried: set[tuple[int, int]]) -> bool:
        for run in found[scope]:
            for number in range(min(left[run.at], len(found))):
                piece = (run.at, number)
                if piece in tried:
                    continue
                tried.add(piece)
                if piece not in given or place(given[piece], tried):
                    given[piece] = scope
                    return True
        return False

    lacking = sum(not place(scope, set()) for scope in range(len(found)))
    return [at for at, _ in given], lacking
