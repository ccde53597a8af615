"""A broken programme text mended as far as one can guess, so that the rest can be checked as well.

A mistyped key is read as the nearest one, a wrong value as a harmless one; what is still broken is taken out
whole.  A name that stood in the file stays known: nobody should read that a wallet is missing because its
`value` is mistyped.
"""

from collections.abc import Iterable, Iterator
from copy import deepcopy
from typing import Any

import msgspec

from agent.documents import mistakes_in
from agent.errors import Mistake
from agent.loyalty.language.programme import Text

_HEAD = {"id": "x", "version": 1, "currency": "EUR", "time_zone": "UTC"}
_STAND_INS: dict[str, dict[str, Any]] = {
    "scope": {},
    "wallet": {"value": "1"},
    "group": {},
    "partner": {},
    "tier": {"measure": "spend", "at_least": 1},
    "shop_tag": {"stores": ["x"]},
    "voucher": {"take_off": {"percent": "1"}},
}


def mended(plain: dict[str, Any], mistakes: Iterable[Mistake]) -> Text | None:
    """Return what `plain` would be without its mistakes, None if that is no text."""
    patched = deepcopy(plain)
    for one in mistakes:
        _patch(patched, one)
    return _without(patched, mistakes_in(patched, Text))


def guessed(mistakes: Iterable[Mistake]) -> Iterator[str]:
    """Yield the pointers at which `mended` had to make a value up: what it says around them means nothing."""
    return (one.pointer for one in mistakes if one.code != "float_refused" and not one.values.get("nearest"))


def _patch(left: dict[str, Any], mistake: Mistake) -> None:
    *path, key = mistake.pointer.split("/")[1:]
    at: Any = left
    for part in path:
        at = at.get(part) if isinstance(at, dict) else None
    if not isinstance(at, dict) or key not in at:
        return  # a list, or a table that is missing: taken out below
    value = at.pop(key)
    if mistake.code == "unknown_field":
        if nearest := str(mistake.values.get("nearest", "")):
            at.setdefault(nearest, value)
    elif mistake.code == "float_refused":
        at[key] = str(value)
    elif path == ["programme"]:
        at |= {key: _HEAD[key]} if key in _HEAD else {}
    elif isinstance(value, str | int) and not isinstance(value, bool):
        at[key] = type(value)(1)


def _without(plain: dict[str, Any], mistakes: Iterable[Mistake]) -> Text | None:
    """Return `plain` without the tables that hold mistakes."""
    broken = {tuple(one.pointer.split("/")[1:3]) for one in mistakes}
    left: dict[str, Any] = {}
    for table, content in plain.items():
        if (table,) in broken or not isinstance(content, dict):
            continue
        if table == "programme":
            left[table] = content if not any(one[0] == table for one in broken) else _HEAD
            continue
        left[table] = {
            key: _STAND_INS[table] if (table, key) in broken else value
            for key, value in content.items()
            if (table, key) not in broken or table in _STAND_INS
        }
    left.setdefault("programme", _HEAD)
    try:
        return msgspec.convert(left, Text)
    except msgspec.ValidationError:
        return None
