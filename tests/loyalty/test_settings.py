"""Each setting about discounts, value by value: rounding, chains, sharing, fixed taxes."""

import pytest

from agent.loyalty.basket import Line, Tax
from tests.loyalty.desk import quote


def parts(settings: str, rules: str, *lines: Line) -> list[int]:
    answer = quote(f"[settings]\n{settings}\n{rules}", *lines)
    return [-sum(one.amount_minor for one in line.rebates) for line in answer.lines]


TENTH = '[rule.a]\ntake_off = { percent = "10" }\n'


@pytest.mark.parametrize(
    ("mode", "amounts", "taken"),
    [
        ("half_up", (25, 35, 26), [3, 4, 3]),
        ("half_even", (25, 35, 26), [2, 4, 3]),
        ("down", (25, 35, 26), [2, 3, 2]),
    ],
)
def test_rounding_mode(mode: str, amounts: tuple[int, ...], taken: list[int]) -> None:
    lines = [Line(at, "a", amount) for at, amount in enumerate(amounts, 1)]
    assert parts(f'rounding_mode = "{mode}"', TENTH, *lines) == taken


def test_down_on_the_basket_is_as_oscar_rounds() -> None:
    assert parts('rounding_mode = "down"\nrounding_level = "receipt"', TENTH, Line(1, "a", 525)) == [52]


@pytest.mark.parametrize(("level", "taken"), [("line", [4, 5]), ("unit", [3, 6]), ("receipt", [4, 4])])
def test_rounding_level(level: str, taken: list[int]) -> None:
    lines = Line(1, "a", 36, quantity="3"), Line(2, "b", 45, quantity="3")
    assert parts(f'rounding_level = "{level}"', TENTH, *lines) == taken


def test_a_receipt_rounded_once_keeps_the_floors_of_its_lines() -> None:
    lines = Line(1, "a", 1000, floor_price_minor=995), Line(2, "b", 1000)
    assert parts('rounding_level = "receipt"', TENTH, *lines) == [5, 195]


@pytest.mark.parametrize(
    ("settings", "taken"),
    [
        ('rounding_of = "discount"', 255),
        ('rounding_of = "net"', 254),
        ('rounding_of = "net"\nrounding_level = "receipt"', 254),
        ('rounding_of = "net"\nrounding_level = "unit"', 254),
    ],
)
def test_a_fiscal_printer_rounds_the_net_price(settings: str, taken: int) -> None:
    assert parts(settings, TENTH, Line(1, "a", 2545)) == [taken]


def test_net_prices_of_units_and_of_picked_ones() -> None:
    assert parts('rounding_of = "net"\nrounding_level = "unit"', TENTH, Line(1, "a", 1000, quantity="3")) == [
        100
    ]
    picked = '[rule.a]\ntake_off = { percent = "10", units = 1 }\n'
    assert parts('rounding_of = "net"', picked, Line(1, "a", 1000, quantity="3")) == [33]
    little = '[rule.a]\ntake_off = { percent = "0.1" }\n'
    assert parts(
        'rounding_of = "net"\nrounding_level = "unit"', little, Line(1, "a", 1001, quantity="3")
    ) == [2]


@pytest.mark.parametrize(("chain", "taken"), [("multiply", [190]), ("add", [200])])
def test_percentages_of_one_stage_multiply_or_add(chain: str, taken: list[int]) -> None:
    both = TENTH + TENTH.replace("rule.a", "rule.b")
    assert parts(f'percent_chain = "{chain}"', both, Line(1, "a", 1000)) == taken


def test_percentages_that_add_to_more_than_all_take_all() -> None:
    both = TENTH.replace('"10"', '"60"') + TENTH.replace("rule.a", "rule.b").replace('"10"', '"60"')
    assert parts('percent_chain = "add"', both, Line(1, "a", 1000)) == [1000]


@pytest.mark.parametrize(
    ("allocate", "taken"),
    [
        ("largest_remainder", [3, 3, 4]),
        ("last_line", [3, 2, 5]),
        ("first_line", [4, 2, 4]),
        ("first_units", [4, 2, 4]),
    ],
)
def test_allocate(allocate: str, taken: list[int]) -> None:
    lines = [Line(at, "a", amount) for at, amount in ((1, 300), (2, 280), (3, 400))]
    assert parts(f'allocate = "{allocate}"', '[rule.a]\ntake_off = { amount = "0.10" }\n', *lines) == taken


@pytest.mark.parametrize(
    ("allocate", "taken"), [("last_line", [3, 3, 5]), ("first_line", [5, 3, 3]), ("first_units", [4, 4, 3])]
)
def test_what_the_floors_leave_over_goes_where_the_setting_says(allocate: str, taken: list[int]) -> None:
    lines = [Line(1, "a", 99), Line(2, "b", 100), Line(3, "c", 101)]
    assert parts(f'allocate = "{allocate}"', '[rule.a]\ntake_off = { amount = "0.11" }\n', *lines) == taken


@pytest.mark.parametrize("allocate", ["last_line", "first_line", "first_units"])
def test_what_one_line_cannot_take_goes_to_the_others(allocate: str) -> None:
    lines = [Line(at, "a", 100, floor_price_minor=98) for at in (1, 3)] + [Line(2, "b", 100)]
    rule = '[rule.a]\ntake_off = { amount = "0.50" }\n'
    assert sum(parts(f'allocate = "{allocate}"', rule, *lines)) == 50


@pytest.mark.parametrize(("setting", "tax"), [("not_discounted", 158 + 50), ("discounted", 163 + 25)])
def test_a_fixed_tax_stays_whole_or_shrinks_with_its_line(setting: str, tax: int) -> None:
    line = Line(1, "a", 2000, tax=Tax("20", fixed_minor=50))
    half = '[rule.a]\ntake_off = { percent = "50" }\n'
    assert quote(f'[settings]\nfixed_tax = "{setting}"\n{half}', line).lines[0].tax_minor == tax
