"""Goods of a sale that the till did not know come back: both orders of arrival end in the exact inverse."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.headoffice.member_import import import_members
from agent.headoffice.office import Office
from agent.headoffice.publish import publish
from agent.headoffice.reexecute import Judge
from agent.headoffice.report import report
from agent.headoffice.store.members import touch
from agent.headoffice.tables import table_rows
from agent.headoffice.verify import verify
from tests.headoffice.both_ends import CARD, ShopTill, Tills, two_tills
from tests.headoffice.conftest import MEMBERS
from tests.headoffice.till_end import NOON, PROGRAMME, StillClock, differences, rows
from tests.till.desk import basket

ALL: list[dict[str, Any]] = [{"line": 1}, {"line": 2}]


@pytest.fixture
def tills(office: Office, tmp_path: Path) -> Iterator[Tills]:
    """The till that sells, and the till where goods come back."""
    with two_tills(office, tmp_path) as both:
        yield both


def sell(
    till: ShopTill, receipt_id: str = "r1", *, points: int = 0, card: str = CARD, store: str = "1"
) -> dict[str, Any]:
    till.ask()
    more: dict[str, Any] = {"instruments": [card] if card else [], "store": store}
    sale = basket(receipt_id, redeem={"points": points} if points else {}, **more)
    quote = till.desk.call("quote", receipt_id, json.dumps(sale).encode())
    return till.desk.call(  # type: ignore[no-any-return]
        "commit", receipt_id, json.dumps({"basket": sale, "etag": quote.etag}).encode()
    )


def back(till: ShopTill, lines: list[dict[str, Any]], return_id: str = "b1") -> dict[str, Any]:
    body = json.dumps({"lines": lines, "returned_at": NOON.isoformat()}).encode()
    return till.desk.call("take_back", "r1", return_id, body)  # type: ignore[no-any-return]


def open_kinds(office: Office) -> dict[str, int]:
    return report(office)["differences"]  # type: ignore[no-any-return]


def points(office: Office) -> int:
    return int(rows(office, "SELECT sum(remaining) FROM lot WHERE member = 'm-1'")[0][0])


def state(office: Office) -> str:
    return str(rows(office, "SELECT state FROM receipt WHERE receipt = 'r1'")[0][0])


@pytest.mark.parametrize("first", ["sale", "return"])
def test_a_whole_return_leaves_the_account_as_it_was(office: Office, tills: Tills, first: str) -> None:
    selling, taking = tills
    sell(selling, points=300)
    assert back(taking, ALL)["state"] == "noted"
    for one in (selling, taking) if first == "sale" else (taking, selling):
        one.push()
    assert points(office) == 800
    assert rows(office, "SELECT position, lifetime FROM counted") == [(0, 0)]
    assert state(office) == "returned"
    assert open_kinds(office) == {}
    assert verify(office, Judge).mistakes == []


def test_until_the_sale_arrives_the_return_is_a_difference_and_then_it_is_told_how_it_was_settled(
    office: Office, tills: Tills
) -> None:
    selling, taking = tills
    earned = sell(selling)["wallets"][0]["earn"]
    back(taking, [{"line": 1}])
    taking.push()
    assert open_kinds(office) == {"return_to_settle": 1}
    told = list(table_rows(office.store, "differences", 0, 1))
    selling.push()
    assert open_kinds(office) == {}
    assert points(office) == 800 + earned - 10
    assert state(office) == "partly_returned"
    assert list(table_rows(office.store, "differences", 0, 1)) == told
    assert differences(office)[-1] == (
        "return_settled",
        'return b1: {"refund_minor":1000,"earned":{"points":10},"spent":{}}',
    )


def test_what_came_back_once_is_not_undone_again(office: Office, tills: Tills) -> None:
    selling, taking = tills
    sell(selling)
    selling.push()
    back(taking, ALL)
    taking.push()
    assert points(office) == 800
    back(selling, ALL, "b2")
    selling.push()
    assert points(office) == 800
    assert open_kinds(office) == {"beyond_original": 1, "undone_before": 1}
    assert verify(office, Judge).mistakes == []


def test_a_void_after_a_settled_return_undoes_nothing_twice(office: Office, tills: Tills) -> None:
    selling, taking = tills
    sell(selling)
    back(taking, ALL)
    taking.push()
    selling.push()
    selling.desk.call("void", "r1", b"{}")
    selling.push()
    assert points(office) == 800
    assert open_kinds(office) == {"beyond_original": 1, "undone_before": 1}


@pytest.mark.parametrize("first", ["sale", "return"])
def test_more_than_was_sold_is_settled_for_what_was_and_stays_a_difference(
    office: Office, tills: Tills, first: str
) -> None:
    selling, taking = tills
    sell(selling)
    back(taking, [{"line": 1, "amount_minor": 5000}, {"line": 7}])
    for one in (selling, taking) if first == "sale" else (taking, selling):
        one.push()
    assert open_kinds(office) == {"return_beyond_sale": 1}
    assert points(office) == 800 + 16


def test_a_return_of_a_voided_sale_has_nothing_to_undo_and_stays_for_a_person(
    office: Office, tills: Tills
) -> None:
    selling, taking = tills
    sell(selling)
    selling.desk.call("void", "r1", b"{}")
    selling.push()
    back(taking, ALL)
    taking.push()
    assert points(office) == 800
    assert open_kinds(office) == {"return_to_settle": 1}


def test_an_anonymous_sale_moves_no_points_and_is_settled(office: Office, tills: Tills) -> None:
    selling, taking = tills
    sell(selling, card="")
    back(taking, ALL)
    for one in (taking, selling):
        one.push()
    assert (points(office), state(office), open_kinds(office)) == (800, "returned", {})


STEPS = st.lists(st.sampled_from(["a piece", "push 1-1", "push 1-2"]), min_size=3, max_size=8)


@settings(max_examples=5)
@given(steps=STEPS)
def test_in_whatever_pieces_and_order_it_comes_back_the_sum_is_the_sale(steps: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        office = Office(Path(folder) / "state", StillClock(), serving=True)
        publish(office, PROGRAMME, name="household-club.toml")
        import_members(office, MEMBERS, name="members.csv")
        both = {name: ShopTill(office, Path(folder), name, at) for at, name in enumerate(("1-1", "1-2"), 1)}
        try:
            for one in both.values():
                one.pull()
            sell(both["1-1"], points=300)
            pieces = 0
            for step in steps:
                if step.startswith("push"):
                    both[step.removeprefix("push ")].push()
                elif pieces < 2:
                    pieces += 1
                    back(both["1-2"], [{"line": 1, "quantity": "1"}], f"b{pieces}")
            back(both["1-2"], ALL, "rest")
            for one in both.values():
                one.push()
            assert (points(office), state(office), open_kinds(office)) == (800, "returned", {})
            assert verify(office, Judge).mistakes == []
        finally:
            for one in both.values():
                one.close()
            office.close()


def nine_visits(office: Office, tills: Tills) -> None:
    """One visit more gives a voucher."""
    with office.store.writing():
        office.store.run("INSERT INTO counted VALUES ('m-1', 'stamps', 9, '2026-11-01', 1, 9)")
        touch(office.store, "m-1")
    for one in tills:
        one.pull()


def vouchers(till: ShopTill) -> list[str]:
    till.pull()
    facts = till.desk.ledger.read.facts("m-1", NOON.date())
    assert facts is not None
    return [one.id for one in facts.vouchers]


@pytest.mark.parametrize("where", [0, 1], ids=["at its own till", "elsewhere"])
def test_a_voucher_that_the_sale_gave_leaves_with_the_last_of_its_goods(
    office: Office, tills: Tills, where: int
) -> None:
    nine_visits(office, tills)
    sell(tills[0])
    tills[0].push()
    assert vouchers(tills[1]) == ["r1-0"]
    back(tills[where], [{"line": 1}], "b1")
    tills[where].push()
    assert vouchers(tills[1]) == ["r1-0"]
    back(tills[where], [{"line": 2}], "b2")
    tills[where].push()
    assert vouchers(tills[0]) == vouchers(tills[1]) == []
    assert open_kinds(office) == {}


@pytest.mark.parametrize("order", ["used first", "back first"])
def test_a_voucher_used_although_its_sale_came_back_is_a_difference(
    office: Office, tills: Tills, order: str
) -> None:
    nine_visits(office, tills)
    sell(tills[0])
    tills[0].push()
    assert vouchers(tills[1]) == ["r1-0"]
    sell(tills[1], "r2")
    back(tills[0], ALL)
    for one in tills if order == "back first" else reversed(tills):
        one.push()
    assert "COUPON" in tills[1].desk.kinds("r2")
    assert open_kinds(office).get("voucher_used") == 1
    assert vouchers(tills[0]) == []
