"""Which words say less than others: a scope within a scope, a `when` within a `when`.

Both answers are careful: True only where it is certain from the words alone.
"""

from datetime import date
from typing import Any

from agent.loyalty.numbers import exact
from agent.loyalty.programme import Rule, Text
from agent.loyalty.where import Scope, When

SAID = ("skus", "groups", "tags", "brands")
DENIED = tuple(f"not_{one}" for one in SAID)
LISTS = (
    "instrument",
    "segment",
    "tier",
    "choice",
    "partner",
    "shop_tag",
    "code",
    "voucher",
    "event",
    "channel",
    "tender",
    "pays",
    "days",
    "hours",
)
"""Conditions that hold for any of their values: fewer values say less."""


def scope_of(text: Text, word: str | Scope) -> Scope:
    """Return the scope that a word means; empty is every line, and so is a name that stands nowhere."""
    return text.scope.get(word, Scope()) if isinstance(word, str) else word


def is_scope_within(inner: Scope, outer: Scope) -> bool:
    """Return whether every line of `inner` is certainly one of `outer`."""
    said = all(
        _is_part(getattr(inner, key), getattr(outer, key)) for key in SAID if getattr(outer, key) != []
    )
    denied = all(set(getattr(outer, key)) <= set(getattr(inner, key)) for key in DENIED)
    low, high = outer.price_from, outer.price_to
    from_ = low is None or (inner.price_from is not None and exact(inner.price_from) >= exact(low))
    to = high is None or (inner.price_to is not None and exact(inner.price_to) <= exact(high))
    return said and denied and from_ and to and (inner.not_discounted or not outer.not_discounted)


def is_rule_within(text: Text, inner: Rule, outer: Rule) -> bool:
    """Return whether `outer` certainly speaks wherever `inner` does, and on all its lines."""
    if not is_scope_within(scope_of(text, inner.scope), scope_of(text, outer.scope)):
        return False
    return all(any(is_when_within(one, way) for way in outer.alternatives) for one in inner.alternatives)


def is_when_within(inner: When, outer: When) -> bool:
    """Return whether `outer` certainly holds where `inner` does."""
    for key in When.__struct_fields__:
        wide, narrow = getattr(outer, key), getattr(inner, key)
        if key in {"from_", "until"}:
            if not _is_period_within(inner, outer, key):
                return False
        elif wide in (None, [], ""):
            continue
        elif key in LISTS:
            if not _is_part(narrow, wide):
                return False
        elif wide != narrow:
            return False
    return True


def values(word: Any) -> list[Any]:
    """Return the values of a condition that is one word or a list of them."""
    return word if isinstance(word, list) else [word] if word else []


def _is_part(inner: Any, outer: Any) -> bool:
    return bool(inner) and set(values(inner)) <= set(values(outer))


def _is_period_within(inner: When, outer: When, key: str) -> bool:
    wide: date | None = getattr(outer, key)
    narrow: date | None = getattr(inner, key)
    if wide is None:
        return True
    return narrow is not None and (narrow >= wide if key == "from_" else narrow <= wide)
