"""take_off: percent, amount or per_unit off the lines of a scope, capped, never below a floor or zero."""

from fractions import Fraction

from agent.loyalty.conditions import Refusal
from agent.loyalty.numbers import exact, half_up, share_out
from agent.loyalty.state import Rest, State
from agent.loyalty.verbs import TakeOff
from agent.loyalty.vouchers import usable_voucher
from agent.loyalty.work import Proposal


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

    def propose(self, state: State) -> Proposal | Refusal:
        """Return each line's rebate in minor units."""
        if self._voucher:
            voucher, code, values = usable_voucher(state, (self._voucher,))
            if not voucher:
                return code, values
        lines = state.lines_of(self._scope)
        if not lines:
            return "nothing_in_scope", {}
        taken = self._taken(state, lines)
        room = list(state.amounts)
        if state.has_floors or self._floor:
            for at in lines:
                room[at] = self._room(state, at)
        if self._amount is not None:
            proposal = self._shared(state, self._amount, taken, room)
        else:
            proposal = self._measured(state, taken, room)
        total = proposal.total
        if self._max is not None and total > self._max:
            limits = [int(part) for part in proposal.parts]
            weights = [amount if limits[at] else 0 for at, amount in enumerate(state.amounts)]
            return Proposal(share_out(self._max, weights, limits))
        return proposal if total else ("nothing_in_scope", {})

    def _shared(self, state: State, amount: int, taken: dict[int, Fraction], room: list[int]) -> Proposal:
        weights = [0] * len(room)
        for at, units in taken.items():
            weights[at] = state.amounts[at]
            if self._units is not None:
                weights[at] = int(state.amounts[at] * units / state.units[at])
            room[at] = min(room[at], weights[at])
        return Proposal(share_out(amount, weights, room))

    def _measured(self, state: State, taken: dict[int, Fraction], room: list[int]) -> Proposal:
        parts = [0] * len(room)
        rests: list[Rest] = list(state.rests)
        for at, units in taken.items():
            rest, over = rests[at]
            # Off by `off` of `finer * over` parts: so the rest's denominator grows by factors only.
            if self._percent is None:
                off = self._per_unit.numerator * units.numerator * over
                finer = self._per_unit.denominator * units.denominator
            else:
                off, finer = self._percent.numerator * rest, self._percent.denominator
                if units is not state.units[at]:
                    share = units / state.units[at]
                    off, finer = off * share.numerator, finer * share.denominator
            part = half_up(off, finer * over)
            if part <= room[at]:
                parts[at] = part
                rests[at] = (rest * finer - off, finer * over)
            else:
                parts[at] = room[at]
                rests[at] = (state.amounts[at] - room[at], 1)
        return Proposal(parts, rests)

    def _taken(self, state: State, lines: tuple[int, ...]) -> dict[int, Fraction]:
        """Return how many units of each line count: all, or the dearest `units` of them."""
        if self._units is None:
            return {at: state.units[at] for at in lines}
        left = Fraction(self._units)
        taken: dict[int, Fraction] = {}
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

    def apply(self, state: State, proposal: Proposal) -> None:
        """Take it off, line by line."""
        total = 0
        for at, part in enumerate(proposal.parts):
            if part:
                state.take_off(self._rule, at, int(part))
                rest, over = state.rests[at]
                rests = proposal.rests
                state.rests[at] = (rest - part * over, over) if rests is None else rests[at]
                total += int(part)
        if self._voucher:
            state.vouchers_used.append((self._voucher, usable_voucher(state, (self._voucher,))[0]))
        values: dict[str, object] = {"amount_minor": total}
        if self._percent is not None:
            values["percent"] = self._shown
        state.explain(self._rule, "applied", **values)


def _minor(text: str | None, minor: int) -> int | None:
    return None if text is None else int(exact(text) * minor)
