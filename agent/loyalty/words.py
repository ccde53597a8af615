"""Words and settings of the programme language: which later semantics know, and which defaults hold now."""

_LATER = (
    "partner shop_tag",
    "instrument bought not_bought sequence tier_at_least choice age_at_least tender pays nth draw",
    "set_price cheapest_free each catalogue all_or_nothing into confirm cost_wallet",
    "free stored_value benefit lottery cost spend_order debt offline",
    "measure window downgrade takes_effect max_applications max_per_member max_total",
)
LATER_TABLES = frozenset(("tier", "enrol", "partner", "shop_tag", "prompt"))
LATER = frozenset(word for row in _LATER for word in row.split())
"""Known to the language, not to semantics 1 of this program: a load error of its own, never ignored."""

SETTINGS: dict[str, tuple[str, ...]] = {
    "rounding_mode": ("half_up",),
    "rounding_level": ("line",),
    "rounding_of": ("discount",),
    "percent_chain": ("multiply",),
    "allocate": ("largest_remainder",),
    "cheapest_tie": ("last_line",),
    "free_item": ("one_of_bought",),
    "priority_order": ("higher_first",),
    "points_are": ("tender",),
    "fixed_tax": ("not_discounted",),
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

VERBS = ("take_off", "earn", "multiply", "pay", "give")
STAGE_OF = {"take_off": "line", "earn": "earn", "multiply": "earn", "pay": "pay", "give": "give"}
STAGES_OF = {"take_off": ("line", "receipt")}
