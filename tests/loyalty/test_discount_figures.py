"""Every figure of taking off, taxing and sharing, to the last unit; programmes are compiled where asked."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from agent.loyalty.basket import Line, Tax
from agent.loyalty.member import MemberFacts, Voucher
from agent.loyalty.numbers import share_out, whole_parts
from agent.loyalty.quote import Quote, Rebate
from agent.loyalty.tax import tax_of
from tests.loyalty.desk import quote


def why(answer: Quote, rule: str = "a") -> tuple[str, dict[str, Any]]:
    found = next(one for one in answer.reasons if one.rule == rule)
    return found.code, found.values


LINE = Line(1, "x", 2000)


def off(
    words: str, *lines: Line, more: str = "", rules: str = "", **basket: Any
) -> tuple[list[int], dict[str, Any]]:
    """Return what comes off each line, and the reason's values."""
    answer = quote(f"[rule.a]\n{more}take_off = {{ {words} }}\n{rules}", *lines, **basket)
    taken = [-sum(one.amount_minor for one in line.rebates) for line in answer.lines]
    return taken, why(answer)[1]


THREE = Line(1, "x", 1000), Line(2, "y", 333), Line(3, "z", 15)


@pytest.mark.parametrize(
    ("words", "taken"),
    [
        ('percent = "10"', [100, 33, 2]),
        ('percent = "12.5"', [125, 42, 2]),
        ('percent = "100"', [1000, 333, 15]),
        ('percent = "10", max = "1.00"', [74, 25, 1]),
        ('percent = "10", max = "1.35"', [100, 33, 2]),
        ('percent = "50", floor = "6.00"', [400, 0, 0]),
        ('amount = "1.00"', [74, 25, 1]),
        ('amount = "99"', [1000, 333, 15]),
        ('amount = "10", max = "1.00"', [74, 25, 1]),
        ('amount = "10", floor = "9.00"', [100, 0, 0]),
        ('per_unit = "0.20"', [20, 20, 15]),
        ('per_unit = "0.20", max = "0.50"', [20, 20, 10]),
        ('set_price = "3.00"', [700, 33, 0]),
        ('percent = "50", units = 1, pick = "dearest"', [500, 0, 0]),
        ('percent = "50", units = 2, pick = "dearest"', [500, 167, 0]),
        ('percent = "50", units = 1, pick = "cheapest"', [0, 0, 8]),
    ],
)
def test_what_comes_off_each_line(words: str, taken: list[int]) -> None:
    found, values = off(words, *THREE)
    assert found == taken
    assert values["amount_minor"] == sum(taken)


def test_a_percentage_is_told_as_it_was_written() -> None:
    assert off('percent = "10.0"', LINE)[1] == {"amount_minor": 200, "percent": "10"}
    assert off('percent = "12.50"', LINE)[1] == {"amount_minor": 250, "percent": "12.50"}
    assert off('amount = "1"', LINE)[1] == {"amount_minor": 100}


def test_weighed_goods_lose_so_much_a_unit_of_what_they_weigh() -> None:
    assert off('per_unit = "1.00"', Line(1, "x", 1000, quantity="0.355"))[0] == [36]
    assert off('per_unit = "1.00"', Line(1, "x", 1000, quantity="3"))[0] == [300]


def test_a_floor_is_a_price_of_one_unit_and_the_higher_floor_holds() -> None:
    line = Line(1, "x", 1000, quantity="3", floor_price_minor=250)
    assert off('percent = "90"', line)[0] == [250]
    assert off('percent = "90", floor = "3.00"', line)[0] == [100]
    assert off('percent = "90", floor = "2.00"', line)[0] == [250]
    assert off('percent = "90"', Line(1, "x", 1000, quantity="0.5", floor_price_minor=333))[0] == [833]
    assert off('percent = "90"', Line(1, "x", 100, floor_price_minor=333)) == ([0], {})


def test_discounts_of_one_stage_chain_on_the_unrounded_rest() -> None:
    rules = '[rule.b]\ntake_off = { percent = "15" }\n'
    answer = quote('[rule.a]\ntake_off = { percent = "10" }\n' + rules, Line(1, "x", 999))
    assert answer.lines[0].rebates == [Rebate("a", -100), Rebate("b", -135)]
    capped = '[rule.a]\ntake_off = { percent = "10", max = "0.50" }\n' + rules
    assert quote(capped, Line(1, "x", 999)).lines[0].rebates == [Rebate("a", -50), Rebate("b", -142)]
    stage = '[rule.a]\ntake_off = { percent = "10" }\n[rule.b]\nstage = "receipt"\n'
    stage += 'take_off = { percent = "15" }\n'
    assert quote(stage, Line(1, "x", 995)).lines[0].rebates == [Rebate("a", -100), Rebate("b", -134)]


PAIR = 'scope = { groups = ["g"] }\nstage = "bundle"\n'
GOODS = Line(1, "x", 900, "g", quantity="3"), Line(2, "y", 500, "g", quantity="2"), Line(3, "z", 50, "other")


@pytest.mark.parametrize(
    ("words", "taken"),
    [
        ('set_price = "5.00", units = 2', [117, 33, 0]),
        ("cheapest_free = 1, units = 3", [0, 250, 0]),
        ("cheapest_free = 1, units = 2", [0, 500, 0]),
        ("cheapest_free = 2, units = 5", [0, 500, 0]),
        ('set_price = "99", units = 2', [0, 0, 0]),
    ],
)
def test_bundles_take_off_what_their_pieces_cost_more(words: str, taken: list[int]) -> None:
    answer = quote(f"[rule.a]\n{PAIR}take_off = {{ {words} }}\n", *GOODS)
    found = [-sum(one.amount_minor for one in line.rebates) for line in answer.lines]
    assert found == taken


def test_a_voucher_takes_off_once_and_is_used_up() -> None:
    member = MemberFacts("m", vouchers=[Voucher("v", "id-2"), Voucher("v", "id-1", None, date(2026, 12, 1))])
    text = '[voucher.v]\nscope = { groups = ["g"] }\ntake_off = { percent = "50" }\n'
    answer = quote(text, *GOODS, member=member)
    assert [-sum(one.amount_minor for one in line.rebates) for line in answer.lines] == [450, 250, 0]
    assert [(one.voucher, one.id) for one in answer.vouchers] == [("v", "id-1")]
    assert why(answer, "voucher.v") == ("applied", {"amount_minor": 700, "percent": "50"})
    early = MemberFacts("m", vouchers=[Voucher("v", "a", date(2026, 11, 25))])
    assert why(quote(text, *GOODS, member=early), "voucher.v") == ("missing", {"what": "voucher"})
    late = MemberFacts("m", vouchers=[Voucher("v", "a", None, date(2026, 11, 23))])
    assert why(quote(text, *GOODS, member=late), "voucher.v") == ("code_expired", {"day": "2026-11-23"})
    hour = datetime(2026, 11, 24, 14, tzinfo=UTC)
    gone = MemberFacts("m", vouchers=[Voucher("v", "a", None, date(2026, 11, 24), hour)])
    assert why(quote(text, *GOODS, member=gone), "voucher.v") == ("code_expired", {"day": "2026-11-24"})


@pytest.mark.parametrize(
    ("tax", "amount", "whole", "shrinks", "expected"),
    [
        (None, 1200, 1200, False, None),
        (Tax("20"), 1200, 1200, False, 200),
        (Tax("20"), 600, 1200, False, 100),
        (Tax("20", included=False), 1200, 1200, False, 240),
        (Tax("10"), 105, 105, False, 10),
        (Tax("10"), 104, 104, False, 9),
        (Tax("20", fixed_minor=100), 1300, 1300, False, 300),
        (Tax("20", fixed_minor=100), 700, 1300, False, 200),
        (Tax("20", fixed_minor=100), 650, 1300, True, 150),
        (Tax("20", fixed_minor=100), 40, 1300, False, 100),
        (Tax("20", fixed_minor=3), 50, 100, True, 10),
        (Tax("20"), -1200, -1200, False, -200),
        (Tax("20", fixed_minor=100), -1300, -1300, True, -300),
        (Tax("0"), 0, 0, True, 0),
    ],
)
def test_tax_is_what_is_inside_the_amount(
    tax: Tax | None, amount: int, whole: int, shrinks: bool, expected: int | None
) -> None:
    assert tax_of(Line(1, "x", whole, tax=tax), amount, fixed_shrinks=shrinks) == expected


@pytest.mark.parametrize(
    ("total", "weights", "room", "allocate", "parts"),
    [
        (10, [1, 1, 1], None, "largest_remainder", [4, 3, 3]),
        (10, [1, 2, 3], None, "largest_remainder", [2, 3, 5]),
        (10, [1, 1, 1], None, "last_line", [3, 3, 4]),
        (11, [1, 1, 1], None, "last_line", [3, 3, 5]),
        (11, [1, 1, 1, 0], None, "last_line", [3, 3, 5, 0]),
        (11, [1, 1, 1], None, "first_line", [5, 3, 3]),
        (11, [0, 1, 1, 1], None, "first_line", [0, 5, 3, 3]),
        (11, [1, 1, 1], None, "first_units", [4, 4, 3]),
        (11, [0, 1, 1, 1], None, "first_units", [0, 4, 4, 3]),
        (2, [0, 1, 0, 1, 1], None, "first_units", [0, 1, 0, 1, 0]),
        (2, [1, 0, 1, 1, 0], None, "last_line", [0, 0, 0, 2, 0]),
        (10, [5, 5], [2, 9], "largest_remainder", [2, 8]),
        (30, [5, 5], [2, 9], "largest_remainder", [2, 9]),
        (10, [0, 5], [9, 3], "largest_remainder", [0, 3]),
        (10, [5, 5], [5, 5], "largest_remainder", [5, 5]),
        (0, [5, 5], None, "largest_remainder", [0, 0]),
        (-3, [5, 5], None, "largest_remainder", [0, 0]),
        (5, [0, 0], None, "largest_remainder", [0, 0]),
        (1, [1, 1], [0, 5], "first_line", [0, 1]),
    ],
)
def test_a_sum_is_shared_to_the_last_unit(
    total: int, weights: list[int], room: list[int] | None, allocate: Any, parts: list[int]
) -> None:
    assert share_out(total, weights, room, allocate) == parts


def test_whole_parts_are_floors_and_the_spare_ones_go_to_the_largest_fractions() -> None:
    assert whole_parts([15, 25, 9], 10, 4) == [1, 2, 1]
    assert whole_parts([15, 25, 9], 10, 3) == [1, 2, 0]
    assert whole_parts([19, 12, 18], 10, 4) == [2, 1, 1]
