"""What can be done from a screen: buttons, keys, forms, and what to say."""

import json
from typing import get_args

from agent.screen.view import Role
from tests.screen.counter import Counter, with_card
from tests.till.desk import basket, sell

ROLES: tuple[Role, ...] = get_args(Role)
STRANGER = "2990000000026"


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


def test_an_unknown_card_may_join_and_nothing_is_ticked(counter: Counter) -> None:
    card = counter.identify(STRANGER)["identification_id"]
    for role, channel in (("cashier", "till"), ("customer", "customer_screen")):
        (action,) = counter.screen(role).actions  # type: ignore[arg-type]
        assert (action.key, action.path, action.body["identification_id"]) == ("F4", "/v1/members", card)
        assert [one["granted"] for one in action.body["consents"]] == [False, False]
        assert {one["channel"] for one in action.body["consents"]} == {channel}


def test_without_a_card_a_customer_may_join_by_phone(counter: Counter) -> None:
    (action,) = counter.screen().actions
    assert (action.key, action.text, action.body["phone"]) == ("F4", "Enrol by phone", "")
    assert "identification_id" not in action.body
    assert [field.kind for field in action.fields] == ["phone", "tick", "tick", "name"]
    again = counter.screen().actions[0].body["request_id"]
    assert again == action.body["request_id"]
    counter.tell("member.enrolled", result="identified", masked="…", identification_id="t")
    sell(counter, basket())
    counter.tell("card.refused", device="scanner", reason="unreadable", open_receipt="")
    assert counter.screen().actions[0].body["request_id"] != again


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
