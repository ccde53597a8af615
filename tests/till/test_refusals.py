"""Each call and each code of its own, one by one: the till says no with exactly that code."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from agent.till.calls import CALLS
from agent.till.problem import PROBLEMS
from tests.till.desk import CARD, NOON, Desk, basket, sell
from tests.till.serving import Door

PAN = "4111111111111111"
BACK: dict[str, Any] = {"lines": [{"line": 2}], "returned_at": NOON.isoformat()}
PATHS = {call.name: (call.method, call.path) for call in CALLS}
Refusal = tuple[Any, Callable[[Desk], Any]]


def nothing(_: Desk) -> None:
    """Need nothing before."""


def sold(desk: Desk) -> None:
    sell(desk, basket())


def voided(desk: Desk) -> None:
    sold(desk)
    desk.call("void", "r1", b"{}")


def came_back(desk: Desk) -> None:
    sold(desk)
    desk.call("take_back", "r1", "b1", json.dumps(BACK).encode())


def read_only(desk: Desk) -> None:
    desk.ledger._writer.close()


def redeeming(desk: Desk) -> dict[str, Any]:
    """Quote a sale that 300 of 500 points pay for, and return what its hold says."""
    desk.know_member(500)
    desk.allow(500)
    token = desk.identify()["identification_id"]
    sale = basket(instruments=[token], redeem={"points": 300})
    quote = desk.call("quote", "r1", json.dumps(sale).encode())
    return {"etag": quote.etag, "basket": sale}


def held(sale: dict[str, Any]) -> dict[str, Any]:
    return {"etag": "of another quote", "basket": sale}


def quoted(desk: Desk) -> None:
    desk.call("quote", "r1", json.dumps(basket()).encode())


def sold_and_read_only(desk: Desk) -> None:
    sold(desk)
    read_only(desk)


AGREED = {"purpose": "news", "granted": True, "text_version": "1", "channel": "till"}
CHOICE = {"code": "redeem", "values": {"wallet": "points", "points": 1}}
SAID = {"code": "ask_for_card", "outcome": "taken"}
REFUSALS: dict[tuple[str, str], Refusal] = {
    ("quote", "receipt_id_mismatch"): (basket("r2"), nothing),
    ("quote", "currency_mismatch"): (basket(currency="EUR"), nothing),
    ("quote", "payment_card_refused"): (basket(instruments=[PAN]), nothing),
    ("hold", "receipt_id_mismatch"): (held(basket("r2")), nothing),
    ("hold", "currency_mismatch"): (held(basket(currency="EUR")), nothing),
    ("hold", "payment_card_refused"): (held(basket(instruments=[PAN])), nothing),
    ("hold", "etag_mismatch"): (held(basket()), nothing),
    ("commit", "receipt_conflict"): ({"basket": basket(cashier="9")}, sold),
    ("commit", "ledger_read_only"): ({"basket": basket()}, read_only),
    ("void", "wrong_state"): ({}, came_back),
    ("void", "ledger_read_only"): ({}, read_only),
    ("return", "receipt_conflict"): ({**BACK, "cashier": "9"}, came_back),
    ("return", "wrong_state"): (BACK, voided),
    ("return", "return_too_large"): ({**BACK, "lines": [{"line": 7}]}, sold),
    ("return", "ledger_read_only"): (BACK, read_only),
    ("claim", "member_unknown"): ({"identification_id": "of nobody"}, sold),
    ("recall", "receipt_unknown"): (None, nothing),
    ("join", "payment_card_refused"): ({"request_id": "q", "phone": PAN}, nothing),
    ("join", "unreadable"): ({"request_id": "q", "phone": "hello"}, nothing),
    ("join", "member_unknown"): ({"request_id": "q", "identification_id": "of nobody"}, nothing),
    ("join", "cannot_enrol"): ({"request_id": "q", "phone": "+358401234567"}, nothing),
    ("attach", "member_unknown"): ({"identification_id": "of nobody"}, nothing),
    ("consent", "member_unknown"): ({"consents": [AGREED]}, nothing),
    ("current", "no_sale"): (None, nothing),
    ("answer", "receipt_unknown"): (CHOICE, nothing),
    ("answer", "hold_too_large"): (CHOICE, quoted),
    ("prompt", "ledger_read_only"): (SAID, sold_and_read_only),
    ("park", "receipt_unknown"): (None, nothing),
    ("park", "wrong_state"): (None, sold),
    ("identify", "payment_card_refused"): ({"value": PAN}, nothing),
    ("identify", "unreadable"): ({"value": "?"}, nothing),
}
ELSEWHERE = {
    ("hold", "second_factor_needed"),  # tests/till/test_joining.py
    ("join", "age_to_confirm"),  # tests/till/test_age.py
    ("join", "ledger_read_only"),
    ("attach", "card_taken"),
    ("attach", "ledger_read_only"),
    ("consent", "ledger_read_only"),
    ("claim", "receipt_unknown"),
    ("claim", "wrong_state"),  # tests/till/test_claim.py
    ("claim", "claim_too_late"),
    ("claim", "too_many_claims"),
    ("claim", "ledger_read_only"),
    ("hold", "hold_too_large"),
    ("hold", "wrong_state"),
    ("hold", "ledger_read_only"),
    ("identify", "too_many_unknown_cards"),  # tests/till/test_limits.py
}


def ask(door: Door, name: str, body: Any) -> tuple[int, Any]:
    method, path = PATHS[name]
    return door.call(method, path.format(receipt_id="r1", return_id="b1", identification_id="i1"), body)


def test_no_code_of_a_call_is_left_out() -> None:
    assert {(call.name, code) for call in CALLS for code in call.own} == set(REFUSALS) | ELSEWHERE


@pytest.mark.parametrize(("name", "code"), REFUSALS)
def test_the_till_says_no_with_its_code(desk: Desk, door: Door, name: str, code: str) -> None:
    body, prepare = REFUSALS[name, code]
    prepare(desk)
    status, told = ask(door, name, body)
    assert (status, told["code"]) == (PROBLEMS[code][0], code)


def test_a_hold_is_refused_when_the_points_are_gone_or_it_is_paid(desk: Desk, door: Door) -> None:
    body = redeeming(desk)
    other = {**body["basket"], "receipt_id": "r2"}
    quote = desk.call("quote", "r2", json.dumps(other).encode())
    assert ask(door, "hold", body)[0] == 200
    taken = door.call("PUT", "/v1/receipts/r2/hold", {"etag": quote.etag, "basket": other})[1]
    assert (taken["code"], taken["errors"][0]["values"]) == (
        "hold_too_large",
        {"wallet": "points", "max": 200},
    )
    desk.call("commit", "r1", json.dumps(body).encode())
    again = desk.call("quote", "r1", json.dumps(body["basket"]).encode())
    assert not any(wallet.redeem for wallet in again.wallets)  # not even a hold of nothing
    assert ask(door, "hold", {**body, "etag": again.etag})[1]["code"] == "wrong_state"


def test_a_hold_that_cannot_be_written_is_refused(desk: Desk, door: Door) -> None:
    body = redeeming(desk)
    read_only(desk)
    assert ask(door, "hold", body)[1]["code"] == "ledger_read_only"


def test_the_cashiers_language_reaches_the_answer(door: Door) -> None:
    method, path = PATHS["recall"]
    told = door.call(method, path.format(receipt_id="r1"), None, {"Accept-Language": "ru"})[1]
    assert (told["code"], told["detail"]) == ("receipt_unknown", "Эта касса не знает такого чека.")
    assert CARD not in str(told)
