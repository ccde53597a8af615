"""Conditions of `when` about where and how a sale is made: shop, partner, channel, tender, what was shown."""

from typing import Any

from agent.loyalty.programme import Text
from agent.loyalty.refusal import Condition, Refusal
from agent.loyalty.state import State
from agent.loyalty.where import When


def place_conditions(when: When, text: Text) -> list[Condition]:
    """Compile them; a list means any of its values."""
    found: list[Condition] = []
    if when.partner:
        found.append(_store(_stores(text.partner, when.partner), "partner"))
    if when.shop_tag:
        found.append(_store(_stores(text.shop_tag, when.shop_tag), "shop"))
    if when.channel:
        channels = _names(when.channel)
        found.append(lambda state: None if state.basket.channel in channels else _lacking("channel"))
    if when.tender:
        found.append(_tender(_names(when.tender)))
    if when.instrument:
        found.append(_instrument(_names(when.instrument)))
    return found


def _names(value: str | list[str]) -> frozenset[str]:
    return frozenset([value] if isinstance(value, str) else value)


def _stores(tables: Any, names: str | list[str]) -> frozenset[str]:
    """Return the shops of the named partners or shop tags."""
    return frozenset(store for name in _names(names) for store in tables[name].stores)


def _lacking(what: str) -> Refusal:
    return "missing", {"what": what}


def _store(stores: frozenset[str], what: str) -> Condition:
    return lambda state: None if state.basket.store in stores else _lacking(what)


def _tender(wanted: frozenset[str]) -> Condition:
    """Hold if a part is to be paid so: by the kind of tender, or by the POS's token of a product."""

    def check(state: State) -> Refusal | None:
        for tender in state.basket.planned_tenders:
            if tender.kind in wanted or tender.product in wanted:
                return None
        return _lacking("tender")

    return check


def _instrument(wanted: frozenset[str]) -> Condition:
    def check(state: State) -> Refusal | None:
        if state.member is None:
            return "not_identified", {}
        return None if state.member.instrument in wanted else _lacking("instrument")

    return check
