"""What a bare phone number is told: points earned and discounts, but no balance above the limit, anywhere."""

import json
from typing import Any

import msgspec
import pytest

from agent.journal.tag import tag_of
from agent.loyalty.quote import ProgrammeRef, Prompt, Quote, QuoteWallet, Reason
from agent.till.quoted import as_told
from tests.till.desk import CARD, FLEET_KEY, Desk, basket, sell

pytest.importorskip("phonenumbers")
PLAIN = "+358401234567"
BALANCE = 500


@pytest.fixture
def desk(desk: Desk) -> Desk:
    desk.know_member(BALANCE)
    desk.write(lambda tx: tx.attach("m1", [tag_of("phone", PLAIN, FLEET_KEY)]))
    return desk


def by_phone(desk: Desk) -> str:
    body = {"value": PLAIN, "identification_type": "PhoneNumber", "entry_mode": "Keyed"}
    return str(desk.call("identify", json.dumps(body).encode(), "pos")["identification_id"])


def test_no_answer_of_a_sale_tells_the_balance_and_the_books_keep_it(desk: Desk) -> None:
    sale = basket(instruments=[by_phone(desk)])
    quote, paid = sell(desk, sale)
    told: list[dict[str, Any]] = [*json.loads(msgspec.json.encode(quote))["wallets"], *paid["wallets"]]
    assert [("balance" in one, one["earn"] > 0) for one in told] == [(False, True)] * len(told)
    assert not any("Balance" in line for line in paid["receipt_text"])
    assert any("Earned" in line for line in paid["receipt_text"])
    assert desk.call("recall", "r1") == paid
    receipt = next(one for one in desk.ledger.read.entries_of("r1") if one.kind == "RECEIPT")
    assert receipt.data["quote"]["wallets"][0]["balance"] == BALANCE


def test_a_screen_that_comes_back_is_not_told_either(desk: Desk) -> None:
    sale = basket(instruments=[by_phone(desk)])
    desk.call("quote", "r1", json.dumps(sale).encode())
    assert "balance" not in json.loads(msgspec.json.encode(desk.checkout.talk.current()))["wallets"][0]


def test_a_late_phone_number_gets_its_points_without_the_balance(desk: Desk) -> None:
    sell(desk, basket())
    claimed = desk.call("claim", "r1", json.dumps({"identification_id": by_phone(desk)}).encode())
    assert claimed["wallets"][0]["earn"] > 0
    assert not any("Balance" in line for line in claimed["receipt_text"])


def test_who_shows_the_card_is_told(desk: Desk) -> None:
    quote, paid = sell(desk, basket(instruments=[desk.identify(CARD)["identification_id"]]))
    assert quote.wallets[0].balance == paid["wallets"][0]["balance"] == BALANCE
    assert any("Balance" in line for line in paid["receipt_text"])


LACKING = {"what": "points", "wallet": "p", "points": 20}


def test_what_a_balance_follows_from_is_not_said() -> None:
    reasons = [
        Reason("a", "missing", LACKING),
        Reason("b", "points_expired", {"wallet": "p", "points": 5, "day": "2026-01-01"}),
        Reason("c", "missing", {**LACKING, "wallet": "small"}),
        Reason("d", "applied", {"wallet": "p", "points": 5}),
    ]
    prompts = [
        Prompt("missing_points", {"rule": "a", "wallet": "p", "points": 20}),
        Prompt("missing_points", {"rule": "c", "wallet": "small", "points": 20}),
        Prompt("next_tier", {"tier": "gold", "amount_minor": 100}),
    ]
    wallets = [QuoteWallet("p", 80), QuoteWallet("small", 10)]
    quote = Quote("r", ProgrammeRef("x", 1, ""), 0, wallets=wallets, reasons=reasons, prompts=prompts)
    told = as_told(quote, 10)
    assert [one.code for one in told.reasons] == ["card_not_shown", "card_not_shown", "missing", "applied"]
    assert told.prompts == prompts[1:2]
    assert [isinstance(one.balance, int) for one in told.wallets] == [False, True]
    assert as_told(quote, None) is quote
