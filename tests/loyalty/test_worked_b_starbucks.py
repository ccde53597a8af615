"""B: a star a receipt, green and gold, a drink for every fifteen stars at gold."""

from datetime import timedelta

import pytest

from agent.loyalty.basket import Line
from agent.loyalty.evaluate import evaluate
from agent.loyalty.member import MemberFacts, Voucher
from tests.loyalty.book import Book
from tests.loyalty.worked import NOON, basket, programme

TEXT = """[wallet]
star = {}
[tier]
green = { measure = "earned:star", at_least = 5 }
gold = { measure = "earned:star", at_least = 30 }
[rule.star]
earn = { per = "receipt", points = "1" }
[rule.refill]
when = { tier_at_least = "green" }
scope = { tags = ["refill", "syrup"] }
take_off = { percent = "100" }
[rule.wifi]
when = { tier_at_least = "green" }
give = { benefit = "wifi-2h-a-day" }
[rule.every-15]
when = { tier = "gold" }
count = { of = "earned:star", in = "member", size = 15 }
give = { voucher = "drink" }
[rule.festive]
when = { event = "festive-day" }
give = { voucher = "drink" }
[voucher.drink]
life = "P30D"
scope = { tags = ["drink"] }
take_off = { percent = "100", pick = "dearest", units = 1 }
"""
REWARDS = programme(TEXT, id_="my-starbucks-rewards", currency="USD")
CUP = basket("USD", Line(1, "latte", 450, tags=["drink"]), Line(2, "syrup", 60, tags=["syrup"]))
MUFFIN = basket("USD", Line(1, "muffin", 280))


def customer_with(stars: int) -> Book:
    book = Book(REWARDS)
    for _ in range(stars):
        book.buy(MUFFIN, NOON)
    return book


def test_b1_the_fifth_star_makes_green_from_the_next_cup() -> None:
    book = customer_with(4)
    fifth = book.buy(CUP, NOON)
    assert (fifth.due_minor, book.balance("star")) == (510, 5)
    assert fifth.tier is not None
    assert (fifth.tier.before, fifth.tier.after) == ("", "green")
    sixth = book.buy(CUP, NOON)
    assert ([line.amount_minor for line in sixth.lines], book.balance("star")) == ([450, 0], 6)
    assert [(one.kind, one.name) for one in sixth.gives] == [("benefit", "wifi-2h-a-day")]


@pytest.mark.parametrize(("stars", "vouchers"), [(44, 0), (45, 1), (74, 2), (75, 3)])
def test_b2_drinks_after_so_many_stars(stars: int, vouchers: int) -> None:
    book = customer_with(stars)
    assert book.balance("star") == stars
    assert len(book.facts.vouchers) == vouchers


def test_b2_the_thirtieth_star_makes_gold_and_counts_for_no_drink() -> None:
    book = customer_with(29)
    thirtieth = book.buy(MUFFIN, NOON)
    assert thirtieth.tier is not None
    assert (thirtieth.tier.after, thirtieth.counts) == ("gold", [])
    assert [one.position + one.units for one in book.buy(MUFFIN, NOON).counts] == [1]


def test_b3_the_voucher_takes_the_dearest_drink() -> None:
    drinks = (Line(1, "latte", 450, tags=["drink"]), Line(2, "tea", 310, tags=["drink"]))
    sale = basket("USD", *drinks, Line(3, "muffin", 280))
    member = MemberFacts("m", vouchers=[Voucher("drink", "v")])
    quote = evaluate(REWARDS, member, sale, NOON)
    assert (quote.due_minor, quote.wallets[0].earn) == (590, 1)


def test_a_festive_day_gives_a_drink_for_thirty_days() -> None:
    book = Book(REWARDS)
    gift = book.buy(basket("USD", event="festive-day"), NOON).gives[0]
    assert gift.expires_on == (NOON + timedelta(days=30)).date().isoformat()
