"""A card that came late: an anonymous receipt earns for a member, once, soon, and takes nothing off."""

import json
from datetime import timedelta
from typing import Any

import pytest

from agent.errors import LedgerReadOnly, Refused
from agent.ledger.verify import verify
from agent.till.claim import CLAIMS, CLAIMS_S, ClaimSettings
from tests.till.desk import NOON, Desk, basket, sell


def claim(desk: Desk, receipt_id: str = "r1", token: str = "", **more: Any) -> Any:
    body = {"identification_id": token or desk.identify()["identification_id"], **more}
    return desk.call("claim", receipt_id, json.dumps(body).encode())


def anonymous(desk: Desk, receipt_id: str = "r1") -> dict[str, Any]:
    desk.know_member(500)
    return sell(desk, basket(receipt_id))[1]


def earned(desk: Desk) -> int:
    return desk.ledger.read.balance("m1", "points") - 500


def refused(desk: Desk, receipt_id: str = "r1", token: str = "") -> str:
    with pytest.raises(Refused) as why:
        claim(desk, receipt_id, token)
    return why.value.refusal


def test_a_claimed_receipt_earns_what_it_would_have_earned_with_nothing_taken_off(desk: Desk) -> None:
    anonymous(desk)
    told = claim(desk, cashier="9")
    token = desk.identify()["identification_id"]
    body = json.dumps({"basket": basket("r2", instruments=[token])}).encode()
    unquoted = desk.call("commit", "r2", body)  # a member's sale without a quote: earns, nothing off
    assert [one["earn"] for one in told["wallets"]] == [one["earn"] for one in unquoted["wallets"]]
    assert told["wallets"][0]["earn"] > 0
    assert earned(desk) == 2 * told["wallets"][0]["earn"]
    assert desk.kinds("r1")[:3] == ["RECEIPT", "CLAIM", "EARN"]


def test_the_same_claim_again_is_a_read_and_the_receipt_tells_it(desk: Desk) -> None:
    desk.know_member(500)
    body = json.dumps({"basket": basket()}).encode()
    paid = desk.call("commit", "r1", body)
    told = claim(desk)
    seq = desk.ledger.read.head()[0]
    assert claim(desk) == told
    recalled = desk.call("recall", "r1")
    assert recalled == {**paid, "claim": {key: value for key, value in told.items() if key != "state"}}
    assert desk.call("commit", "r1", body) == recalled
    assert desk.ledger.read.head()[0] == seq


def test_a_receipt_is_claimed_once_and_a_members_not_at_all(desk: Desk) -> None:
    anonymous(desk)
    token = desk.identify()["identification_id"]
    sell(desk, basket("r2", instruments=[token]))
    assert refused(desk, "r2") == "wrong_state"
    desk.call("void", "r1", b"{}")
    assert refused(desk, "r1") == "wrong_state"


def test_only_a_members_fresh_identification_claims(desk: Desk) -> None:
    anonymous(desk)
    assert refused(desk, token=desk.identify("2990000000026")["identification_id"]) == "member_unknown"
    assert refused(desk, token="no token of ours") == "member_unknown"
    assert refused(desk, "r9") == "receipt_unknown"


def test_a_claim_that_cannot_be_written_is_refused(desk: Desk) -> None:
    anonymous(desk)
    desk.ledger._writer.close()
    with pytest.raises(LedgerReadOnly):
        claim(desk)


def test_a_claim_comes_within_its_minutes(desk: Desk) -> None:
    anonymous(desk)
    desk.clock.at += timedelta(minutes=15, seconds=1)
    assert refused(desk) == "claim_too_late"
    desk.clock.at -= timedelta(seconds=1)
    assert claim(desk)["state"] == "committed"


def test_a_card_that_claims_one_receipt_after_another_is_stopped_for_a_while(desk: Desk) -> None:
    desk.know_member(500)
    for number in range(CLAIMS + 1):
        sell(desk, basket(f"r{number}"))
    for number in range(CLAIMS):
        claim(desk, f"r{number}")
    assert refused(desk, f"r{CLAIMS}") == "too_many_claims"
    desk.clock.at += timedelta(seconds=CLAIMS_S)
    sell(desk, basket("later", sold_at=desk.clock.at.isoformat()))
    assert claim(desk, "later")["state"] == "committed"


def test_a_void_takes_the_points_of_a_claim_back(desk: Desk) -> None:
    anonymous(desk)
    claim(desk)
    desk.call("void", "r1", b"{}")
    assert earned(desk) == 0
    assert verify(desk.folder).ok


def test_goods_of_a_claimed_receipt_come_back_for_the_money_paid_and_the_points_earned(desk: Desk) -> None:
    anonymous(desk)
    points = claim(desk)["wallets"][0]["earn"]
    first = back(desk, "b1", 2)
    assert (first["refund_minor"], first["earned_back"]["points"] > 0) == (550, True)
    second = back(desk, "b2", 1)
    assert first["earned_back"]["points"] + second["earned_back"]["points"] == points
    assert (second["refund_minor"], second["state"], earned(desk)) == (1000, "returned", 0)
    assert verify(desk.folder).ok


def back(desk: Desk, return_id: str, line: int) -> Any:
    body = {"lines": [{"line": line}], "returned_at": NOON.isoformat()}
    return desk.call("take_back", "r1", return_id, json.dumps(body).encode())


def test_what_came_back_before_is_not_claimed(desk: Desk) -> None:
    anonymous(desk)
    back(desk, "b1", 2)
    assert refused(desk) == "wrong_state"


def test_a_slip_in_each_language_marks_what_is_to_be_confirmed(desk: Desk) -> None:
    anonymous(desk)
    marks = {"en": "Earned (points): ", "ru": "Начислено (points): ", "fi": "Kertyi (points): "}
    confirmed = {"en": "(after confirmation)", "ru": "(после подтверждения)", "fi": "(vahvistuksen jälkeen)"}
    for number, language in enumerate(marks):
        desk.checkout._claims._settings = ClaimSettings(15 * 60_000, language, 0)
        sell(desk, basket(f"c{number}"))
        slip = claim(desk, f"c{number}")["receipt_text"]
        assert any(one.startswith(marks[language]) and one.endswith(confirmed[language]) for one in slip)
