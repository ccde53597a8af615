"""Words and settings of the programme language: which later semantics know, and which defaults hold now."""

import re
from collections.abc import Mapping

from agent.loyalty.grammar import Stage

_LATER = ("offline",)
LATER_TABLES: frozenset[str] = frozenset()
LATER = frozenset(word for row in _LATER for word in row.split())
"""Known to the language, not to semantics 1 of this program: a load error of its own, never ignored."""

SETTINGS: dict[str, tuple[str, ...]] = {
    "rounding_mode": ("half_up", "half_even", "down"),
    "rounding_level": ("line", "unit", "receipt"),
    "rounding_of": ("discount", "net"),
    "percent_chain": ("multiply", "add"),
    "allocate": ("largest_remainder", "last_line", "first_line", "first_units"),
    "cheapest_tie": ("last_line", "first_line"),
    "free_item": ("one_of_bought", "on_top"),
    "priority_order": ("higher_first", "lower_first"),
    "points_are": ("tender", "discount"),
    "fixed_tax": ("not_discounted", "discounted"),
    "earn_point_paid": ("excluded", "included", "whole_receipt"),
    "earn_discounts": ("after", "before"),
    "earn_tax": ("incl", "excl"),
    "earn_stored_value_paid": ("included", "excluded"),
    "points_rounding": ("floor", "half_up"),
    "same_receipt_points": ("not_spendable", "spendable"),
    "takes_effect": ("next_receipt", "this_receipt"),
    "downgrade": ("to_earned", "one_step", "never"),
    "spend_order": ("expires_first", "oldest"),
    "returns": ("prorate", "recompute"),
    "returned_expired_lot": ("keep", "extend:P14D"),
    "debt": ("allow_negative", "cap_at_zero", "deduct_from_refund"),
    "returns_without_original": ("nothing", "as_if_sold"),
    "unknown_card_offline": ("earn_pending", "none"),
}
"""Each setting's values that this program can follow, the default first."""


def setting(settings: Mapping[str, str], name: str) -> str:
    """Return what a programme says, or the default.

    >>> setting({}, "debt"), setting({"debt": "cap_at_zero"}, "debt")
    ('allow_negative', 'cap_at_zero')
    """
    return settings.get(name) or SETTINGS[name][0]


def is_value(name: str, value: str) -> bool:
    """Return whether a setting may have that value; the days in "extend:P14D" are free."""
    if name == "returned_expired_lot" and value.startswith("extend:"):
        return re.fullmatch(r"P[0-9]{1,4}[DWM]", value.removeprefix("extend:")) is not None
    return value in SETTINGS[name]


VERBS = ("take_off", "earn", "multiply", "pay", "give")
STAGE_OF: dict[str, Stage] = {
    "take_off": "line",
    "earn": "earn",
    "multiply": "earn",
    "pay": "pay",
    "give": "give",
}
TAKE_OFF_STAGES: tuple[Stage, ...] = ("price", "line", "bundle", "receipt")
BUNDLE_STAGES: tuple[Stage, ...] = ("bundle", "receipt")
DISCOUNT_STAGES: tuple[Stage, ...] = (*TAKE_OFF_STAGES, "free")
"""What rules of these stages give is money off, so that a reason can say how much one saves."""
