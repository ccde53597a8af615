"""Goods that come back in the middle of a sale, with their receipt and without."""

import json
from pathlib import Path
from typing import Any

import pytest

from agent.errors import Refused
from tests.till.desk import CLUB, NOON, Desk, basket, sell

BACK = {"receipt_id": "r1", "line": 1}
AS_IF_SOLD = b'returns_without_original = "as_if_sold"\n'


def line(number: int, amount_minor: int, **more: Any) -> dict[str, Any]:
    return {"line": number, "sku": "x", "group": "GROCERY", "amount_minor": amount_minor, **more}


def member_sale(desk: Desk, receipt_id: str, lines: list[dict[str, Any]]) -> dict[str, Any]:
    return basket(receipt_id, lines=lines, instruments=[desk.identify()["identification_id"]])


def with_setting(text: bytes, setting: bytes) -> bytes:
    return text.replace(b"[settings]\n", b"[settings]\n" + setting) if b"[settings]" in text else (
        text + b"\n[settings]\n" + setting
    )  # fmt: skip


@pytest.fixture
def strict_desk(tmp_path: Path) -> Any:
    one = Desk(tmp_path, programme=with_setting(CLUB.read_bytes(), AS_IF_SOLD))
    yield one
    one.ledger.close()


def test_a_line_that_names_its_sale_is_a_return_as_the_call_of_its_own_books_it(desk: Desk) -> None:
    desk.know_member(0)
    sell(desk, member_sale(desk, "r1", [line(1, 1000, quantity="2"), line(2, 500)]))
    _, answer = sell(
        desk, member_sale(desk, "r2", [line(1, 300), line(2, -500, quantity="-1", returns=BACK)])
    )
    (told,) = answer["returns"]
    assert (told["receipt_id"], told["return_id"], told["state"]) == ("r1", "r2", "partly_returned")
    assert told["refund_minor"] == 500
    assert [kind for kind in desk.kinds("r1") if kind in {"RETURN", "REVERSE"}] == ["RETURN", "REVERSE"]
    assert desk.call("recall", "r1")["state"] == "partly_returned"
    body = json.dumps({"lines": [{"line": 1}], "returned_at": NOON.isoformat()}).encode()
    assert desk.call("take_back", "r1", "rest", body)["refund_minor"] == 500


def test_the_same_commit_again_takes_nothing_back_twice(desk: Desk) -> None:
    sell(desk, basket(lines=[line(1, 1000)]))
    mixed = basket("r2", lines=[line(1, -1000, quantity="-1", returns=BACK)])
    _, first = sell(desk, mixed)
    _, again = sell(desk, mixed)
    assert again == first
    assert desk.kinds("r1").count("RETURN") == 1


def test_more_than_was_sold_is_booked_as_a_difference_since_the_money_is_given(desk: Desk) -> None:
    sell(desk, basket(lines=[line(1, 1000)]))
    twice = [line(at, -1000, quantity="-1", returns=BACK) for at in (1, 2)]
    _, answer = sell(desk, basket("r2", lines=twice))
    assert answer["state"] == "committed"
    assert answer["differences"] == ["return_refused/r1"]
    assert "RETURN" not in desk.kinds("r1")


def test_a_sale_of_another_till_is_noted_for_head_office(desk: Desk) -> None:
    elsewhere = {"receipt_id": "elsewhere", "line": 3}
    _, answer = sell(desk, basket("r2", lines=[line(1, -1000, returns=elsewhere)]))
    assert answer["returns"] == [
        {"receipt_id": "elsewhere", "return_id": "r2", "state": "noted", "provisional": True}
    ]


def test_a_sale_that_took_other_goods_back_is_not_voided(desk: Desk) -> None:
    sell(desk, basket(lines=[line(1, 1000)]))
    sell(desk, basket("r2", lines=[line(1, -1000, quantity="-1", returns=BACK)]))
    with pytest.raises(Refused):
        desk.call("void", "r2", b"{}")


def test_goods_without_their_receipt_take_nothing_out_unless_the_programme_says_so(desk: Desk) -> None:
    desk.know_member(100)
    _, answer = sell(desk, member_sale(desk, "r1", [line(1, -1000)]))
    assert "taken_out" not in answer
    assert desk.ledger.read.balance("m1", "points") == 100


def test_goods_without_their_receipt_take_out_what_selling_them_would_earn(strict_desk: Desk) -> None:
    strict_desk.know_member(100)
    earned = sell(strict_desk, member_sale(strict_desk, "r1", [line(1, 1000)]))[0].wallets[0].earn
    _, answer = sell(strict_desk, member_sale(strict_desk, "r2", [line(1, -1000)]))
    assert answer["taken_out"] == {"points": earned}
    assert strict_desk.ledger.read.balance("m1", "points") == 100
    strict_desk.call("void", "r2", b"{}")
    assert strict_desk.ledger.read.balance("m1", "points") == 100 + earned


def test_what_a_member_does_not_have_is_a_lot_below_zero(strict_desk: Desk) -> None:
    strict_desk.know_member(5)
    _, answer = sell(strict_desk, member_sale(strict_desk, "r1", [line(1, -1000)]))
    taken = answer["taken_out"]["points"]
    (entry,) = [one for one in strict_desk.ledger.read.entries_of("r1") if one.kind == "CLAWBACK"]
    assert entry.lots[0] == ("l1", -5)
    assert entry.lots[1] == (f"{entry.incarnation[:8]}-{entry.seq}", -(taken - 5))
    assert strict_desk.ledger.read.balance("m1", "points") == 5 - taken
