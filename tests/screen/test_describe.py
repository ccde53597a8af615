"""A screen in words: what cashier and customer are told, without a browser."""

import json
from typing import get_args

import pytest

from agent.journal.tag import tag_of
from agent.screen.view import Role
from tests.screen.counter import Counter, quoted, with_card
from tests.till.desk import FLEET_KEY, NOON, basket, sell

ROLES: tuple[Role, ...] = get_args(Role)
STRANGER = "2990000000026"


def test_a_till_waits_for_a_card(counter: Counter) -> None:
    for role, said in (("cashier", "Ready for a card"), ("customer", "Welcome! Please show your card")):
        view = counter.screen(role)  # type: ignore[arg-type]
        assert (view.tone, view.said, view.card, view.basket) == ("plain", said, None, None)


def test_a_known_card_shows_its_end_and_its_points(counter: Counter) -> None:
    counter.identify()
    view = counter.screen()
    assert view.card is not None
    assert (view.tone, view.said, view.card.masked) == ("good", "Card known", "…0019 (13)")
    assert [(row.text, row.value) for row in view.card.balances] == [("points", "1,250 points")]


def test_each_rule_says_what_it_gives_in_the_language_asked_for(counter: Counter) -> None:
    with_card(counter)
    view = counter.screen(lang="ru")
    assert view.basket is not None
    assert "1 балл за доллар: +15 баллов" in view.basket.gives
    assert view.basket.due == "15,50\N{NO-BREAK SPACE}$"


def test_points_that_head_office_must_confirm_are_named_so(counter: Counter) -> None:
    with_card(counter)
    for role, note in (("cashier", "after confirmation"), ("customer", "after confirmation")):
        shown = counter.screen(role).basket  # type: ignore[arg-type]
        assert shown is not None
        assert [row.note for row in shown.rows if row.text == "Earned"] == [note]


def test_a_paid_receipt_shows_what_was_earned_spent_and_is_left(counter: Counter) -> None:
    sell(counter, basket(instruments=[counter.identify()["identification_id"]], redeem={"points": 300}))
    view = counter.screen("customer", "fi")
    assert view.basket is not None
    assert view.said == "Kiitos! Pisteesi on kirjattu"
    rows = {row.text: row.value for row in view.basket.rows}
    assert rows["Käytetty"] == "300 pistettä"
    assert rows["Saldo oston jälkeen"].endswith("pistettä")


def test_a_return_says_what_came_back(counter: Counter) -> None:
    sell(counter, basket(instruments=[counter.identify()["identification_id"]]))
    back = {"lines": [{"line": 1}], "returned_at": NOON.isoformat()}
    counter.call("take_back", "r1", "x1", json.dumps(back).encode())
    said = counter.screen(lang="ru").said
    assert said.startswith("Возврат по чеку r1, снято: 10 баллов")


def test_a_cancelled_sale_is_said_to_be(counter: Counter) -> None:
    sell(counter, basket())
    counter.call("void", "r1", b"")
    assert counter.screen().said == "Receipt r1 is cancelled, points are as before"


def test_head_office_away_is_amber_and_says_what_works(counter: Counter) -> None:
    (banner,) = counter.screen().banners
    assert (banner.tone, banner.text) == ("attention", "Head office has not been reached yet")
    now_ms = int(NOON.timestamp() * 1000)
    for minutes, age in ((0, "0 minutes"), (61, "1 hour"), (3 * 24 * 60, "3 days")):
        counter.write(lambda tx, ago=minutes: tx.set_mark("last_contact_ms", now_ms - ago * 60_000))
        assert counter.screen().banners[0].text.endswith(f"({age})")
    assert counter.screen("customer").banners == []


@pytest.mark.parametrize("state", ["gone", "closed", "opened"])
def test_a_reader_that_does_not_answer_is_red(counter: Counter, state: str) -> None:
    banner = counter.screen(reader=state).banners[-1]
    assert (banner.tone, banner.text) == ("bad", "Reader scanner does not answer")


def test_training_is_marked_on_both(counter: Counter) -> None:
    counter.training = True
    for role in ("cashier", "customer"):
        view = counter.screen(role)
        assert (view.training, view.banners[0].text) == (True, "Training")


def test_who_was_found_by_a_number_is_asked_whose_it_is(counter: Counter) -> None:
    counter.tell("member.identified", **{**counter.identify(), "device": "pos", "confirm": True})
    assert (counter.screen().tone, counter.screen().said) == ("attention", "Found by number: ask whose it is")


def test_who_has_just_joined_is_provisional(counter: Counter) -> None:
    counter.identify()
    counter.tell("member.enrolled", masked="…0019 (13)", provisional=True)
    card = counter.screen().card
    assert card is not None
    assert (card.masked, card.as_of) == ("…0019 (13)", "provisional: head office will confirm")


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("payment_card", "Tämä on maksukortti, ei kanta-asiakaskortti."),
        ("incomplete", "Vain osa luettiin: yritä uudelleen"),
        ("expired", "Koodi on vanhentunut: näytä uusi"),
        ("unreadable", "Tämä numero ei ole kanta-asiakaskortti."),
        ("a reason of tomorrow", "Tämä numero ei ole kanta-asiakaskortti."),
    ],
)
def test_a_refused_read_says_why(counter: Counter, reason: str, said: str) -> None:
    counter.tell("card.refused", device="scanner", reason=reason, open_receipt="")
    for role in ("cashier", "customer"):
        view = counter.screen(role, "fi")
        assert (view.tone, view.said) == ("bad", said)


def test_what_the_customer_chose_is_said_on_both(counter: Counter) -> None:
    with_card(counter)
    counter.tell(
        "customer.answered", receipt_id="r1", code="redeem", values={"wallet": "points", "points": 5}
    )
    assert counter.screen().said == counter.screen("customer").said == "Pay with 5 points"
    counter.tell(
        "customer.answered", receipt_id="r1", code="redeem", values={"wallet": "points", "points": 0}
    )
    assert counter.screen().said == "No points to be spent"


def test_a_parked_sale_makes_room_and_brings_its_card_back(counter: Counter) -> None:
    card = counter.identify()["identification_id"]
    quoted(counter, instruments=[card])
    counter.checkout.talk.park("r1")
    view = counter.screen()
    assert (view.tone, view.card, view.basket, view.hints) == ("attention", None, None, [])
    assert view.said == "Sale r1 is put aside: the next customer, please"
    assert counter.screen("customer").said == "Welcome! Please show your card"
    quoted(counter, instruments=[card])
    again = counter.screen().card
    assert again is not None
    assert (again.masked, again.balances[0].value) == ("…0019 (13)", "1,250 points")


def test_a_receipt_head_office_must_settle_is_said_to_be(counter: Counter) -> None:
    counter.call("commit", "r1", json.dumps({"basket": {"receipt_id": "r1"}}).encode())
    assert counter.screen().said == "Paid. Head office will settle the points of this receipt"


def test_a_screen_without_a_programme_shows_what_there_is(counter: Counter) -> None:
    counter.identify(STRANGER)
    quoted(counter)
    counter.quoter._programmes = lambda: None
    view = counter.screen()
    assert view.basket is not None
    assert view.basket.due == "$15.50"


def test_a_bare_phone_number_shows_no_balance_nor_does_its_parked_sale(counter: Counter) -> None:
    pytest.importorskip("phonenumbers")
    counter.write(lambda tx: tx.attach("m1", [tag_of("phone", "+358401234567", FLEET_KEY)]))
    body = {"value": "+358401234567", "identification_type": "PhoneNumber"}
    told = counter.call("identify", json.dumps(body).encode(), "pos")
    quoted(counter, instruments=[told["identification_id"]])
    counter.call("identify", json.dumps({"value": "2990000000026"}).encode())
    counter.checkout.talk.park("r1")
    quoted(counter, instruments=[told["identification_id"]])
    for role in ROLES:
        view = counter.screen(role)
        assert view.card is not None
        assert view.basket is not None
        assert view.card.balances == []
        assert {row.text for row in view.basket.rows} == {"Earned"}
