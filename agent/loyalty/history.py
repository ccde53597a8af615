"""What a receipt adds to a member's history: days on which goods of a rule were bought, steps of a sequence.

Kept only for rules that ask (`bought`, `not_bought`, `sequence`), so a till knows no more than it must.
"""

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from agent.loyalty.programme import Text
from agent.loyalty.quote import Noted
from agent.loyalty.scopes import ScopeCompiler
from agent.loyalty.state import State
from agent.loyalty.where import When


class Watch(NamedTuple):
    """A rule's history: days on which goods of the one scope are bought, or steps through several."""

    rule: str
    scopes: tuple[int, ...]
    is_sequence: bool = False


def watches_of(text: Text, scopes: ScopeCompiler) -> list[Watch]:
    """Return what the rules and prompts of a programme watch for, by name."""
    asking = [(rule, when) for rule, word in text.rule.items() for when in word.alternatives]
    asking += [(f"prompt.{name}", word.when) for name, word in text.prompt.items()]
    found = [watch for rule, when in asking for one in all_of(when) for watch in _of(rule, one, scopes)]
    return sorted(found)


def all_of(when: When) -> Iterator[When]:
    """Return a `when` and those it negates."""
    current: When | None = when
    while current is not None:
        yield current
        current = current.not_


def noted(state: State, watches: list[Watch]) -> list[Noted]:
    """Return what this receipt adds; nobody's receipt adds nothing."""
    if state.member is None:
        return []
    found = []
    for watch in watches:
        step = next_step(state, watch.rule, len(watch.scopes)) if watch.is_sequence else 0
        if state.mask(watch.scopes[step]):
            value = str(step) if watch.is_sequence else state.day.isoformat()
            found.append(Noted(watch.rule, value))
    return found


def next_step(state: State, rule: str, steps: int) -> int:
    """Return which step of a sequence comes next, 0 for the first."""
    kept = state.member.history.get(rule, ()) if state.member else ()
    last = kept[-1] if kept else ""
    return (int(last) + 1) % steps if last.isascii() and last.isdigit() else 0


def parsed_day(text: str) -> date | None:
    """Return the day a history names, None for what is no day."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def history_key(when: When, rule: str) -> str:
    """Return under which name a rule's `not_bought` keeps its days: its own unless it has `bought` too."""
    return f"{rule}!not" if when.bought is not None else rule


def _of(rule: str, when: When, scopes: ScopeCompiler) -> Iterator[Watch]:
    if when.bought is not None:
        yield Watch(rule, (scopes.number(when.bought.scope),))
    if when.not_bought is not None:
        yield Watch(history_key(when, rule), (scopes.number(when.not_bought.scope),))
    if when.sequence:
        yield Watch(rule, tuple(scopes.number(one) for one in when.sequence), is_sequence=True)
