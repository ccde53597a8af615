"""The books of both ends, held against each other: what cancels out in a sum is found all the same."""

from typing import Any

from scripts.replay.books import Told, doubled, not_undone, unlike_balances, unlike_receipts

POINTS = "points"


def entry(kind: str, receipt: str, amount: int = 0, *, part: str = "") -> dict[str, Any]:
    return {"kind": kind, "receipt": receipt, "amount": amount, "part": part}


def test_books_that_agree_give_nothing_to_tell() -> None:
    entries = [
        entry("RECEIPT", "r1"),
        entry("EARN", "r1", 5, part="a"),
        entry("EARN", "r1", 2, part="b"),
        entry("REDEEM", "r1", -3),
        entry("RECEIPT", "r2"),
    ]
    assert unlike_receipts({"r1": Told(7, 3), "r2": Told(0, 0)}, entries) == []
    assert doubled(entries) == []


def test_points_on_the_wrong_receipt_are_found_though_the_sum_is_right() -> None:
    told = {"r1": Told(7, 0), "r2": Told(5, 0)}
    wrong = unlike_receipts(told, [entry("EARN", "r1", 5), entry("EARN", "r2", 7)])
    assert [one.split(":")[0] for one in wrong] == ["r1", "r2"]


def test_points_of_a_receipt_that_no_pos_knows_are_found() -> None:
    assert len(unlike_receipts({}, [entry("EARN", "r9", 5)])) == 1


def test_points_at_the_wrong_member_are_found_though_the_sum_is_right() -> None:
    office = {("m1", POINTS): 10, ("m2", POINTS): 20}
    assert unlike_balances("till-1", office, office) == []
    assert len(unlike_balances("till-1", {("m1", POINTS): 20, ("m2", POINTS): 10}, office)) == 2


def test_no_points_and_no_wallet_are_the_same() -> None:
    assert unlike_balances("till-1", {("m1", POINTS): 0}, {}) == []


def test_a_till_that_shows_nothing_at_all_is_found() -> None:
    assert len(unlike_balances("till-1", {}, {("m1", POINTS): 1})) == 1


def test_a_void_and_a_return_must_arrive_once() -> None:
    void, back = entry("REVERSE", "r1"), entry("RETURN", "r2", part="R2")
    assert not_undone(["r1"], [("r2", "R2")], [void, back]) == []
    assert len(not_undone(["r1"], [("r2", "R2")], [])) == 2
    assert len(not_undone(["r1"], [], [void, void])) == 1


def test_taking_back_what_a_void_undid_is_no_void_of_its_own() -> None:
    assert len(not_undone(["r1"], [], [entry("REVERSE", "r1", -5, part="EARN/points/")])) == 1


def test_an_effect_booked_twice_is_found() -> None:
    assert len(doubled([entry("COUNT", "r1", part="stamps"), entry("COUNT", "r1", part="stamps")])) == 1
