"""Beside the sale: a choice on a screen, outcomes of prompts, a parked sale, a screen that comes back."""

import asyncio
import json
from typing import Any

import pytest

from agent.errors import Refused
from tests.till.desk import Desk, basket, sell


def quoted(desk: Desk, receipt_id: str = "r1", **more: Any) -> Any:
    return desk.call("quote", receipt_id, json.dumps(basket(receipt_id, **more)).encode())


def said(desk: Desk, receipt_id: str, outcome: str, code: str = "ask_for_card") -> Any:
    body = json.dumps({"code": code, "outcome": outcome, "cashier": "7"}).encode()
    return asyncio.run(desk.checkout.talk.prompt(receipt_id, body))


def chosen(desk: Desk, points: int, receipt_id: str = "r1") -> Any:
    body = {"code": "redeem", "values": {"wallet": "points", "points": points}}
    return desk.checkout.talk.answer(receipt_id, json.dumps(body).encode())


def outcomes(desk: Desk, receipt_id: str = "r1") -> list[tuple[str, str]]:
    entries = desk.ledger.read.entries_of(receipt_id)
    return [(one.part, one.data["outcome"]) for one in entries if one.kind == "PROMPT"]


def heard(desk: Desk) -> list[str]:
    return [message.decode().split("\n")[1] for _, message in desk.checkout.events._ring]


def test_a_screen_that_comes_back_hears_the_newest_quote_until_its_receipt_is_over(desk: Desk) -> None:
    with pytest.raises(Refused, match="all are over"):
        desk.checkout.talk.current()
    quoted(desk, "r1")
    second = quoted(desk, "r2")
    assert desk.checkout.talk.current() == second
    sell(desk, basket("r2"))
    assert desk.checkout.talk.current().receipt_id == "r1"


def test_a_choice_is_told_to_everybody_and_sets_nothing_aside(desk: Desk) -> None:
    desk.know_member(500)
    desk.allow(500)
    quoted(desk, instruments=[desk.identify()["identification_id"]])
    assert chosen(desk, 300)["values"] == {"wallet": "points", "points": 300}
    assert "event: customer.answered" in heard(desk)
    assert desk.ledger.read.hold("r1") is None


def test_a_choice_of_more_than_may_be_spent_names_the_most(desk: Desk) -> None:
    desk.know_member(500)
    desk.allow(500)
    most = quoted(desk, instruments=[desk.identify()["identification_id"]]).wallets[0].max_redeem
    with pytest.raises(Refused) as refused:
        chosen(desk, most + 1)
    assert (refused.value.refusal, refused.value.values["max"]) == ("hold_too_large", most)


def test_nobody_chooses_for_a_sale_that_is_not_rung_up(desk: Desk) -> None:
    with pytest.raises(Refused, match="not being rung up"):
        chosen(desk, 0, "r9")


def test_outcomes_of_prompts_wait_for_the_commit_and_are_written_with_it(desk: Desk) -> None:
    quoted(desk)
    said(desk, "r1", "shown")
    said(desk, "r1", "taken")
    said(desk, "r1", "shown")  # a screen that was drawn again
    said(desk, "r1", "declined", code="offer")
    before = desk.ledger.read.head()[0]
    sell(desk, basket())
    assert outcomes(desk) == [("ask_for_card", "taken"), ("offer", "declined")]
    assert desk.kinds("r1")[0] == "RECEIPT"
    assert before == desk.ledger.read.entries_of("r1")[0].seq - 1


def test_an_outcome_after_the_commit_is_written_once(desk: Desk) -> None:
    sell(desk, basket())
    said(desk, "r1", "taken")
    said(desk, "r1", "declined")
    assert outcomes(desk) == [("ask_for_card", "taken")]


def test_a_cancelled_sale_takes_its_outcomes_along(desk: Desk) -> None:
    quoted(desk)
    said(desk, "r1", "shown")
    desk.call("void", "r1", b"")
    assert desk.checkout.talk.prompts_of("r1") == []


def test_a_parked_sale_opens_the_gate_and_keeps_what_is_held(desk: Desk) -> None:
    desk.know_member(500)
    desk.allow(500)
    sale = basket(instruments=[desk.identify()["identification_id"]], redeem={"points": 100})
    quote = quoted(desk, instruments=sale["instruments"], redeem=sale["redeem"])
    desk.call("hold", "r1", json.dumps({"etag": quote.etag, "basket": sale}).encode())
    assert desk.checkout.talk.park("r1") == {"receipt_id": "r1", "state": "held", "accepting": True}
    assert desk.ledger.read.hold("r1") is not None


def test_parking_does_not_open_the_gate_of_the_sale_that_is_being_paid(desk: Desk) -> None:
    quoted(desk, "r1")
    quote = quoted(desk, "r2")
    desk.call("hold", "r2", json.dumps({"etag": quote.etag, "basket": basket("r2")}).encode())
    assert desk.checkout.talk.park("r1") == {"receipt_id": "r1", "state": "quoted", "accepting": False}


def test_what_is_paid_or_unknown_is_not_parked(desk: Desk) -> None:
    sell(desk, basket())
    for receipt_id, code in (("r1", "wrong_state"), ("r9", "receipt_unknown")):
        with pytest.raises(Refused) as refused:
            desk.checkout.talk.park(receipt_id)
        assert refused.value.refusal == code
