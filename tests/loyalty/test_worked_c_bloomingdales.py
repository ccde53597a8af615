"""C: the best rate of each line, a top tier by the year's spend, a gift card for 5000 points."""

from datetime import datetime
from zoneinfo import ZoneInfo

from agent.loyalty.basket import Line
from agent.loyalty.evaluate import evaluate
from agent.loyalty.member import MemberFacts, WalletFacts
from tests.loyalty.book import Book
from tests.loyalty.worked import NOON, basket, earned, holder, programme, reason

TEXT = """[wallet]
loyallist = {}
gift = { kind = "stored_value" }
[tier]
top = { measure = "spend", window = "calendar_year", over = "3500.00", until = "year_end" }
[group]
rate = { mode = "best", per = "line" }
[rule.any]
group = "rate"
earn = { points = "1" }
[rule.beauty]
group = "rate"
scope = { groups = ["cosmetics", "perfume"] }
earn = { points = "2" }
[rule.listed]
group = "rate"
scope = { tags = ["listed"] }
earn = { points = "3" }
[rule.top]
group = "rate"
when = { tier = "top" }
earn = { points = "4" }
[rule.delivery]
when = { tier = "top" }
scope = { tags = ["delivery"] }
take_off = { percent = "100" }
[rule.gift-card]
give = { stored_value = "25.00", wallet = "gift", cost = 5000 }
[rule.pay-gift]
pay = { wallet = "gift" }
"""
CLUB = programme(TEXT, id_="bloomingdales-loyallist", currency="USD", zone="America/New_York")
SHIRT = Line(1, "shirt", 12000, "clothes")
DELIVERY = Line(2, "delivery", 995, "service", ["delivery"])


def shirt(minor: int) -> Line:
    return Line(1, "shirt", minor, "clothes")


def test_c1_every_line_earns_its_best_rate() -> None:
    lines = (
        SHIRT,
        Line(2, "lipstick", 3550, "cosmetics"),
        Line(3, "bag", 21000, "bags", ["listed"]),
        Line(4, "perfume", 8025, "perfume", ["listed"]),
    )
    quote = evaluate(CLUB, MemberFacts("m"), basket("USD", *lines), NOON)
    assert (earned(quote), quote.lots[0].points) == ([120, 71, 630, 240], 1061)


def test_c2_more_than_3500_in_a_year_makes_top_from_the_next_receipt_to_its_end() -> None:
    book = Book(CLUB, MemberFacts("m", measures={"top:2026": 348000}))
    first = book.buy(basket("USD", shirt(2000)), NOON)
    assert (earned(first), first.tier, book.facts.measures) == ([20], None, {"top:2026": 350000})
    second = book.buy(basket("USD", shirt(3000)), NOON)
    assert second.tier is not None
    assert (earned(second), second.tier.after, book.facts.measures["top:2026"]) == ([30], "top", 353000)
    third = book.buy(basket("USD", shirt(5000), DELIVERY), NOON)
    assert (third.due_minor, earned(third)[0]) == (5000, 200)
    new_year = datetime(2027, 1, 1, 9, tzinfo=ZoneInfo("America/New_York"))
    assert earned(book.buy(basket("USD", shirt(5000)), new_year)) == [50]


def test_c3_five_thousand_points_become_a_gift_card_once_they_are_booked() -> None:
    book = Book(CLUB, holder("loyallist", 4980))
    first = book.buy(basket("USD", shirt(3000)), NOON)
    assert (first.gives, book.balance("loyallist")) == ([], 5010)
    assert reason(first, "gift-card")[1]["points"] == 20
    card = book.buy(basket("USD", event="gift-card"), NOON)
    assert [(one.kind, one.amount, one.provisional) for one in card.gives] == [("stored_value", 2500, True)]
    assert (book.balance("loyallist"), book.balance("gift")) == (10, 2500)


def test_c3_goods_paid_by_gift_card_earn_and_the_card_itself_does_not() -> None:
    book = Book(CLUB, holder("gift", 2500))
    quote = book.buy(basket("USD", shirt(10000), gift="max"), NOON)
    assert (quote.due_minor, earned(quote), book.balance("gift")) == (7500, [100], 0)
    sold = evaluate(CLUB, MemberFacts("m"), basket("USD", Line(1, "card", 2500, tags=["stored-value"])), NOON)
    assert (sold.lots, sold.measured, sold.due_minor) == ([], [], 2500)


def test_c3_no_gift_card_where_the_points_may_not_be_spent_offline() -> None:
    offline = holder("loyallist", 6000)
    offline.wallets["loyallist"] = WalletFacts(offline.wallets["loyallist"].lots, 4999)
    quote = evaluate(CLUB, offline, basket("USD", shirt(100)), NOON)
    assert reason(quote, "gift-card")[0] == "offline_limit"
