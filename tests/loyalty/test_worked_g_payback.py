"""G: a point is a cent, spent from 1500 points up, and turned into cash by the hundred."""

from datetime import date

import pytest

from agent.loyalty.afterwards.enrol import may_join
from agent.loyalty.basket import Line
from agent.loyalty.evaluate import evaluate
from agent.loyalty.explain import sentence
from tests.loyalty.book import Book
from tests.loyalty.worked import NOON, basket, holder, programme, reason

TEXT = """[enrol]
age_at_least = 16
[wallet]
payback = { value = "0.01" }
[rule.pay]
pay = { min_balance = 1500 }
[rule.cash]
name = { en = "Cash for points", ru = "Деньги за баллы", fi = "Pisteet rahaksi" }
pay = { min_balance = 1500, block = 100, into = "cash" }
"""
PAYBACK = programme(TEXT, id_="payback", currency="EUR", zone="Europe/Berlin")


@pytest.mark.parametrize(
    ("points", "amount", "paid", "due"),
    [(1499, 2000, 0, 2000), (1500, 2000, 1500, 500), (1730, 1234, 1234, 0)],
)
def test_g_points_pay_from_fifteen_hundred_up(points: int, amount: int, paid: int, due: int) -> None:
    book = Book(PAYBACK, holder("payback", points))
    quote = book.buy(basket("EUR", Line(1, "a", amount), payback="max"), NOON)
    assert (quote.wallets[0].redeem, quote.due_minor) == (paid, due)
    assert book.balance("payback") == points - paid


def test_g1_one_point_is_missing() -> None:
    quote = evaluate(PAYBACK, holder("payback", 1499), basket("EUR", Line(1, "a", 2000)), NOON)
    assert reason(quote, "pay")[1]["points"] == 1


def test_g2_what_is_left_lacks_a_thousand_and_four_points() -> None:
    quote = evaluate(
        PAYBACK, holder("payback", 1730 - 1234), basket("EUR", Line(1, "a", 500), payback="max"), NOON
    )
    assert reason(quote, "pay") == ("missing", {"what": "points", "wallet": "payback", "points": 1004})


def test_g3_points_become_cash_by_the_hundred() -> None:
    book = Book(PAYBACK, holder("payback", 1730))
    quote = book.buy(basket("EUR", event="cash", payback="max"), NOON)
    assert [(one.points, one.amount_minor, one.into) for one in quote.spent] == [(1700, 1700, "cash")]
    assert book.balance("payback") == 30
    cash = next(one for one in quote.reasons if one.rule == "cash")
    assert [sentence(cash, PAYBACK.programme, lang) for lang in ("en", "ru", "fi")] == [
        "Cash for points: 1,700 points turned into 17.00",
        "Деньги за баллы: обменяно на 17,00 (1\N{NO-BREAK SPACE}700 баллов)",
        "Pisteet rahaksi: vaihdettu 17,00 (1\N{NO-BREAK SPACE}700 pistettä)",
    ]


def test_g3_sixteen_is_reached_on_the_birthday() -> None:
    born = date(2010, 5, 2)
    why = may_join(PAYBACK.programme, date(2026, 5, 1), born=born)
    assert why is not None
    assert sentence(why, PAYBACK.programme, "en") == "Joining: from the age of 16"
    assert may_join(PAYBACK.programme, date(2026, 5, 2), born=born) is None
