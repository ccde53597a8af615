"""Sales that do not go by the book: cancelled before they are paid, or paid without having been quoted."""

import json
from typing import Any

import pytest

from agent.errors import Refused
from agent.loyalty.member import Lot, MemberFacts, Voucher, WalletFacts
from agent.sync.wire import Delta, MemberRow
from tests.till.desk import CARD, NOON, Desk, basket, sell
from tests.till.test_paying import events_of, quoted, redeeming, told, usable


def paid_unquoted(desk: Desk, **more: Any) -> dict[str, Any]:
    return desk.call("commit", "r1", told(basket=basket(**more)))  # type: ignore[no-any-return]


def test_a_sale_cancelled_before_it_is_paid_stays_cancelled_across_a_restart(desk: Desk) -> None:
    desk.call("quote", "r1", told(**basket()))
    first = desk.call("void", "r1", told(cashier="7", reason="left"))
    for _ in range(2):
        assert desk.call("recall", "r1") == {"receipt_id": "r1", "state": "voided", "void": first}
        assert desk.call("void", "r1", b"{}") == first
        desk.reopen()
    notes = desk.ledger.read.entries_of("r1")
    assert [(one.kind, one.part, one.actor) for one in notes] == [("NOTE", "voided_unpaid", "7")]
    assert notes[0].data == {"reason": "left"}


def test_a_cancelled_sale_gives_its_hold_back_and_takes_no_other(desk: Desk) -> None:
    desk.know_member(500)
    desk.allow(500)
    sale = redeeming(desk)
    etag = quoted(desk, sale)
    desk.call("hold", "r1", told(etag=etag, basket=sale))
    desk.call("void", "r1", b"{}")
    assert usable(desk) == 500
    with pytest.raises(Refused, match="past that"):
        desk.call("hold", "r1", told(etag=etag, basket=sale))
    back = told(lines=[{"line": 1}], returned_at=NOON.isoformat())
    with pytest.raises(Refused, match="voided"):
        desk.call("take_back", "r1", "b1", back)


def test_a_sale_paid_after_it_was_cancelled_counts_with_an_alarm(desk: Desk) -> None:
    desk.know_member(0)
    sale = basket(instruments=[desk.identify()["identification_id"]])
    desk.call("void", "r1", b"{}")
    body = told(etag=quoted(desk, sale), basket=sale)
    answer = desk.call("commit", "r1", body)
    assert (answer["state"], answer["differences"]) == ("committed", ["voided_before"])
    assert desk.call("commit", "r1", body) == desk.call("recall", "r1") == answer
    assert desk.ledger.read.entries_of("r1")[1].data["differences"] == ["voided_before"]
    assert [one["code"] for one in events_of(desk, "alarm")] == ["voided_before"]
    assert desk.ledger.read.balance("m1", "points") == 26
    assert desk.call("void", "r1", b"{}")["state"] == "voided"
    assert desk.ledger.read.balance("m1", "points") == 0


def test_a_parked_receipt_says_too_that_it_was_cancelled_before(desk: Desk) -> None:
    desk.call("void", "r1", b"{}")
    answer = desk.call("commit", "r1", told(basket={"receipt_id": "r1"}))
    assert (answer["state"], answer["differences"]) == ("parked", ["parked", "voided_before"])
    assert desk.ledger.read.entries_of("r1")[1].data["differences"] == ["voided_before"]
    desk.call("void", "r1", b"{}")
    assert [one.part for one in desk.ledger.read.entries_of("r1")] == ["voided_unpaid", "parked", "voided"]


def test_a_sale_paid_without_a_quote_earns_on_what_was_paid_and_pays_no_points(desk: Desk) -> None:
    desk.know_member(500)
    desk.allow(500)
    answer = paid_unquoted(desk, instruments=[CARD], redeem={"points": "max"})
    assert answer["differences"] == ["no_quote"]
    assert answer["due_minor"] == 1550
    wallet = answer["wallets"][0]
    assert (wallet["earn"], wallet["redeem"]) == (26, 0)
    assert desk.kinds("r1") == ["RECEIPT", "EARN", "COUNT", "CLOSE"]
    assert desk.ledger.read.entries_of("r1")[0].data["unquoted"] is True
    assert desk.ledger.read.balance("m1", "points") == 526
    assert events_of(desk, "alarm") == []


def test_a_sale_paid_without_a_quote_uses_no_voucher_of_the_member(desk: Desk) -> None:
    facts = MemberFacts(
        "m1", wallets={"points": WalletFacts([Lot("l1", 1)])}, vouchers=[Voucher("coupon", "v1")]
    )
    row = MemberRow("m1", 2, [], facts)
    desk.know_member(1)
    desk.write(lambda tx: tx.apply_delta(Delta(1, 2, more=False, booked_seq=0, members=[row])))
    answer = paid_unquoted(desk, instruments=[CARD])
    assert answer["due_minor"] == 1550
    assert "COUPON" not in desk.kinds("r1")


def test_what_came_unquoted_goes_back_like_any_other_sale(desk: Desk) -> None:
    desk.know_member(0)
    answer = paid_unquoted(desk, instruments=[CARD])
    back = json.dumps({"lines": [{"line": 1}, {"line": 2}], "returned_at": NOON.isoformat()}).encode()
    returned = desk.call("take_back", "r1", "b1", back)
    assert (returned["refund_minor"], returned["earned_back"]) == (1550, {"points": 26})
    assert answer["due_minor"] == 1550
    assert desk.ledger.read.balance("m1", "points") == 0


def test_a_sale_paid_with_another_etag_earns_and_says_both(desk: Desk) -> None:
    desk.know_member(0)
    sale = basket(instruments=[CARD])
    quoted(desk, sale)
    sale["lines"][0]["amount_minor"] = 999
    answer = desk.call("commit", "r1", told(etag="of another basket", basket=sale))
    assert answer["differences"] == ["etag_mismatch", "no_quote"]
    _, other = sell(desk, basket("r2", lines=sale["lines"], instruments=[CARD]))
    assert answer["wallets"][0]["earn"] == other["wallets"][0]["earn"]
