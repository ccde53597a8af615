"""Baskets, members and moments as Hypothesis draws them: everything that is well formed, however odd."""

from datetime import UTC, date, datetime
from typing import Any

import msgspec
from hypothesis import strategies as st

from agent.loyalty.basket import Basket, Line, ReturnOf, Tax, Tender
from agent.loyalty.member import CountFacts, Lot, MemberEvent, MemberFacts, Voucher, WalletFacts
from tests.loyalty.made_programmes import (
    BRANDS,
    CHANNELS,
    CHOICES,
    CODES,
    EVENTS,
    GROUPS,
    SEGMENTS,
    SKUS,
    STORES,
    TAGS,
    TENDERS,
    TIERS,
    VOUCHERS,
    WALLETS,
)

AMOUNTS = st.integers(1, 30_000) | st.sampled_from([0, 1, 2, 33, 99, 100, 1_000, 10_000_000_000])
QUANTITIES = st.sampled_from(["1", "1", "1", "2", "3", "5", "11", "0.355", "0.000001", "0", "-1"])
DATES = st.sampled_from([None, date(2026, 11, 23), date(2026, 11, 24), date(2026, 11, 25), date(2027, 1, 31)])
NOW = datetime(2026, 11, 24, 15, tzinfo=UTC)
MOMENTS = st.sampled_from(
    [NOW, datetime(2026, 11, 24, 22, 30, tzinfo=UTC), datetime(2026, 12, 31, 23, 59, tzinfo=UTC),
     datetime(2027, 1, 1, tzinfo=UTC), datetime(2028, 2, 29, 12, tzinfo=UTC)]
)  # fmt: skip
INSTANTS = st.sampled_from([None, NOW, datetime(2026, 11, 24, 16, tzinfo=UTC)])
MEASURES = ("", ":2026", ":2025", ":2026-11", ":2026-11-24", ":2026-11-20", ":2027-01-01")
TAXES = st.sampled_from([None, Tax("20"), Tax("10", included=False), Tax("0", fixed_minor=7)])
FIELDS = {field: field in MemberFacts.__struct_fields__ for field in ("instrument",)}


@st.composite
def lines(draw: st.DrawFn, number: int, *, returns: bool) -> Line:
    """Draw one line; `returns` lets some come back, or be negative."""
    amount = draw(AMOUNTS)
    back = None
    if returns and draw(st.integers(0, 7)) == 0:
        amount, back = -amount, draw(st.none() | st.just(ReturnOf("old", 1)))
    more: dict[str, Any] = {}
    if "attributes" in Line.__struct_fields__ and draw(st.booleans()):
        more["attributes"] = {"distance": draw(st.sampled_from(["0", "1234.5", "0.000001"]))}
    return Line(
        number,
        draw(st.sampled_from(SKUS)),
        amount,
        draw(st.sampled_from(["", *GROUPS])),
        draw(st.lists(st.sampled_from(TAGS), max_size=2, unique=True)),
        draw(st.sampled_from(["", *BRANDS])),
        quantity=draw(QUANTITIES) if returns else draw(st.sampled_from(["1", "2", "3", "0.355"])),
        unit_price_minor=draw(st.none() | st.integers(0, 5_000)),
        pos_discount_minor=draw(st.sampled_from([0, 0, 0, 50])),
        floor_price_minor=draw(st.sampled_from([None, None, 0, 10, 500])),
        tax=draw(TAXES),
        returns=back,
        **more,
    )


@st.composite
def baskets(draw: st.DrawFn, *, returns: bool = True) -> Basket:
    """Draw a basket, an exchange, or an event without lines."""
    sold = [draw(lines(number, returns=returns)) for number in range(1, draw(st.integers(0, 5)) + 1)]
    wishes = st.dictionaries(
        st.sampled_from([*WALLETS, "gift"]), st.just("max") | st.integers(0, 5_000), max_size=3
    )
    tender = st.builds(
        Tender, st.sampled_from(TENDERS), st.integers(0, 1_000), st.sampled_from(["", "token"])
    )
    return Basket(
        "r",
        NOW,
        draw(st.sampled_from(STORES)),
        "t",
        draw(st.sampled_from(["EUR", "EUR", "EUR", "EUR", "EUR", "EUR", "USD"])),
        sold,
        channel=draw(st.sampled_from(["", *CHANNELS])),
        instruments=draw(st.lists(st.sampled_from(CODES), max_size=2)),
        redeem=draw(wishes),
        planned_tenders=draw(st.lists(tender, max_size=2)),
        event=draw(st.sampled_from(["", "", *EVENTS])),
    )


lots = st.builds(Lot, st.sampled_from(["l1", "l2", "l3"]), st.integers(-500, 5_000), DATES, DATES, INSTANTS)
events = st.builds(MemberEvent, st.sampled_from(EVENTS), DATES, DATES)
held_vouchers = st.builds(
    Voucher, st.sampled_from(VOUCHERS), st.sampled_from(["a", "b", "c"]), DATES, DATES, INSTANTS
)
count_facts = st.builds(CountFacts, st.integers(-2, 50), DATES, st.integers(0, 4), st.integers(0, 60))
rule_names = st.sampled_from([f"r{number}" for number in range(7)])


@st.composite
def members(draw: st.DrawFn) -> MemberFacts:
    """Draw what may be known of a member, plausible or not."""
    spans = st.builds(
        WalletFacts,
        st.lists(lots, max_size=3, unique_by=lambda lot: lot.lot),
        st.sampled_from([None, None, 0, 100, 5_000]),
    )
    totals = rule_names.map(lambda one: f"total:{one}")
    keys = st.tuples(st.sampled_from(TIERS), st.sampled_from(MEASURES)).map("".join)
    history = st.lists(st.sampled_from(["2026-11-24", "2026-11-20", "2025-01-01", "0", "1"]), max_size=3)
    history_keys = st.tuples(rule_names, st.sampled_from(["", "!not"])).map("".join)
    facts = MemberFacts(
        "m",
        tier=draw(st.sampled_from(["", *TIERS, "unheard"])),
        segments=draw(st.lists(st.sampled_from(SEGMENTS), max_size=2)),
        choices=draw(st.lists(st.sampled_from(CHOICES), max_size=1)),
        events=draw(st.lists(events, max_size=2)),
        of_age_from=draw(st.sampled_from([{}, {"18": date(2026, 11, 24)}, {"16": date(2026, 11, 25)}])),
        wallets=draw(st.dictionaries(st.sampled_from([*WALLETS, "gift", "gone"]), spans, max_size=3)),
        counts=draw(st.dictionaries(rule_names | totals, count_facts, max_size=3)),
        measures=draw(st.dictionaries(keys, st.integers(-100, 400_000), max_size=4)),
        history=draw(st.dictionaries(history_keys, history, max_size=2)),
        vouchers=draw(st.lists(held_vouchers, max_size=3, unique_by=lambda one: one.id)),
        card_shown=draw(st.booleans()),
    )
    more = {
        name: draw(st.sampled_from(["", "plastic", "app"])) for name, is_known in FIELDS.items() if is_known
    }
    return msgspec.structs.replace(facts, **more)
