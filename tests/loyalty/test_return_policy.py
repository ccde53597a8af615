"""Returns by policy; and by every policy all parts together undo the sale, in any order."""

from datetime import date
from typing import NamedTuple

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.loyalty.basket import Basket, Line, ReturnOf
from agent.loyalty.lots import returned_expiry
from agent.loyalty.member import CountFacts, Lot, MemberFacts, Voucher, WalletFacts
from agent.loyalty.quote import Counted, Noted, Spent
from agent.loyalty.return_policy import Sale, effects_by_policy, with_debt, without_original
from agent.loyalty.returns import ReturnEffects, effects_of
from tests.loyalty.book import Book
from tests.loyalty.desk import AT, compiled

CLUB = """[settings]
returns = "{returns}"
[wallet.money]
value = "0.01"
[wallet.gift]
kind = "stored_value"
[tier]
regular = {{ measure = "spend", window = "calendar_year", at_least = "100.00" }}
lover = {{ measure = "units", scope = {{ groups = ["g"] }}, at_least = 5 }}
guest = {{ measure = "receipts", window = "P30D", at_least = 3 }}
[voucher.v]
take_off = {{ amount = "3.00" }}
[rule.earn]
earn = {{ wallet = "money", points = "7" }}
[rule.visit]
earn = {{ wallet = "p", per = "receipt", points = "11" }}
[rule.large]
stage = "receipt"
when = {{ amount = {{ at_least = "40.00" }} }}
take_off = {{ percent = "10" }}
[rule.pay]
pay = {{ wallet = "money", max_share = "0.5" }}
[rule.value]
pay = {{ wallet = "gift" }}
[rule.stamps]
scope = {{ groups = ["g"] }}
count = {{ of = "units", size = 4 }}
give = {{ voucher = "v" }}
[rule.visits]
count = {{ of = "visits", size = 2 }}
give = {{ lot = {{ wallet = "p", points = 50 }} }}
[rule.card]
give = {{ stored_value = "5.00", wallet = "gift", cost = 20, cost_wallet = "p" }}
[rule.again]
when = {{ bought = {{ scope = {{ groups = ["g"] }} }} }}
max_per_member = 5
take_off = {{ percent = "5" }}
[rule.third]
when = {{ nth = 3 }}
give = {{ benefit = "tea" }}
"""
POLICIES = {policy: compiled(CLUB.format(returns=policy)) for policy in ("prorate", "recompute")}
LINES = st.tuples(st.integers(1, 5000), st.sampled_from("gh"), st.sampled_from(["1", "2", "3", "0.355"]))
DAY = date(2026, 11, 24)


@st.composite
def baskets(draw: st.DrawFn) -> Basket:
    lines = [
        Line(number, f"s{number}", amount, group, quantity=quantity)
        for number, (amount, group, quantity) in enumerate(draw(st.lists(LINES, min_size=1, max_size=4)), 1)
    ]
    if draw(st.booleans()):
        lines.append(Line(9, "old", -300, returns=ReturnOf("earlier", 1)))
    redeem: dict[str, int | str] = draw(
        st.sampled_from([{}, {"money": "max", "gift": "max"}, {"money": 250}])
    )
    return Basket("r", AT, "s", "t", "EUR", lines, redeem=redeem)


@st.composite
def members(draw: st.DrawFn) -> MemberFacts:
    points = st.integers(0, 3000)
    wallets = {name: WalletFacts([Lot(name, draw(points))]) for name in ("money", "p", "gift")}
    return MemberFacts(
        "m",
        wallets=wallets,
        counts={
            "stamps": CountFacts(draw(st.integers(0, 3)), None, 0, 9),
            "third": CountFacts(draw(st.integers(0, 2)), None, 0, 9),
        },
        measures={"regular:2026": draw(st.integers(0, 12_000)), "guest:2026-11-20": draw(st.integers(0, 3))},
        history={"again": draw(st.sampled_from([[], ["2026-01-01"]]))},
        vouchers=draw(st.sampled_from([[], [Voucher("v", "held")]])),
    )


@given(baskets(), members(), st.sampled_from(sorted(POLICIES)), st.data())
@settings(max_examples=60)
def test_all_partial_returns_in_any_order_leave_the_member_as_before_the_sale(
    basket: Basket, member: MemberFacts, policy: str, data: st.DataObject
) -> None:
    book = Book(POLICIES[policy], member)
    before = book.totals()
    quote = book.buy(basket, AT)
    sale = Sale(basket, quote, member, AT)
    sold = {line.line: line.amount_minor for line in basket.lines if line.amount_minor > 0}
    back: dict[int, int] = {}
    refund = 0
    for last in (False, False, True):
        now = {
            line: left if last else data.draw(st.integers(0, left))
            for line, amount in sold.items()
            if (left := amount - back.get(line, 0))
        }
        effects = effects_by_policy(book.programme, sale, back, now)
        book.take_back(quote, effects, DAY)
        refund += effects.refund_minor
        back = {line: back.get(line, 0) + now.get(line, 0) for line in sold}
    assert book.totals() == before
    assert refund == quote.due_minor - min(
        0, sum(line.amount_minor for line in basket.lines if line.amount_minor < 0)
    )
    assert effects_by_policy(book.programme, sale, sold, sold) == ReturnEffects()


class Shop(NamedTuple):
    """A sale of two lines under a programme."""

    basket: Basket
    sale: Sale
    book: Book


def shop(policy: str, *lines: Line, member: MemberFacts | None = None) -> Shop:
    book = Book(POLICIES[policy], member or MemberFacts("m"))
    facts = book.facts
    basket = Basket("r", AT, "s", "t", "EUR", list(lines))
    return Shop(basket, Sale(basket, book.buy(basket, AT), facts, AT), book)


def test_a_recomputed_return_takes_back_the_discount_that_the_rest_would_not_get() -> None:
    lines = Line(1, "a", 3000, "h"), Line(2, "b", 1000, "h")
    prorated, recomputed = (shop(policy, *lines) for policy in ("prorate", "recompute"))
    assert prorated.sale.quote.due_minor == 3600
    half = {2: 1000}
    assert effects_by_policy(prorated.book.programme, prorated.sale, {}, half).refund_minor == 900
    assert effects_by_policy(recomputed.book.programme, recomputed.sale, {}, half).refund_minor == 600


def test_a_reward_goes_as_soon_as_the_count_no_longer_reaches_it() -> None:
    member = MemberFacts("m", counts={"stamps": CountFacts(2)})
    stamps = shop("prorate", Line(1, "a", 700, "g", quantity="7"), member=member)
    assert [one.name for one in stamps.sale.quote.gives if one.rule == "stamps"] == ["v", "v"]
    first = effects_of(stamps.basket, stamps.sale.quote, {}, {1: 100})
    places = [at for at, one in enumerate(stamps.sale.quote.gives) if one.rule == "stamps"]
    assert (first.counts, first.gives) == ({"stamps": 1}, [])
    assert effects_of(stamps.basket, stamps.sale.quote, {1: 100}, {1: 100}).gives == [places[1]]
    assert effects_of(stamps.basket, stamps.sale.quote, {1: 200}, {1: 400}).gives == [places[0]]


def test_measures_come_back_line_by_line_and_the_day_with_the_last_goods() -> None:
    goods = shop("prorate", Line(1, "a", 1000, "g"), Line(2, "b", 500, "h"))
    part = effects_of(goods.basket, goods.sale.quote, {}, {1: 1000})
    assert part.measures == {"regular:2026": 1000, "lover": 1000}
    assert part.noted == []
    last = effects_of(goods.basket, goods.sale.quote, {1: 1000}, {2: 500})
    assert (last.measures, last.noted) == (
        {"regular:2026": 500, "guest:2026-11-24": 1},
        [Noted("again", "2026-11-24")],
    )


def test_points_turned_into_cash_are_no_goods_and_counts_without_a_size_have_no_rewards() -> None:
    goods = shop("prorate", Line(1, "a", 1000, "h"))
    quote = msgspec.structs.replace(
        goods.sale.quote,
        spent=[Spent("cash", "money", 100, 100, "cash"), Spent("card", "p", 20)],
        counts=[Counted("old", 2, 1)],
    )
    whole = effects_of(goods.basket, quote, {}, {1: 1000})
    assert (whole.spent, whole.counts, whole.rewards) == ({"p": 20}, {"old": 2}, {})


@pytest.mark.parametrize(
    ("policy", "earned", "refund", "deducted"),
    [
        ("allow_negative", {"money": 70}, 1000, 0),
        ("cap_at_zero", {"money": 30}, 1000, 0),
        ("deduct_from_refund", {"money": 30}, 960, 40),
    ],
)
def test_points_that_are_gone_are_owed_forgiven_or_paid_by_the_refund(
    policy: str, earned: dict[str, int], refund: int, deducted: int
) -> None:
    programme = compiled(f'[settings]\ndebt = "{policy}"\n[wallet.money]\nvalue = "0.01"\n').programme
    settled = with_debt(ReturnEffects(1000, {"money": 70}), programme, {"money": 30})
    assert (settled.earned, settled.refund_minor, settled.deducted_minor) == (earned, refund, deducted)
    enough = with_debt(ReturnEffects(1000, {"money": 70}, {"money": 20}), programme, {"money": 50})
    assert enough.earned == {"money": 70}


def test_a_refund_pays_for_points_only_as_far_as_it_goes_and_only_if_they_have_a_value() -> None:
    text = '[settings]\ndebt = "cap_at_zero"\n[wallet.money]\nvalue = "0.01"\ndebt = "deduct_from_refund"\n'
    programme = compiled(text).programme
    assert with_debt(ReturnEffects(25, {"money": 70}), programme, {}).earned == {"money": 45}
    assert with_debt(ReturnEffects(25, {"p": 70}), programme, {}).earned == {}
    free = compiled('[settings]\ndebt = "deduct_from_refund"\n').programme
    assert with_debt(ReturnEffects(25, {"p": 70}), free, {}) == ReturnEffects(25, {"p": 70})


def test_goods_without_their_receipt_take_out_what_they_would_earn_or_nothing() -> None:
    rule = '[rule.e]\nearn = { points = "1" }\n'
    back = [
        Line(1, "a", -1000, quantity="-2"),
        Line(2, "b", -500, returns=ReturnOf("r0", 1)),
        Line(3, "c", 800),
    ]
    basket = Basket("r", AT, "s", "t", "EUR", back)
    policy = compiled(f'[settings]\nreturns_without_original = "as_if_sold"\n{rule}')
    assert without_original(policy, MemberFacts("m"), basket, AT) == ReturnEffects(earned={"p": 10})
    assert without_original(policy, None, basket, AT) == ReturnEffects()
    assert without_original(compiled(rule), MemberFacts("m"), basket, AT) == ReturnEffects()


def test_points_come_back_into_a_lot_that_is_over_or_get_a_new_end() -> None:
    over = date(2026, 11, 1)
    assert returned_expiry("keep", over, DAY) == over
    assert returned_expiry("extend:P14D", over, DAY) == date(2026, 12, 8)
    assert returned_expiry("extend:P14D", DAY, DAY) == DAY
    assert returned_expiry("extend:P14D", None, DAY) is None
    compiled('[settings]\nreturned_expired_lot = "extend:P30D"\n')
