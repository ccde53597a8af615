"""Stored value is money that somebody paid for: owed to the last minor unit, nothing the programme gave."""

from datetime import timedelta

import msgspec

from agent.loyalty.basket import Basket, Line
from agent.loyalty.member import MemberFacts
from agent.rehearsal.figures import Figures, Gain
from agent.rehearsal.past import PastReceipt, PastReturn
from agent.rehearsal.rehearse import rehearse
from tests.rehearsal.desk import START, Receipts, compiled

VALUE = """[programme]
id = "club"
version = 1
currency = "EUR"
time_zone = "Europe/Helsinki"
[wallet.p]
value = "0.01"
[wallet.card]
kind = "stored_value"
[rule.load]
scope = { tags = ["stored-value"] }
earn = { wallet = "card", points = "1" }
[rule.base]
scope = { not_tags = ["stored-value"] }
earn = { wallet = "p", points = "1" }
[rule.pay]
pay = { wallet = "card" }
[rule.gift]
when = { event = "swap" }
give = { stored_value = "2.00", wallet = "card", cost = 200, cost_wallet = "p" }
"""
LOAD = Line(1, "load", 5000, tags=["stored-value"])


def receipt(number: int, *lines: Line, event: str = "", pays: bool = False) -> PastReceipt:
    at = START + timedelta(days=number)
    redeem: dict[str, int | str] = {"card": "max"} if pays else {}
    return PastReceipt(
        Basket(f"r{number}", at, "s", "t", "EUR", list(lines), event=event, redeem=redeem),
        at,
        MemberFacts("m"),
    )


def played(*receipts: PastReceipt) -> Figures:
    return rehearse(compiled(VALUE), Receipts(*receipts))


def test_a_load_is_owed_and_not_given() -> None:
    figures = played(receipt(1, LOAD), receipt(2, Line(1, "tea", 1000), pays=True))
    assert (figures.total.loaded, figures.total.issued) == ({"card": 5000}, {"p": 10})
    assert figures.outstanding == {"card": 4000, "p": 10}
    assert figures.liability_minor == 4010
    assert figures.gains == {"m": Gain(10, 10)}, "the points that the tea earned"


def test_value_bought_with_points_is_no_second_gift() -> None:
    figures = played(receipt(1, Line(1, "coat", 30_000)), receipt(2, event="swap"))
    assert figures.total.issued == {"p": 300, "card": 200}
    assert figures.total.redeemed == {"p": 200}
    assert figures.liability_minor == 100 + 200
    assert (figures.total.given_minor, figures.gains["m"].money_minor) == (300, 300)


def test_a_load_that_comes_back_in_parts_is_owed_no_more() -> None:
    load = receipt(1, LOAD, Line(2, "tea", 1000))
    back = [PastReturn(load.at, {1: 2000}), PastReturn(load.at, {1: 3000})]
    figures = played(msgspec.structs.replace(load, back=back))
    assert figures.total.loaded == {"card": 0}
    assert (figures.liability_minor, figures.total.given_minor) == (10, 10)
