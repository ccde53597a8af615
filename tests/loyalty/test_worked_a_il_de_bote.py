"""A: a tenth of a point for each rouble, 100 for registering the card, gifts by catalogue."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from agent.loyalty.basket import Line
from agent.loyalty.evaluate import evaluate
from agent.loyalty.explain import prompt_sentence
from agent.loyalty.member import MemberFacts
from agent.loyalty.returns import effects_of
from tests.loyalty.book import Book
from tests.loyalty.worked import basket, earned, holder, programme, reason

TEXT = """valid = { from = 2011-09-01, until = 2013-01-01 }
[settings]
unknown_card_offline = "none"
[wallet.il]
name = { en = "Il" }
forms = { en = ["Il", "Il"], ru = ["Иль", "Иля", "Илей"], fi = ["Il", "Il"] }
[rule.base]
when = { card_shown = true }
earn = { points = "0.1" }
[rule.register]
when = { event = "registered", from = 2011-09-01, until = 2011-11-01 }
max_per_member = 1
give = { lot = { points = 100 } }
[rule.catalogue]
pay = { catalogue = { GIFT-1 = 450 } }
"""
CLUB = programme(TEXT, id_="il-de-bote-web-club", currency="RUB")
LINES = (Line(1, "a", 129990), Line(2, "b", 35050))
LAST_MINUTE = datetime(2011, 10, 31, 23, 59, tzinfo=ZoneInfo("Europe/Moscow"))


def test_a1_the_spare_point_goes_to_the_largest_fraction_and_a_return_takes_its_own() -> None:
    sale = basket("RUB", *LINES)
    quote = evaluate(CLUB, MemberFacts("m"), sale, LAST_MINUTE)
    assert (earned(quote), quote.wallets[0].earn, quote.due_minor) == ([130, 35], 165, 165040)
    assert effects_of(sale, quote, {}, {2: 35050}).earned == {"il": 35}


def test_a2_found_by_phone_earns_nothing_and_the_cashier_asks_for_the_card() -> None:
    quote = evaluate(CLUB, MemberFacts("m", card_shown=False), basket("RUB", *LINES), LAST_MINUTE)
    assert earned(quote) == [0, 0]
    assert [prompt_sentence(quote.prompts[0], CLUB.programme, lang) for lang in ("en", "ru", "fi")] == [
        "Ask for the card: +165 Il",
        "Попросите карту: +165 Илей",
        "Pyydä kortti: +165 Il",
    ]


def test_a3_registering_gives_a_hundred_once_and_nothing_a_minute_late() -> None:
    book = Book(CLUB)
    act = basket("RUB", event="registered")
    assert [one.amount for one in book.buy(act, LAST_MINUTE).gives] == [100]
    again = book.buy(act, LAST_MINUTE)
    assert (again.gives, reason(again, "register")) == ([], ("cap_reached", {"max_per_member": 1}))
    late = evaluate(CLUB, MemberFacts("m"), act, LAST_MINUTE + timedelta(minutes=1))
    assert (late.gives, reason(late, "register")[0]) == ([], "not_in_period")


def test_a3_a_card_registered_to_nobody_earns_nothing() -> None:
    assert earned(evaluate(CLUB, None, basket("RUB", *LINES), LAST_MINUTE)) == [0, 0]


def test_a_gift_costs_its_points_and_nothing_else() -> None:
    sale = basket("RUB", Line(1, "GIFT-1", 99000), Line(2, "b", 10000), il="max")
    quote = evaluate(CLUB, holder("il", 450), sale, LAST_MINUTE)
    assert (quote.due_minor, quote.wallets[0].redeem, earned(quote)) == (10000, 450, [0, 10])
    poor = evaluate(CLUB, holder("il", 449), sale, LAST_MINUTE)
    assert (poor.due_minor, reason(poor, "catalogue")[1]["points"]) == (109000, 1)
