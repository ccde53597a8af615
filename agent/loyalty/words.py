"""Words and settings of the programme language: which later semantics know, and which defaults hold now."""

LATER = frozenset(
    {
        *(
            "tier",
            "enrol",
            "partner",
            "prompt",
            "sequence",
            "bought",
            "not_bought",
            "tier_at_least",
            "choice",
        ),
        *("age_at_least", "shop_tag", "tender", "pays", "nth", "draw", "instrument", "set_price"),
        *(
            "cheapest_free",
            "catalogue",
            "into",
            "confirm",
            "free",
            "stored_value",
            "benefit",
            "lottery",
            "cost",
        ),
        *("max_per_member", "max_total", "max_applications", "spend_order", "debt", "offline", "attribute"),
        *("all_or_nothing", "measure", "window", "downgrade", "takes_effect"),
    }
)
"""Known to the language, not to semantics 1 of this program: a load error of its own, never ignored."""

SETTINGS: dict[str, tuple[str, ...]] = {
    "rounding_mode": ("half_up",),
    "rounding_level": ("line",),
    "rounding_of": ("discount",),
    "percent_chain": ("multiply",),
    "allocate": ("largest_remainder",),
    "priority_order": ("higher_first",),
    "points_are": ("tender",),
    "earn_point_paid": ("excluded",),
    "earn_discounts": ("after",),
    "earn_tax": ("incl",),
    "points_rounding": ("floor",),
    "same_receipt_points": ("not_spendable",),
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
