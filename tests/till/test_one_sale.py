"""A whole sale through the checkout: real ledger, real programme; only clock and head office are ours."""

import json
from datetime import UTC, date, datetime

import pytest

from agent.errors import Conflict, DocumentError, Refused
from agent.journal.tag import tag_of
from agent.loyalty.member import Lot, MemberFacts, WalletFacts
from agent.sync.wire import Delta, MemberRow
from tests.till.desk import CARD, FLEET_KEY, NOON, Desk, basket, sell


def test_a_member_earns_and_the_answer_names_the_entry(desk: Desk) -> None:
    desk.know_member(0)
    sale = basket(instruments=[desk.identify()["identification_id"]])
    quote, answer = sell(desk, sale)
    assert [wallet.earn for wallet in quote.wallets] == [10 + 16]
    assert answer["state"] == "committed"
    assert desk.kinds("r1") == ["RECEIPT", "EARN", "COUNT"]
    assert desk.ledger.read.balance("m1", "points") == 26


def test_what_is_redeemed_comes_from_the_allowance_and_the_rest_goes_home(desk: Desk) -> None:
    desk.know_member(500)
    desk.allow(500)
    sale = basket(instruments=[desk.identify()["identification_id"]], redeem={"points": 300})
    quote, answer = sell(desk, sale)
    assert quote.due_minor == 1550 - 300
    assert answer["differences"] == []
    kinds = desk.kinds("r1")
    assert kinds[0] == "HOLD"
    assert [kind for kind in kinds if kind in {"REDEEM", "CLOSE"}] == ["REDEEM", "CLOSE"]
    assert desk.ledger.read.balance("m1", "points") == 500 - 300 + quote.wallets[0].earn


def test_away_from_head_office_a_till_earns_only_and_says_why(desk: Desk) -> None:
    desk.know_member(500)
    sale = basket(instruments=[desk.identify()["identification_id"]], redeem={"points": "max"})
    quote, _ = sell(desk, sale)
    assert quote.wallets[0].redeem == 0
    assert quote.wallets[0].provisional
    assert {reason.rule: reason.code for reason in quote.reasons}["pay"] == "offline_limit"


def test_the_same_commit_again_is_a_read_and_other_content_a_conflict_that_is_kept(desk: Desk) -> None:
    sale = basket()
    quote, first = sell(desk, sale)
    body = {"etag": quote.etag, "basket": sale, "tenders": []}
    assert desk.call("commit", "r1", json.dumps(body, indent=3).encode()) == first
    sale["lines"][0]["amount_minor"] = 999
    for _ in range(2):
        with pytest.raises(Conflict):
            desk.call("commit", "r1", json.dumps(body).encode())
    assert desk.kinds("r1") == ["RECEIPT", "NOTE"]


def test_a_quote_given_before_a_crash_still_holds_after_it(desk: Desk) -> None:
    desk.know_member(0)
    sale = basket(instruments=[desk.identify()["identification_id"]])
    quote = desk.call("quote", "r1", json.dumps(sale).encode())
    desk.reopen()
    body = json.dumps({"etag": quote.etag, "basket": sale, "tenders": []}).encode()
    answer = desk.call("commit", "r1", body)
    assert answer["differences"] == []
    assert answer["wallets"][0]["earn"] == 26


def test_a_commit_with_a_foreign_etag_is_booked_without_our_discounts_and_noted(desk: Desk) -> None:
    body = json.dumps({"etag": "another", "basket": basket(), "tenders": []}).encode()
    answer = desk.call("commit", "r1", body)
    assert answer["differences"] == ["etag_mismatch", "no_quote"]
    assert answer["due_minor"] == 1550


def test_a_paid_receipt_that_cannot_be_booked_is_parked_without_its_identifiers(desk: Desk) -> None:
    sale = basket(instruments=[CARD], lines=[{"line": 1, "sku": "x", "amount_minor": "free"}])
    answer = desk.call("commit", "r1", json.dumps({"basket": sale}).encode())
    assert answer["state"] == "parked"
    bodies = [body for _, body, _ in desk.ledger.read.entries(0, 100)]
    assert not any(CARD.encode() in body for body in bodies)


def test_only_a_body_that_is_no_json_object_is_refused_at_commit(desk: Desk) -> None:
    for body in (b"", b"[1]", b"{", b"\xff"):
        with pytest.raises(DocumentError):
            desk.call("commit", "r1", body)
    assert desk.kinds("r1") == []


def test_a_void_leaves_every_balance_as_it_was(desk: Desk) -> None:
    desk.know_member(500)
    desk.allow(500)
    sale = basket(instruments=[desk.identify()["identification_id"]], redeem={"points": 300})
    sell(desk, sale)
    first = desk.call("void", "r1", b"{}")
    assert first["state"] == "voided"
    assert desk.call("void", "r1", b"") == first
    assert desk.ledger.read.balance("m1", "points") == 500


def test_returns_in_parts_undo_exactly_the_sale(desk: Desk) -> None:
    desk.know_member(500)
    desk.allow(500)
    sale = basket(instruments=[desk.identify()["identification_id"]], redeem={"points": 300})
    quote, _ = sell(desk, sale)
    refunds, state = 0, ""
    for number, line in enumerate(
        [{"line": 1, "quantity": "1"}, {"line": 2}, {"line": 1, "quantity": "1"}, {"line": 1}]
    ):
        body = json.dumps({"lines": [line], "returned_at": NOON.isoformat()}).encode()
        answer = desk.call("take_back", "r1", f"back-{number}", body)
        again = desk.call("take_back", "r1", f"back-{number}", body)
        assert again["refund_minor"] == answer["refund_minor"]
        refunds, state = refunds + answer["refund_minor"], answer["state"]
    assert refunds == quote.due_minor
    assert state == "returned"
    assert desk.ledger.read.balance("m1", "points") == 500
    with pytest.raises(Refused):
        desk.call("take_back", "r1", "more", json.dumps(
            {"lines": [{"line": 2}], "returned_at": NOON.isoformat()}).encode())  # fmt: skip


def test_a_payment_card_is_refused_and_its_digits_are_nowhere_in_the_answer(desk: Desk) -> None:
    with pytest.raises(Refused) as caught:
        desk.identify("4111 1111 1111 1111")
    assert caught.value.refusal == "payment_card_refused"
    assert "4111" not in str(caught.value)


def test_an_unknown_card_is_an_answer_and_its_number_stays_out(desk: Desk) -> None:
    told = desk.identify("2990000000170")
    assert told["result"] == "unknown"
    assert "2990000000170" not in json.dumps(told)


def test_another_currency_and_another_receipt_id_are_named(desk: Desk) -> None:
    for sale, code in (
        (basket(currency="EUR"), "currency_mismatch"),
        (basket(receipt_id="r2"), "receipt_id_mismatch"),
    ):
        with pytest.raises(Refused) as caught:
            desk.call("quote", "r1", json.dumps(sale).encode())
        assert caught.value.refusal == code


def test_all_mistakes_of_a_basket_come_at_once(desk: Desk) -> None:
    bad = basket(lnies=[], lines=[{"line": 1, "sku": "x", "amount_minor": 10**15}], redeem={"points": -1})
    with pytest.raises(DocumentError) as caught:
        desk.call("quote", "r1", json.dumps(bad).encode())
    pointers = {mistake.pointer for mistake in caught.value.mistakes}
    assert {"/lnies", "/lines/0/amount_minor", "/redeem/points"} <= pointers


def test_the_recovery_call_tells_each_state(desk: Desk) -> None:
    with pytest.raises(Refused, match="nothing happened"):
        desk.call("recall", "r1")
    sale = basket()
    desk.call("quote", "r1", json.dumps(sale).encode())
    assert desk.call("recall", "r1")["state"] == "quoted"
    _, answer = sell(desk, sale)
    assert desk.call("recall", "r1") == answer


def test_the_gate_is_closed_while_the_customer_pays(desk: Desk) -> None:
    desk.know_member(0)
    sale = basket(instruments=[desk.identify()["identification_id"]])
    quote = desk.call("quote", "r1", json.dumps(sale).encode())
    gate = desk.checkout._gate
    desk.call("hold", "r1", json.dumps({"etag": quote.etag, "basket": sale}).encode())
    assert gate.judge("scanner", CARD, 0) == "late"
    desk.call("void", "r1", b"{}")
    assert gate.judge("scanner", CARD, 10**9) == "accepted"


def test_a_card_read_tells_the_balance_of_the_shops_own_day(desk: Desk) -> None:
    lots = [Lot("l1", 40, expires_on=date(2026, 11, 24)), Lot("l2", 2)]
    row = MemberRow(
        "m1", 2, [tag_of("card", CARD, FLEET_KEY)], MemberFacts("m1", wallets={"points": WalletFacts(lots)})
    )
    desk.know_member(0)
    desk.write(lambda tx: tx.apply_delta(Delta(1, 2, more=False, booked_seq=0, members=[row])))
    shown = []
    for hour in (4, 5):  # in New York it is five hours earlier: the 24th ends between these two
        desk.clock.at = datetime(2026, 11, 25, hour, tzinfo=UTC)
        shown.append(desk.identify(CARD)["wallets"])
    assert shown == [[{"wallet": "points", "balance": 42}], [{"wallet": "points", "balance": 2}]]
