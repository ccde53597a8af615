"""What all checks of a programme share: names that must exist, numbers that must be whole."""

import difflib
from collections.abc import Iterable, Iterator

from agent.errors import Mistake
from agent.loyalty.numbers import exact
from agent.loyalty.programme import Text
from agent.loyalty.where import Scope


def check_whole(number: str | None, digits: int, at: str) -> Iterator[Mistake]:
    """Refuse a number that falls between the smallest units of `digits` decimals."""
    if number is not None and (exact(number) * 10**digits).denominator != 1:
        yield Mistake(at, "too_fine", {"decimals": digits}, f"write at most {digits} decimals")


def check_scope(text: Text, scope: str | Scope, at: str) -> Iterator[Mistake]:
    """Refuse the name of a scope that is not there."""
    if isinstance(scope, str) and scope:
        yield from check_name(scope, text.scope, at, "scope")


def check_name(name: str, known: Iterable[str], at: str, what: str) -> Iterator[Mistake]:
    """Refuse a name that is not `known`, and offer the nearest."""
    if name not in known:
        yield unknown(at, name, known, what)


def unknown(at: str, name: str, known: Iterable[str], what: str) -> Mistake:
    """Return the mistake of a name that is not there, with the nearest that is."""
    nearest = difflib.get_close_matches(name, list(known), n=1)
    remedy = (
        f"did you mean {nearest[0]!r}?" if nearest else f"known {what}s: {', '.join(sorted(known)) or 'none'}"
    )
    return Mistake(at, f"unknown_{what}", {"name": name, "nearest": nearest[0] if nearest else ""}, remedy)
