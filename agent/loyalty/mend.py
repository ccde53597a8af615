"""A broken programme text with its broken tables taken out, so that the rest can be checked as well.

A name that stood in the file stays known: nobody should read that a wallet is missing because its
`value` is mistyped.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from agent.errors import Mistake
from agent.loyalty.programme import Text

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
    """Return what is left of `plain` without the tables that hold mistakes, None if that is no text."""
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
