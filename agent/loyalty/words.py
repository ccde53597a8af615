"""Words and settings of the programme language: which later semantics know, and which defaults hold now."""

from collections.abc import Mapping

from agent.loyalty.grammar import Stage

_LATER = (
    "bought not_bought sequence tier_at_least choice age_at_least nth draw",
    "catalogue all_or_nothing into confirm cost_wallet",
    "stored_value benefit lottery cost spend_order debt offline",
    "measure window downgrade takes_effect max_per_member max_total",
)
LATER_TABLES = frozenset(("tier", "enrol", "prompt"))
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
    "points_are": ("tender",),
    "fixed_tax": ("not_discounted", "discounted"),
    "earn_point_paid": ("excluded",),
    "earn_discounts": ("after",),
    "earn_tax": ("incl",),
    "earn_stored_value_paid": ("included",),
    "points_rounding": ("floor",),
    "same_receipt_points": ("not_spendable",),
    "takes_effect": ("next_receipt",),
    "downgrade": ("to_earned",),
    "spend_order": ("expires_first",),
    "returns": ("prorate",),
    "returned_expired_lot": ("keep",),
    "debt": ("allow_negative",),
    "unknown_card_offline": ("earn_pending", "none"),
}
"""Each setting's values that this program can follow, the default first."""


def setting(settings: Mapping[str, str], name: str) -> str:
    """Return what a programme says, or the default.

    >>> setting({}, "debt"), setting({"debt": "cap_at_zero"}, "debt")
    ('allow_negative', 'cap_at_zero')
    """
    return settings.get(name) or SETTINGS[name][0]


VERBS = ("take_off", "earn", "multiply", "pay", "give")
STAGE_OF: dict[str, Stage] = {
    "take_off": "line",
    "earn": "earn",
    "multiply": "earn",
    "pay": "pay",
    "give": "give",
}
STAGES_OF: dict[str, tuple[Stage, ...]] = {"take_off": ("price", "line", "bundle", "receipt")}
BUNDLE_STAGES: tuple[Stage, ...] = ("bundle", "receipt")
DISCOUNT_STAGES: tuple[Stage, ...] = ("price", "line", "bundle", "receipt", "free")
"""What rules of these stages give is money off, so that a reason can say how much one saves."""
