"""The part of `when` that asks about the member: who it is, what came before, what luck or wish it has."""

from collections.abc import Callable
from typing import NamedTuple

from agent.loyalty.days import after
from agent.loyalty.draws import is_drawn
from agent.loyalty.history import history_key, next_step, parsed_day
from agent.loyalty.refusal import Condition, Refusal
from agent.loyalty.scopes import ScopeCompiler
from agent.loyalty.state import State
from agent.loyalty.where import Bought, When


class Ground(NamedTuple):
    """What conditions of one rule stand on: its name, the scopes, the ranks of tiers, minor units."""

    rule: str
    scopes: ScopeCompiler
    ranks: dict[str, int]
    minor: int


def member_conditions(when: When, ground: Ground) -> list[Condition]:
    """Compile the conditions about the member, but `nth`, which asks whether all others hold."""
    found: list[Condition] = []
    for words, make in (
        (when.segment, _segment),
        (when.tier, _tier),
        (when.choice, _choice),
        (when.event, _event),
        (when.pays, _pays),
    ):
        if words:
            found.append(make(frozenset([words] if isinstance(words, str) else words)))
    if when.tier_at_least:
        found.append(_tier_at_least(when.tier_at_least, ground.ranks))
    if when.age_at_least is not None:
        found.append(_age(str(when.age_at_least)))
    if when.bought is not None:
        found.append(_bought(when.bought, ground.rule, wanted=True))
    if when.not_bought is not None:
        found.append(_bought(when.not_bought, history_key(when, ground.rule), wanted=False))
    if when.sequence:
        found.append(_sequence(ground.rule, tuple(ground.scopes.number(one) for one in when.sequence)))
    if when.draw is not None:
        found.append(_draw(ground.rule, when.draw.one_in))
    return found


def known_member(check: Callable[[State], Refusal | None]) -> Condition:
    """Return a condition that holds for nobody unknown."""
    return lambda state: ("not_identified", {}) if state.member is None else check(state)


def _segment(names: frozenset[str]) -> Condition:
    def check(state: State) -> Refusal | None:
        held = state.member.segments if state.member else ()
        return None if not names.isdisjoint(held) else ("wrong_segment", {})

    return known_member(check)


def _tier(names: frozenset[str]) -> Condition:
    def check(state: State) -> Refusal | None:
        tier = state.points.asked.tier
        return None if tier in names else ("wrong_tier", {"tier": tier})

    return known_member(check)


def _tier_at_least(name: str, ranks: dict[str, int]) -> Condition:
    def check(state: State) -> Refusal | None:
        tier = state.points.asked.tier
        return None if ranks.get(tier, -1) >= ranks[name] else ("wrong_tier", {"tier": tier})

    return known_member(check)


def _choice(names: frozenset[str]) -> Condition:
    def check(state: State) -> Refusal | None:
        held = state.member.choices if state.member else ()
        return None if not names.isdisjoint(held) else ("missing", {"what": "choice"})

    return known_member(check)


def _age(years: str) -> Condition:
    """Ask for an age by the day it is reached: the till holds no birth dates."""

    def check(state: State) -> Refusal | None:
        day = state.member.of_age_from.get(years) if state.member else None
        if day is not None and day <= state.day:
            return None
        return "missing", {"what": "age", "age": int(years)}

    return known_member(check)


def _event(wanted: frozenset[str]) -> Condition:
    """Hold at an act of that name, and while one holds for the member (a birthday, made by head office)."""

    def check(state: State) -> Refusal | None:
        if state.basket.event in wanted:
            return None
        for one in state.member.events if state.member is not None else ():
            begun = one.from_ is None or one.from_ <= state.day
            if one.event in wanted and begun and (one.until is None or state.day < one.until):
                return None
        return "missing", {"what": "event"}

    return check


def _pays(wallets: frozenset[str]) -> Condition:
    """Hold where paying with one of the wallets is asked for, whether or not it will be possible."""

    def check(state: State) -> Refusal | None:
        wishes = state.points.asked.requests
        return None if any(wishes.get(one) for one in wallets) else ("missing", {"what": "pays"})

    return check


def _bought(word: Bought, key: str, *, wanted: bool) -> Condition:
    def check(state: State) -> Refusal | None:
        days = state.member.history.get(key, ()) if state.member else ()
        day = state.day.isoformat()
        met = any(one <= day and (word.within is None or _ends(one, word.within) >= day) for one in days)
        return None if met == wanted else ("missing", {"what": "bought" if wanted else "not_bought"})

    return known_member(check)


def _ends(day: str, within: str) -> str:
    """Return the last day that is `within` so long of a kept day; of what is no day, none."""
    found = parsed_day(day)
    return after(found, within).isoformat() if found is not None else ""


def _sequence(rule: str, scopes: tuple[int, ...]) -> Condition:
    """Hold on the receipt that takes the last step, each step being on a receipt of its own."""

    def check(state: State) -> Refusal | None:
        step = next_step(state, rule, len(scopes))
        here = bool(state.mask(scopes[step]))
        if here and step == len(scopes) - 1:
            return None
        return "missing", {"what": "sequence", "step": step + here, "of": len(scopes)}

    return known_member(check)


def _draw(rule: str, one_in: int) -> Condition:
    def check(state: State) -> Refusal | None:
        drawn = is_drawn(state.points.asked.draw, rule, one_in)
        return None if drawn else ("missing", {"what": "draw"})

    return check


def nth_of(others: tuple[Condition, ...], rule: str, nth: int) -> Condition:
    """Hold on every nth receipt of the member on which the other conditions hold; each such one counts."""

    def check(state: State) -> Refusal | None:
        if any(other(state) is not None for other in others):
            return None  # they have said why
        if not state.lines_of(0):
            return "nothing_in_scope", {}
        state.points.visits[rule] = nth
        counted = state.member.counts.get(rule) if state.member else None
        lacking = nth - 1 - (counted.position if counted else 0) % nth
        return None if lacking == 0 else ("missing", {"what": "visits", "visits": lacking})

    return known_member(check)
