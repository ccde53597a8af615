"""`when` to closures: each answers None if it holds, else the reason's code and values.

The order is that of the answers' use: who, then when and where, then how much is missing.
"""

from datetime import date, timedelta
from math import ceil
from typing import Any

from agent.loyalty.member_conditions import Ground, member_conditions, nth_of
from agent.loyalty.numbers import exact
from agent.loyalty.place_conditions import place_conditions
from agent.loyalty.refusal import Condition, Refusal
from agent.loyalty.state import State
from agent.loyalty.vouchers import usable_voucher
from agent.loyalty.where import Threshold, When

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def conditions_of(when: When, ground: Ground) -> tuple[Condition, ...]:
    """Compile every condition of a `when`; all of them must hold."""
    scopes = ground.scopes
    found: list[Condition] = [*_who(when), *member_conditions(when, ground)]
    if when.code and when.until is not None:
        found.append(_code_in_time(frozenset(_list(when.code)), when.until))
    found += _period(when.from_, when.until)
    if when.days:
        found.append(_days(frozenset(DAYS.index(day) for day in when.days)))
    if when.hours:
        found.append(_hours(_list(when.hours)))
    found += place_conditions(when, scopes.text)
    if when.code:
        found.append(_code(frozenset(_list(when.code))))
    if when.has:
        words: list[Any] = when.has if isinstance(when.has, list) else [when.has]
        found.append(_has(tuple(scopes.number(one) for one in words)))
    if when.not_ is not None:
        found.append(_not(conditions_of(when.not_, ground)))
    if when.amount is not None:
        found.append(_amount(when.amount, scopes.number(when.amount.of), ground.minor))
    if when.quantity is not None:
        found.append(_quantity(when.quantity, scopes.number(when.quantity.of)))
    if when.nth is not None:
        found.append(nth_of(tuple(found), ground.rule, when.nth))
    return tuple(found)


def any_of(ways: list[tuple[Condition, ...]]) -> tuple[Condition, ...]:
    """Return conditions that hold if one of the `ways` does; what the first way lacks is the reason."""
    if len(ways) == 1:
        return ways[0]

    def check(state: State) -> Refusal | None:
        lacking = [next((no for one in way if (no := one(state)) is not None), None) for way in ways]
        return None if None in lacking else lacking[0]

    return (check,)


def member_needed(state: State) -> Refusal | None:
    """Refuse a basket whose customer is unknown: points have no owner."""
    return ("not_identified", {}) if state.member is None else None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _who(when: When) -> list[Condition]:
    found: list[Condition] = []
    if when.identified is not None:
        found.append(_identified(wanted=when.identified))
    if when.card_shown is not None:
        found.append(_card(wanted=when.card_shown))
    if when.voucher:
        found.append(_voucher(frozenset(_list(when.voucher))))
    return found


def _identified(*, wanted: bool) -> Condition:
    return lambda state: None if (state.member is not None) == wanted else ("not_identified", {})


def _card(*, wanted: bool) -> Condition:
    def check(state: State) -> Refusal | None:
        shown = state.member is not None and state.member.card_shown
        return None if shown == wanted else ("card_not_shown", {})

    return check


def _voucher(names: frozenset[str]) -> Condition:
    def check(state: State) -> Refusal | None:
        voucher, code, values = usable_voucher(state, names)
        return None if voucher else (code, values)

    return check


def _period(first: date | None, end: date | None) -> list[Condition]:
    if first is None and end is None:
        return []

    def check(state: State) -> Refusal | None:
        if (first is None or first <= state.day) and (end is None or state.day < end):
            return None
        return "not_in_period", {}

    return [check]


def _days(wanted: frozenset[int]) -> Condition:
    return lambda state: None if state.local.weekday() in wanted else ("not_in_period", {})


def _hours(spans: list[str]) -> Condition:
    limits = [tuple(map(_clock, span.split("-"))) for span in spans]

    def check(state: State) -> Refusal | None:
        now = state.local.hour * 60 + state.local.minute
        for start, end in limits:
            if (start <= now < end) if start < end else (now >= start or now < end):
                return None
        return "not_in_period", {}

    return check


def _clock(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def _code_in_time(codes: frozenset[str], end: date) -> Condition:
    """Tell a customer who shows a code that it ended, rather than that the time is wrong."""
    last = (end - timedelta(days=1)).isoformat()

    def check(state: State) -> Refusal | None:
        late = end <= state.day and not codes.isdisjoint(state.basket.instruments)
        return ("code_expired", {"day": last}) if late else None

    return check


def _code(wanted: frozenset[str]) -> Condition:
    return lambda state: (
        None if not wanted.isdisjoint(state.basket.instruments) else ("missing", {"what": "code"})
    )


def _has(scopes: tuple[int, ...]) -> Condition:
    return lambda state: None if any(map(state.mask, scopes)) else ("nothing_in_scope", {})


def _not(inner: tuple[Condition, ...]) -> Condition:
    def check(state: State) -> Refusal | None:
        met = all(condition(state) is None for condition in inner)
        return ("missing", {"what": "condition"}) if met else None

    return check


def _amount(threshold: Threshold, scope: int, minor: int) -> Condition:
    least = ceil(exact(threshold.at_least) * minor)
    stage = threshold.at or ""

    def check(state: State) -> Refusal | None:
        lacking = least - state.amount_of(scope, stage)
        return None if lacking <= 0 else ("missing", {"what": "amount", "amount_minor": lacking})

    return check


def _quantity(threshold: Threshold, scope: int) -> Condition:
    least = exact(threshold.at_least)

    def check(state: State) -> Refusal | None:
        lacking = least - sum(state.units[at] for at in state.lines_of(scope))
        return None if lacking <= 0 else ("missing", {"what": "quantity", "quantity": ceil(lacking)})

    return check
