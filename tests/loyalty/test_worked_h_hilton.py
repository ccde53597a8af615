"""H: points for nights, nights for points, the fifth night free only where points pay."""

import pytest

from agent.loyalty.basket import Line
from agent.loyalty.evaluate import evaluate
from agent.loyalty.member import MemberFacts
from tests.loyalty.worked import NOON, basket, earned, holder, programme, reason

TEXT = """[shop_tag.no-combine]
stores = ["airport"]
[scope]
night = { groups = ["night"] }
[wallet]
hh = {}
[rule.earn]
when = { choice = "points", not = { shop_tag = "no-combine" } }
scope = "night"
earn = { points = "10" }
[rule.earn-no-combine]
when = { choice = "points", shop_tag = "no-combine" }
scope = { groups = ["night"], not_discounted = true }
earn = { points = "10" }
[rule.fifth-night]
stage = "bundle"
when = { pays = "hh" }
scope = "night"
count = { of = "units", in = "receipt", size = 5 }
take_off = { percent = "100", pick = "nth" }
[rule.nights]
pay = { catalogue = { NIGHT-A = 10000 } }
"""
HOTEL = {"id_": "hilton-hhonors", "currency": "USD", "zone": "America/New_York"}


def nights(number: int, *, apart: bool) -> list[Line]:
    if apart:
        return [Line(at, "NIGHT-A", 10000, "night") for at in range(1, number + 1)]
    return [Line(1, "NIGHT-A", 10000 * number, "night", quantity=str(number))]


@pytest.mark.parametrize("apart", [True, False])
@pytest.mark.parametrize(("number", "points"), [(4, 40_000), (5, 40_000), (11, 90_000)])
def test_h1_of_every_five_nights_paid_in_points_one_is_free(number: int, points: int, apart: bool) -> None:
    quote = evaluate(
        programme(TEXT, **HOTEL),
        holder("hh", 200_000),
        basket("USD", *nights(number, apart=apart), hh="max"),
        NOON,
    )
    assert (quote.wallets[0].redeem, quote.due_minor) == (points, 0)


def test_h2_nights_paid_in_money_are_all_paid_and_all_earn() -> None:
    member = MemberFacts("m", choices=["points"])
    quote = evaluate(programme(TEXT, **HOTEL), member, basket("USD", *nights(5, apart=False)), NOON)
    assert (quote.due_minor, earned(quote)) == (50000, [5000])


@pytest.mark.parametrize(("store", "points"), [("town", 1600), ("airport", 0)])
def test_h3_some_hotels_give_no_points_beside_their_own_offer(store: str, points: int) -> None:
    stay = Line(1, "NIGHT-A", 16000, "night", quantity="2", pos_discount_minor=4000)
    member = MemberFacts("m", choices=["points"])
    quote = evaluate(programme(TEXT, **HOTEL), member, basket("USD", stay, store=store), NOON)
    assert (quote.due_minor, earned(quote)) == (16000, [points])


def test_h4_too_few_points_are_refused_and_the_stay_is_sold_as_if_nobody_had_asked() -> None:
    sale = basket("USD", *nights(6, apart=False), hh="max")
    quote = evaluate(programme(TEXT, **HOTEL), holder("hh", 45_000), sale, NOON)
    assert (quote.wallets[0].redeem, quote.due_minor) == (0, 60000)
    assert reason(quote, "nights") == ("missing", {"what": "points", "wallet": "hh", "points": 5000})
    assert reason(quote, "fifth-night")[0] == "missing"
