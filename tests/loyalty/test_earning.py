"""What points are earned on: the attributes of a line, and the money the settings leave of it."""

import pytest

from agent.loyalty.basket import Line, Tax
from agent.loyalty.member import Lot, MemberFacts, WalletFacts
from agent.loyalty.quote import Quote
from tests.loyalty.desk import codes, quote
from tests.loyalty.worked import earned

PAID = """[wallet.q]
value = "0.01"
[wallet.gift]
kind = "stored_value"
[rule.e]
earn = { wallet = "p", points = "1" }
[rule.points]
pay = { wallet = "q" }
[rule.value]
pay = { wallet = "gift" }
[rule.off]
take_off = { percent = "10" }
"""


def settled(settings: str, *, points: int = 0, value: int = 0) -> Quote:
    wallets = {"q": WalletFacts([Lot("q", points)]), "gift": WalletFacts([Lot("g", value)])}
    text = f"[settings]\n{settings}\n{PAID}"
    line = Line(1, "a", 24000, tax=Tax("20"))
    return quote(text, line, member=MemberFacts("m", wallets=wallets), redeem={"q": "max", "gift": "max"})


@pytest.mark.parametrize(
    ("settings", "points"),
    [
        ("", 216 - 50),
        ('earn_point_paid = "included"', 216),
        ('earn_point_paid = "whole_receipt"', 0),
        ('earn_discounts = "before"', 240 - 50),
        ('earn_tax = "excl"', 180 - 50),
        ('earn_stored_value_paid = "excluded"', 216 - 50 - 30),
        ('points_are = "discount"', 216 - 50),
        ('points_are = "discount"\nearn_point_paid = "included"', 216),
        ('earn_discounts = "before"\nearn_tax = "excl"\nearn_point_paid = "included"', 200),
    ],
)
def test_the_settings_say_what_of_a_price_earns(settings: str, points: int) -> None:
    answer = settled(settings, points=5000, value=3000)
    assert (earned(answer), answer.due_minor) == ([points] if points else [0], 21600 - 8000)


def test_where_a_receipt_with_points_earns_nothing_one_without_them_earns_all() -> None:
    assert earned(settled('earn_point_paid = "whole_receipt"', value=3000)) == [216]


def test_half_a_point_is_rounded_up_where_the_programme_says_so() -> None:
    rule = '[rule.e]\nearn = { points = "0.1" }\n'
    line = Line(1, "a", 1500)
    assert quote(rule, line).wallets[0].earn == 1
    assert quote(f'[settings]\npoints_rounding = "half_up"\n{rule}', line).wallets[0].earn == 2


def test_miles_are_earned_by_the_distance_on_the_line() -> None:
    rule = '[rule.e]\nearn = { points = "1", per = "attribute:distance", every = "2" }\n'
    flight = Line(1, "hel-jfk", 54000, attributes={"distance": "4115.5"})
    answer = quote(rule, flight, Line(2, "bag", 5000))
    assert earned(answer) == [2057, 0]
    assert codes(quote(rule, Line(1, "bag", 5000))) == ["nothing_in_scope"]
    steps = rule.replace('every = "2"', 'every = "1000", whole_steps = true')
    assert quote(steps, flight).wallets[0].earn == 4


def test_points_per_receipt_may_have_decimals() -> None:
    rules = '[wallet.q]\nscale = 2\n[rule.e]\nearn = { wallet = "q", points = "0.25", per = "receipt" }\n'
    assert quote(rules, Line(1, "a", 100)).wallets[1].earn == 25
