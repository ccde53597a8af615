"""Every figure of earning, to the last point; programmes are compiled where asked."""

from typing import Any

import pytest

from agent.loyalty.basket import Line
from agent.loyalty.quote import Quote
from tests.loyalty.desk import quote


def why(answer: Quote, rule: str = "a") -> tuple[str, dict[str, Any]]:
    found = next(one for one in answer.reasons if one.rule == rule)
    return found.code, found.values


def earning(words: str, *lines: Line, wallet: str = "", **more: Any) -> tuple[int, list[int]]:
    """Return the receipt's points and each line's."""
    rules = more.pop("rules", "")
    answer = quote(f"{wallet}\n[rule.a]\nearn = {{ {words} }}\n{rules}", *lines, **more)
    by_line = [sum(one.points for one in line.earned) for line in answer.lines]
    return sum(lot.points for lot in answer.lots), by_line


TWO = Line(1, "x", 1234), Line(2, "y", 567)


@pytest.mark.parametrize(
    ("words", "wallet", "total", "by_line"),
    [
        ('points = "1"', "", 18, [12, 6]),
        ('points = "0.1"', "", 1, [1, 0]),
        ('points = "0.1"', "scale = 2", 180, [123, 57]),
        ('points = "2", every = "5.00"', "", 7, [5, 2]),
        ('points = "2", every = "5.00", whole_steps = true', "", 6, [4, 2]),
        ('points = "1", every = "20.00", whole_steps = true', "", 0, [0, 0]),
        ('points = "1", max = "10"', "", 10, [7, 3]),
        ('points = "1", max = "10"', "scale = 1", 100, [69, 31]),
        ('points = "1", max = "18.01"', "", 18, [12, 6]),
        ('points = "3", per = "receipt"', "", 3, [0, 0]),
        ('points = "3", per = "receipt", max = "2"', "", 2, [0, 0]),
        ('points = "0.5", per = "receipt"', "scale = 1", 5, [0, 0]),
    ],
)
def test_points_of_money_and_of_receipts(words: str, wallet: str, total: int, by_line: list[int]) -> None:
    assert earning(words, *TWO, wallet=wallet) == (total, by_line)


@pytest.mark.parametrize(
    ("words", "total", "by_line"),
    [
        ('points = "2", per = "unit"', 6, [5, 1]),
        ('points = "2", per = "unit", every = "2"', 3, [2, 1]),
        ('points = "2", per = "unit", every = "2", whole_steps = true', 2, [2, 0]),
        ('points = "2", per = "unit", max = "3"', 3, [2, 1]),
        ('points = "1", per = "attribute:distance"', 1234, [0, 1234]),
        ('points = "1", per = "attribute:distance", every = "100"', 12, [0, 12]),
        ('points = "1", per = "attribute:other"', 0, [0, 0]),
    ],
)
def test_points_of_units_and_of_what_a_line_tells(words: str, total: int, by_line: list[int]) -> None:
    lines = (
        Line(1, "x", 100, quantity="2.5"),
        Line(2, "y", 100, quantity="0.6", attributes={"distance": "1234.5"}),
    )
    assert earning(words, *lines) == (total, by_line)


def test_points_are_rounded_once_for_the_receipt_and_the_spare_one_goes_to_the_largest_fraction() -> None:
    lines = Line(1, "x", 129_990), Line(2, "y", 35_050)
    assert earning('points = "0.1"', *lines) == (165, [130, 35])
    half = '[settings]\npoints_rounding = "half_up"'
    assert earning('points = "1"', Line(1, "x", 150), wallet=half) == (2, [2])
    assert earning('points = "1"', Line(1, "x", 149), wallet=half) == (1, [1])


def test_stored_value_earns_no_points_and_only_it_loads_its_wallet() -> None:
    lines = Line(1, "x", 1000), Line(2, "card", 2500, tags=["stored-value"])
    assert earning('points = "1", wallet = "p"', *lines) == (10, [10, 0])
    text = '\n[wallet.gift]\nkind = "stored_value"\n[rule.load]\nearn = { points = "1", wallet = "gift" }\n'
    answer = quote(text, *lines)
    assert [(one.wallet, one.points) for one in answer.lots] == [("gift", 2500)]


@pytest.mark.parametrize(
    ("factors", "total", "by_rule"),
    [
        ([("2", "best")], 20, {"a": 10, "f0": 10}),
        ([("2", "best"), ("3", "best")], 30, {"a": 10, "f1": 20}),
        ([("3", "best"), ("3", "best")], 30, {"a": 10, "f0": 20}),
        ([("2", "sum"), ("3", "sum")], 40, {"a": 10, "f0": 10, "f1": 20}),
        ([("2", "product"), ("3", "product")], 60, {"a": 10, "f0": 10, "f1": 40}),
        ([("2", "best"), ("1.5", "sum"), ("2", "product")], 60, {"a": 10, "f0": 10, "f1": 10, "f2": 30}),
        ([("1", "best")], 10, {"a": 10}),
    ],
)
def test_factors_combine_by_their_mode(
    factors: list[tuple[str, str]], total: int, by_rule: dict[str, int]
) -> None:
    rules = "".join(
        f'[rule.f{at}]\nmultiply = {{ by = "{by}", mode = "{mode}" }}\n'
        for at, (by, mode) in enumerate(factors)
    )
    answer = quote('[rule.a]\nearn = { points = "1" }\n' + rules, Line(1, "x", 1000))
    assert answer.wallets[0].earn == total
    assert {one.rule: one.points for one in answer.lines[0].earned} == by_rule
    assert {name: why(answer, name)[1].get("points") for name in by_rule} == by_rule


def test_a_factor_keeps_to_its_scope_and_to_points_of_lines() -> None:
    rules = '[rule.f]\nscope = { groups = ["b"] }\nmultiply = { by = "3" }\n'
    rules += '[rule.r]\nearn = { points = "5", per = "receipt" }\n'
    lines = Line(1, "x", 1000, "a"), Line(2, "y", 500, "b")
    assert earning('points = "1"', *lines, rules=rules) == (30, [10, 15])
    nowhere = quote('[rule.f]\nscope = { groups = ["c"] }\nmultiply = { by = "3" }\n', *lines)
    assert why(nowhere, "f") == ("nothing_in_scope", {})
    alone = quote('[rule.f]\nmultiply = { by = "3" }\n', *lines)
    assert why(alone, "f") == ("nothing_in_scope", {})
