"""take_off: percent, amount, per_unit or a price off what was chosen, never below a floor or zero.

Whole lines under the default rounding take the short way; everything else is exact fractions until it is
rounded as the settings say.
"""

from fractions import Fraction
from math import ceil

from agent.loyalty.numbers import exact
from agent.loyalty.pieces import Chosen, Counts
from agent.loyalty.refusal import Refusal
from agent.loyalty.rounding import Cut, Rounding
from agent.loyalty.rules.choose import Chooser, WholeLines
from agent.loyalty.state import State
from agent.loyalty.taking import Rest, Taking
from agent.loyalty.verbs import TakeOff
from agent.loyalty.vouchers import usable_voucher

ZERO = Fraction(0)


class TakeOffWork:
    """What comes off the goods that `choose` names; a `voucher` is used up by it."""

    def __init__(
        self, rule: str, word: TakeOff, choose: Chooser, rounding: Rounding, *, minor: int, voucher: str = ""
    ) -> None:
        self._rule = rule
        self._choose = choose
        self._rounding = rounding
        self._percent = exact(word.percent) / 100 if word.percent is not None else None
        self._shown = (word.percent or "").removesuffix(".0")
        if word.cheapest_free is not None:
            self._percent = Fraction(1)
        self._amount = _minor(word.amount, minor)
        self._per_unit = exact(word.per_unit) * minor if word.per_unit is not None else None
        self._price = exact(word.set_price) * minor if word.set_price is not None else ZERO
        self._is_bundle_price = word.set_price is not None and bool(word.units or word.each)
        self._max = _minor(word.max, minor)
        self._floor = exact(word.floor) * minor if word.floor is not None else ZERO
        self._has_floor = word.floor is not None
        # The short way knows percentages and sums per unit of whole lines.
        self._short = rounding.line_by_line and word.set_price is None and isinstance(choose, WholeLines)
        self._voucher = voucher

    def propose(self, state: State) -> Taking | Refusal:
        """Return each line's rebate in minor units."""
        if self._voucher:
            voucher, code, values = usable_voucher(state, (self._voucher,))
            if not voucher:
                return code, values
        chosen = self._choose(state)
        if not isinstance(chosen, Chosen):
            return chosen
        lines = chosen.lines
        room = [state.amounts[at] for at in lines]
        if state.has_floors or self._has_floor:
            room = [self._room(state, at) for at in lines]
        if self._amount is not None:
            taking = self._shared(state, chosen, self._amount * chosen.times, room)
        elif self._is_bundle_price:
            assert chosen.values is not None, "a bundle is made of pieces"
            saved = sum(chosen.values.values()) - self._price * chosen.times
            taking = self._shared(state, chosen, self._rounding.whole(saved), room)
        elif self._short and chosen.values is None:
            taking = self._of_whole_lines(state, lines, room)
        else:
            taking = self._exactly(state, chosen, room)
        total = taking.total
        if self._max is not None and total > self._max:
            limits = [taking.parts[at] for at in lines]
            weights = [state.amounts[at] if limit else 0 for at, limit in zip(lines, limits, strict=True)]
            parts = self._rounding.share(self._max, weights, limits)
            taking = Taking(dict(zip(lines, parts, strict=True)), None, taking.used)
        return taking if total else ("nothing_in_scope", {})

    def _of_whole_lines(self, state: State, lines: tuple[int, ...], room: list[int]) -> Taking:
        parts: dict[int, int] = {}
        rests: dict[int, Rest] = {}
        rounded = self._rounding.round
        for at, most in zip(lines, room, strict=True):
            rest, over = state.rests[at]
            # Off by `off` of `finer * over` parts: so the rest's denominator grows by factors only.
            if self._percent is not None:
                off, finer = self._percent.numerator * rest, self._percent.denominator
            else:
                assert self._per_unit is not None, "amounts and prices go another way"
                units = state.units[at]
                off = self._per_unit.numerator * units.numerator * over
                finer = self._per_unit.denominator * units.denominator
            part = rounded(off, finer * over)
            if part <= most:
                parts[at] = part
                rests[at] = (max(0, rest * finer - off), finer * over)
            else:
                parts[at] = most
                rests[at] = (state.amounts[at] - most, 1)
        return Taking(parts, rests)

    def _exactly(self, state: State, chosen: Chosen, room: list[int]) -> Taking:
        cuts: list[Cut] = []
        for at in chosen.lines:
            rest = Fraction(*state.rests[at])
            value, minor, pieces = rest, state.amounts[at], state.pieces(at)
            if chosen.values is not None and chosen.pieces is not None:
                value, pieces = chosen.values[at], chosen.pieces[at]
                minor -= self._rounding.whole(max(ZERO, rest - value))
            elif not self._rounding.chained:
                value = Fraction(state.seen[at])
            off = min(self._off(value, state.units[at] if pieces == state.pieces(at) else pieces), rest)
            cuts.append(Cut(off, value, minor, pieces))
        limits = [min(most, ceil(cut.value)) for most, cut in zip(room, cuts, strict=True)]
        parts: dict[int, int] = {}
        rests: dict[int, Rest] = {}
        wanted = self._rounding.parts(cuts, limits)
        free: Counts = {}
        for at, part, most, cut in zip(chosen.lines, wanted, limits, cuts, strict=True):
            parts[at] = part
            kept = Fraction(state.amounts[at] - part)
            if cut.off <= most:
                kept = Fraction(*state.rests[at]) - cut.off
                free |= {at: cut.pieces} if cut.off == cut.value else {}
            rests[at] = kept.as_integer_ratio()
        return Taking(parts, rests, chosen.used, free)

    def _off(self, value: Fraction, units: Fraction | int) -> Fraction:
        if self._percent is not None:
            return self._percent * value
        if self._per_unit is not None:
            return min(value, self._per_unit * units)
        return max(ZERO, value - self._price * units)

    def _shared(self, state: State, chosen: Chosen, total: int, room: list[int]) -> Taking:
        """Share a sum by current amounts: of whole lines, or of the pieces it falls on."""
        lines = chosen.lines
        if chosen.values is None:
            parts = self._rounding.share(total, [state.amounts[at] for at in lines], room)
        else:
            values = [chosen.values[at] for at in lines]
            room = [min(most, ceil(value)) for most, value in zip(room, values, strict=True)]
            parts = self._rounding.share_exactly(total, values, room)
        return Taking(dict(zip(lines, parts, strict=True)), None, chosen.used)

    def _room(self, state: State, at: int) -> int:
        """Return how much the line can still lose, in minor units."""
        floor = state.basket.lines[at].floor_price_minor
        least = max(Fraction(floor or 0), self._floor) * state.units[at]
        return max(0, state.amounts[at] - ceil(least))

    def apply(self, state: State, taking: Taking) -> None:
        """Take it off, line by line."""
        values: dict[str, object] = {"amount_minor": state.take_off(self._rule, taking)}
        if self._voucher:
            state.vouchers_used.append((self._voucher, usable_voucher(state, (self._voucher,))[0]))
        if self._shown:
            values["percent"] = self._shown
        state.explain(self._rule, "applied", **values)


def _minor(text: str | None, minor: int) -> int | None:
    return None if text is None else int(exact(text) * minor)
