"""Goods come back: in any parts and any order the sum is the sale, and nothing comes back twice."""

import asyncio
import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.errors import Conflict, Refused
from tests.till.desk import NOON, Desk, basket, sell


def back(desk: Desk, return_id: str, *lines: dict[str, Any], receipt_id: str = "r1") -> dict[str, Any]:
    body = json.dumps({"lines": list(lines), "returned_at": NOON.isoformat(), "cashier": "7"}).encode()
    return desk.call("take_back", receipt_id, return_id, body)  # type: ignore[no-any-return]


@st.composite
def sales(draw: st.DrawFn) -> list[dict[str, Any]]:
    groups = st.sampled_from(["GROCERY", "PRODUCE", "DRUG GM", "FUEL"])
    return [
        {
            "line": number,
            "sku": f"s{number}",
            "group": draw(groups),
            "quantity": str(draw(st.integers(1, 5))),
            "amount_minor": draw(st.integers(1, 5000)),
        }
        for number in range(1, draw(st.integers(2, 4)))
    ]


@settings(max_examples=25)
@given(lines=sales(), data=st.data())
def test_however_a_sale_comes_back_the_parts_sum_to_it(
    lines: list[dict[str, Any]], data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        desk = Desk(Path(folder))
        try:
            desk.know_member(500)
            desk.allow(500)
            card = desk.identify()["identification_id"]
            quote, _ = sell(desk, basket(lines=lines, instruments=[card], redeem={"points": "max"}))
            pieces = [
                {"line": line["line"], "quantity": "1"}
                for line in lines
                for _ in range(int(line["quantity"]))
            ]
            refunded, state = 0, ""
            for number, piece in enumerate(data.draw(st.permutations(pieces))):
                try:
                    answer = back(desk, f"b{number}", piece)
                except Refused:
                    continue  # so cheap that this piece of it is worth nothing
                refunded, state = refunded + answer["refund_minor"], answer["state"]
            assert state == "returned"
            assert refunded == quote.due_minor
            assert desk.ledger.read.balance("m1", "points") == 500
        finally:
            desk.ledger.close()


def test_the_same_return_again_is_a_read_and_other_lines_a_conflict(desk: Desk) -> None:
    sell(desk, basket())
    first = back(desk, "b1", {"line": 1, "quantity": "1"})
    assert back(desk, "b1", {"line": 1, "quantity": "1"}) == first
    with pytest.raises(Conflict):
        back(desk, "b1", {"line": 1, "quantity": "2"})
    desk.reopen()
    assert back(desk, "b1", {"line": 1, "quantity": "1"}) == first


def test_the_same_line_returned_twice_at_once_comes_back_once(desk: Desk) -> None:
    sell(desk, basket())
    body = json.dumps({"lines": [{"line": 1}], "returned_at": NOON.isoformat()}).encode()

    async def both() -> tuple[dict[str, Any] | BaseException, ...]:
        one, two = (desk.checkout.take_back("r1", f"b{number}", body) for number in range(2))
        return await asyncio.gather(one, two, return_exceptions=True)

    outcomes = asyncio.run(both())
    assert sum(isinstance(one, Refused) for one in outcomes) == 1


def test_an_amount_or_all_that_is_left_may_come_back(desk: Desk) -> None:
    sell(desk, basket())
    assert back(desk, "b1", {"line": 1, "amount_minor": 400})["refund_minor"] == 400
    assert back(desk, "b2", {"line": 1}, {"line": 2})["refund_minor"] == 1150
    with pytest.raises(Refused) as caught:
        back(desk, "b3", {"line": 1, "amount_minor": 1})
    assert caught.value.values["left"] == 0


@pytest.mark.parametrize(
    "line",
    [
        {"line": 9},
        {"line": 1, "amount_minor": 1001},
        {"line": 1, "amount_minor": -5},
        {"line": 1, "quantity": "4"},
        {"line": 1, "quantity": "-1"},
    ],
)
def test_more_than_was_sold_does_not_come_back(desk: Desk, line: dict[str, Any]) -> None:
    sell(desk, basket())
    with pytest.raises(Refused) as caught:
        back(desk, "b1", line)
    assert caught.value.refusal == "return_too_large"
    assert desk.kinds("r1") == ["RECEIPT"]


def test_a_free_article_comes_back_for_nothing(desk: Desk) -> None:
    sell(desk, basket(lines=[{"line": 1, "sku": "gift", "amount_minor": 0}]))
    answer = back(desk, "b1", {"line": 1})
    assert (answer["refund_minor"], answer["state"]) == (0, "returned")


def test_the_stamp_goes_with_the_last_of_the_goods(desk: Desk) -> None:
    desk.know_member(0)
    sell(desk, basket(instruments=[desk.identify()["identification_id"]]))

    def stamps() -> int:
        facts = desk.ledger.read.facts("m1", NOON.date())
        assert facts is not None
        return facts.counts["stamps"].lifetime

    back(desk, "b1", {"line": 1})
    assert stamps() == 1
    back(desk, "b2", {"line": 2})
    assert stamps() == 0


def test_a_sale_of_another_till_is_noted_and_settled_at_head_office(desk: Desk) -> None:
    first = back(desk, "b1", {"line": 1}, receipt_id="elsewhere-7")
    assert (first["state"], first["provisional"]) == ("noted", True)
    assert back(desk, "b1", {"line": 1}, receipt_id="elsewhere-7") == first
    assert desk.kinds("elsewhere-7") == ["RETURN"]


def test_a_sale_that_this_till_has_let_go_is_noted_and_settled_at_head_office(desk: Desk) -> None:
    desk.know_member(0)
    sell(desk, basket(instruments=[desk.identify()["identification_id"]]))
    desk.call("commit", "r2", json.dumps({"basket": basket("r2")}).encode())
    seq, row_hash = desk.ledger.read.head()
    desk.write(lambda tx: tx.acknowledge(desk.ledger.incarnation, seq, row_hash))
    desk.write(lambda tx: tx.set_mark("booked", seq))
    later_ms = int(desk.clock.now().timestamp() * 1000) + 1
    assert desk.write(lambda tx: tx.let_go(later_ms, kept=1)) == seq - 1
    answer = back(desk, "b1", {"line": 1})
    assert (answer["state"], answer["provisional"]) == ("noted", True)
    assert back(desk, "b1", {"line": 1}) == answer


def test_a_return_of_a_receipt_without_a_quote_gives_its_money_back(desk: Desk) -> None:
    desk.call("commit", "r1", json.dumps({"basket": basket()}).encode())
    answer = back(desk, "b1", {"line": 1}, {"line": 2})
    assert (answer["refund_minor"], answer["earned_back"]) == (1550, {})
