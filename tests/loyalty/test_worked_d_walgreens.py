"""D: points pay in blocks of 5000 from 5000 up, and small acts of health give some."""

from datetime import date

import pytest

from agent.loyalty.basket import Line
from agent.loyalty.evaluate import evaluate
from agent.loyalty.member import CountFacts, MemberFacts
from tests.loyalty.book import Book
from tests.loyalty.worked import NOON, basket, holder, programme, reason

TEXT = """[wallet]
balance = { value = "0.001" }
[rule.weigh]
when = { event = "weighed" }
give = { lot = { points = 20 } }
max_per_day = 1
[rule.vaccination]
when = { event = "vaccinated" }
give = { lot = { points = 500 } }
[rule.pay]
pay = { min_balance = 5000, block = 5000 }
"""
BALANCE = programme(TEXT, id_="walgreens-balance-rewards", currency="USD", zone="America/Chicago")


@pytest.mark.parametrize(
    ("points", "amount", "paid", "due"),
    [(5019, 600, 5000, 100), (12_300, 1745, 10_000, 745), (12_300, 840, 5000, 340)],
)
def test_d1_d2_points_pay_in_whole_blocks(points: int, amount: int, paid: int, due: int) -> None:
    sale = basket("USD", Line(1, "a", amount), balance="max")
    quote = evaluate(BALANCE, holder("balance", points), sale, NOON)
    assert (quote.wallets[0].redeem, quote.due_minor) == (paid, due)


def test_d1_one_point_too_few_is_one_point_missing() -> None:
    sale = basket("USD", Line(1, "a", 600), balance="max")
    quote = evaluate(BALANCE, holder("balance", 4999), sale, NOON)
    assert quote.wallets[0].max_redeem == 0
    assert reason(quote, "pay") == ("missing", {"what": "points", "wallet": "balance", "points": 1})


def test_d3_a_second_weighing_of_the_day_gives_nothing() -> None:
    weighed = MemberFacts("m", counts={"weigh": CountFacts(day=date(2026, 3, 10), today=1)})
    answers = [
        evaluate(BALANCE, MemberFacts("m"), basket("USD", event="weighed"), NOON),
        evaluate(BALANCE, weighed, basket("USD", event="weighed"), NOON),
        evaluate(BALANCE, weighed, basket("USD", event="vaccinated"), NOON),
    ]
    assert [sum(one.amount for one in answer.gives) for answer in answers] == [20, 0, 500]
    assert reason(answers[1], "weigh")[0] == "cap_reached"


def test_d1_to_d3_a_day_at_the_scales() -> None:
    book = Book(BALANCE, holder("balance", 4999))
    book.buy(basket("USD", event="weighed"), NOON)
    assert book.balance("balance") == 5019
    assert book.buy(basket("USD", Line(1, "a", 600), balance="max"), NOON).due_minor == 100
    assert book.balance("balance") == 19
    day = Book(BALANCE)
    for act in ("weighed", "weighed", "vaccinated"):
        day.buy(basket("USD", event=act), NOON)
    assert day.balance("balance") == 520


@pytest.mark.parametrize(("amount", "left"), [(1745, 2300), (840, 7300)])
def test_d2_what_is_left_of_the_points(amount: int, left: int) -> None:
    book = Book(BALANCE, holder("balance", 12_300))
    book.buy(basket("USD", Line(1, "a", amount), balance="max"), NOON)
    assert book.balance("balance") == left
