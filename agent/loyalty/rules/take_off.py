"""take_off: percent, amount or per_unit off the lines of a scope, capped, never below a floor or zero."""

from fractions import Fraction

from agent.loyalty.numbers import exact, half_up, share_out
from agent.loyalty.refusal import Refusal
from agent.loyalty.state import State
from agent.loyalty.taking import Rest, Taking
from agent.loyalty.verbs import TakeOff
from agent.loyalty.vouchers import usable_voucher

Lines = tuple[int, ...]
Units = dict[int, Fraction]
ZERO = Fraction(0)


class TakeOffWork:
    """Percent is rounded line by line (half up); an amount is shared out by current amounts."""

    def __init__(self, rule: str, word: TakeOff, scope: int, minor: int, *, voucher: str = "") -> None:
        self._rule = rule
        self._scope = scope
        self._percent = exact(word.percent) / 100 if word.percent is not None else None
        self._shown = (word.percent or "").removesuffix(".0")
        self._amount = _minor(word.amount, minor)
        self._per_unit = exact(word.per_unit) * minor if word.per_unit is not None else Fraction(0)
        self._max = _minor(word.max, minor)
        self._floor = exact(word.floor) * minor if word.floor is not None else Fraction(0)
        self._units = word.units
        self._voucher = voucher

    def propose(self, state: State) -> Taking | Refusal:
        """Return each line's rebate in minor units."""
        if self._voucher:
            voucher, code, values = usable_voucher(state, (self._voucher,))
            if not voucher:
                return code, values
        lines = state.lines_of(self._scope)
        if not lines:
            return "nothing_in_scope", {}
        room = [state.amounts[at] for at in lines]
        if state.has_floors or self._floor:
            room = [self._room(state, at) for at in lines]
        taken = None if self._units is None else self._taken(state, lines, self._units)
        if self._amount is not None:
            taking = self._shared(state, self._amount, lines, room, taken=taken)
        else:
            taking = self._measured(state, lines, room, taken)
        total = taking.total
        if self._max is not None and total > self._max:
            limits = [taking.parts[at] for at in lines]
            weights = [state.amounts[at] if limit else 0 for at, limit in zip(lines, limits, strict=True)]
            return Taking(dict(zip(lines, share_out(self._max, weights, limits), strict=True)))
        return taking if total else ("nothing_in_scope", {})

    def _shared(
        self, state: State, amount: int, lines: Lines, room: list[int], *, taken: Units | None
    ) -> Taking:
        weights = [state.amounts[at] for at in lines]
        if taken is not None:
            pairs = zip(weights, lines, strict=True)
            weights = [int(weight * taken.get(at, 0) / state.units[at]) for weight, at in pairs]
            room = list(map(min, room, weights))
        return Taking(dict(zip(lines, share_out(amount, weights, room), strict=True)))

    def _measured(self, state: State, lines: Lines, room: list[int], taken: Units | None) -> Taking:
        parts: dict[int, int] = {}
        rests: dict[int, Rest] = {}
        for at, most in zip(lines, room, strict=True):
            rest, over = state.rests[at]
            # Off by `off` of `finer * over` parts: so the rest's denominator grows by factors only.
            if self._percent is None:
                units = state.units[at] if taken is None else taken.get(at, ZERO)
                off = self._per_unit.numerator * units.numerator * over
                finer = self._per_unit.denominator * units.denominator
            else:
                off, finer = self._percent.numerator * rest, self._percent.denominator
                if taken is not None:
                    share = taken.get(at, ZERO) / state.units[at]
                    off, finer = off * share.numerator, finer * share.denominator
            part = half_up(off, finer * over)
            if part <= most:
                parts[at] = part
                rests[at] = (rest * finer - off, finer * over)
            else:
                parts[at] = most
                rests[at] = (state.amounts[at] - most, 1)
        return Taking(parts, rests)

    def _taken(self, state: State, lines: Lines, most: int) -> Units:
        """Return how many units of each line count: the dearest `most` of them."""
        left = Fraction(most)
        taken: Units = {}
        for at in sorted(lines, key=lambda at: (-state.amounts[at] / state.units[at], at)):
            taken[at] = min(left, state.units[at])
            left -= taken[at]
            if not left:
                break
        return taken

    def _room(self, state: State, at: int) -> int:
        """Return how much the line can still lose, in minor units."""
        floor = state.basket.lines[at].floor_price_minor
        least = max(Fraction(floor or 0), self._floor) * state.units[at]
        return max(0, state.amounts[at] + int(-least // 1))

    def apply(self, state: State, taking: Taking) -> None:
        """Take it off, line by line."""
        total = state.take_off(self._rule, taking)
        if self._voucher:
            state.vouchers_used.append((self._voucher, usable_voucher(state, (self._voucher,))[0]))
        values: dict[str, object] = {"amount_minor": total}
        if self._percent is not None:
            values["percent"] = self._shown
        state.explain(self._rule, "applied", **values)


def _minor(text: str | None, minor: int) -> int | None:
    return None if text is None else int(exact(text) * minor)
