"""A screen in words: what cashier and customer are told, without a browser."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.config.till import Paths, Till, TillConfig
from agent.daemon.wiring import settings_of
from agent.screen.describe import describe
from agent.screen.present import Presence
from agent.screen.view import Role, View
from tests.till.desk import CARD, NOON, Desk, basket, sell

STRANGER = "2990000000026"
SCANNER = {"device": "scanner", "state": "enabled"}


class Counter(Desk):
    """A desk with screens."""

    def open(self) -> None:
        super().open()
        self.training = False
        config = TillConfig(till=Till("1", "1-1", "USD"), paths=Paths(state=str(self.folder)))
        self.presence = Presence(
            self.quoter,
            self.ledger.read,
            clock=self.clock,
            settings=settings_of(config),
            time_zone="Europe/Helsinki",
            hello=lambda: {**self.checkout.hello(), "training": self.training},
        )
        self.checkout.events.witness = self.presence.scene.hear

    def screen(self, role: Role = "cashier", lang: str = "en", *, reader: str = "enabled") -> View:
        return describe(self.presence.at(role, lang, [{"device": "scanner", "state": reader}]))

    def tell(self, kind: str, **data: Any) -> None:
        self.checkout.events.publish(kind, data)


@pytest.fixture
def counter(tmp_path: Path) -> Iterator[Counter]:
    one = Counter(tmp_path)
    one.know_member(1250)
    one.allow(1000)
    yield one
    one.ledger.close()


def quoted(counter: Counter, **more: Any) -> Any:
    sale = basket(**more)
    return counter.call("quote", sale["receipt_id"], json.dumps(sale).encode())


def with_card(counter: Counter, number: str = CARD, **more: Any) -> Any:
    return quoted(counter, instruments=[counter.identify(number)["identification_id"]], **more)


def test_a_till_waits_for_a_card(counter: Counter) -> None:
    for role, said in (("cashier", "Ready for a card"), ("customer", "Welcome! Please show your card")):
        view = counter.screen(role)  # type: ignore[arg-type]
        assert (view.tone, view.said, view.card, view.basket, view.actions) == ("plain", said, None, None, [])


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


def test_the_most_to_spend_is_suggested_and_never_more(counter: Counter) -> None:
    quote = with_card(counter)
    (action,) = counter.screen("customer").actions
    (field,) = action.fields
    most = quote.wallets[0].max_redeem
    assert (action.key, action.path) == ("F2", "/v1/receipts/r1/answers")
    assert (field.most, field.choices[0][0]) == (most, str(most))
    assert action.body == {"code": "redeem", "values": {"wallet": "points", "points": 0}}


def test_who_pays_with_points_may_take_it_back(counter: Counter) -> None:
    with_card(counter, redeem={"points": 300})
    (action,) = counter.screen().actions
    assert ("0", "No points") in action.fields[0].choices


def test_nothing_can_be_spent_once_points_are_set_aside(counter: Counter) -> None:
    counter.identify()
    sale = basket(instruments=[counter.identify()["identification_id"]], redeem={"points": 300})
    quote = counter.call("quote", "r1", json.dumps(sale).encode())
    counter.call("hold", "r1", json.dumps({"etag": quote.etag, "basket": sale}).encode())
    view = counter.screen()
    assert (view.tone, view.actions) == ("good", [])


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


def test_an_unknown_card_may_join_and_nothing_is_ticked(counter: Counter) -> None:
    card = counter.identify(STRANGER)["identification_id"]
    for role, channel in (("cashier", "till"), ("customer", "customer_screen")):
        (action,) = counter.screen(role).actions  # type: ignore[arg-type]
        assert (action.key, action.path, action.body["identification_id"]) == ("F4", "/v1/members", card)
        assert [one["granted"] for one in action.body["consents"]] == [False, False]
        assert {one["channel"] for one in action.body["consents"]} == {channel}


def test_the_version_of_a_consent_changes_with_its_words(counter: Counter) -> None:
    counter.identify(STRANGER)
    versions = {
        (lang, one["purpose"]): one["text_version"]
        for lang in ("en", "ru", "fi")
        for one in counter.screen(lang=lang).actions[0].body["consents"]
    }
    assert len(set(versions.values())) == 6


def test_pressing_twice_asks_once(counter: Counter) -> None:
    counter.identify(STRANGER)
    first, again = (counter.screen().actions[0].body["request_id"] for _ in range(2))
    assert first == again


def test_a_card_read_after_an_anonymous_receipt_is_offered_to_it(counter: Counter) -> None:
    sell(counter, basket())
    card = counter.identify()["identification_id"]
    (action,) = counter.screen().actions
    assert (action.key, action.text) == ("F9", "Attach …0019 (13) to receipt r1?")
    assert (action.path, action.body["identification_id"]) == ("/v1/receipts/r1/claim", card)
    assert counter.screen("customer").actions == []


def test_a_receipt_that_is_somebodys_is_offered_to_nobody(counter: Counter) -> None:
    sell(counter, basket(instruments=[counter.identify()["identification_id"]]))
    counter.identify()
    assert counter.screen().actions == []


def test_the_offer_to_attach_ends_with_the_next_sale(counter: Counter) -> None:
    sell(counter, basket())
    with_card(counter, receipt_id="r2")
    assert [one.key for one in counter.screen().actions] == ["F2"]


def test_what_to_say_has_keys_for_the_first_without_an_answer(counter: Counter) -> None:
    lines = [{"line": 1, "sku": "milk", "group": "GROCERY", "amount_minor": 5550}]
    with_card(counter, lines=lines)
    (hint, *_) = counter.screen().hints
    assert [one.key for one in hint.actions] == ["F7", "F8"]
    assert hint.seen is not None
    assert hint.seen.body == {"code": "missing_amount", "rule": "big-basket", "outcome": "shown"}
    counter.tell("prompt.shown", receipt_id="r1", code="missing_amount", rule="big-basket")
    assert counter.screen().hints[0].seen is None
    counter.tell("prompt.declined", receipt_id="r1", code="missing_amount", rule="big-basket")
    assert (counter.screen().hints[0].actions, counter.screen().hints[0].outcome) == ([], "declined")
    assert counter.screen("customer").hints == []


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


def test_a_name_stands_only_where_the_event_brings_one(counter: Counter) -> None:
    told = counter.identify()
    assert counter.screen("customer").card.title == "Welcome"  # type: ignore[union-attr]
    counter.tell("member.identified", **{**told, "device": "pos", "greeting": "Anna K."})
    for role in ("cashier", "customer"):
        card = counter.screen(role).card
        assert card is not None
        assert card.title == "Anna K."


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
    assert (view.tone, view.card, view.basket, view.actions, view.hints) == ("attention", None, None, [], [])
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
