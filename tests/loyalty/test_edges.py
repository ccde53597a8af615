"""Arithmetic where a slip of one would show: a second and third rule, a wallet paid from twice, one point."""

from datetime import date
from typing import Any

import pytest

from agent.loyalty.basket import Basket, Line
from agent.loyalty.member import Lot, MemberFacts, WalletFacts
from agent.loyalty.quote import Paid, Quote
from agent.loyalty.returns import effects_of
from tests.loyalty.desk import AT, quote

PART = Line(1, "x", 75, quantity="3", unit_price_minor=25)
WHOLE = Line(1, "x", 100)


def taken(answer: Quote, at: int = 0) -> list[int]:
    return [-one.amount_minor for one in answer.lines[at].rebates]


def values(answer: Quote, rule: str) -> tuple[str, dict[str, Any]]:
    found = next(one for one in answer.reasons if one.rule == rule)
    return found.code, found.values


def holding(points: int, *lots: Lot, offline: int | None = None) -> MemberFacts:
    return MemberFacts("m", wallets={"p": WalletFacts([Lot("l", points), *lots], offline)})


@pytest.mark.parametrize(
    ("rules", "line", "off"),
    [
        # 2.5 is 3 off, and 22.5 are left of 25, not 22: 20 % of them are 4.5.
        (('percent = "10"', 'percent = "20"'), Line(1, "x", 25), [3, 5]),
        (('percent = "10"', 'percent = "10"', 'percent = "10"'), Line(1, "x", 1000), [100, 90, 81]),
        (('per_unit = "0.10"', 'percent = "50"', 'per_unit = "0.01"'), PART, [30, 23, 3]),
        # One piece of three: 72.5 are left of 75, and 20 % of them are 14.5.
        (('percent = "10", units = 1, pick = "dearest"', 'percent = "20"'), PART, [3, 15]),
        # The floor stops the first at 80; the second sees those 80.
        (('percent = "50", units = 1, pick = "dearest", floor = "0.80"', 'percent = "10"'), WHOLE, [20, 8]),
        (('percent = "50", floor = "0.80"', 'percent = "10"'), WHOLE, [20, 8]),
        # 10.5 is 11 off, just what the floor allows: 94.5 are left, not 94.
        (('percent = "10", floor = "0.94"', 'percent = "27"'), Line(1, "x", 105), [11, 26]),
    ],
)
def test_a_later_rule_sees_what_the_earlier_ones_left(
    rules: tuple[str, ...], line: Line, off: list[int]
) -> None:
    text = "".join(f"[rule.r{at}]\ntake_off = {{ {one} }}\n" for at, one in enumerate(rules))
    assert taken(quote(text, line)) == off


HALF = '[rule.a]\ntake_off = { percent = "50", units = 1, pick = "dearest" }\n'
FREE = '[rule.a]\nscope = { tags = ["free"] }\ntake_off = { percent = "100", units = 2, pick = "dearest" }\n'
THREE = FREE.replace("units = 2", "units = 3")
CATALOGUE = "[rule.b]\npay = { catalogue = { N = 100 } }\n"


@pytest.mark.parametrize(
    ("rule", "lines", "points"),
    [
        (HALF, [Line(1, "N", 2000, quantity="2")], 200),
        (
            FREE,
            [Line(1, "N", 1000, tags=["free"]), Line(2, "N", 1000, tags=["free"]), Line(3, "N", 500)],
            100,
        ),
        (FREE, [Line(1, "N", 3000, tags=["free"], quantity="3")], 100),
        (
            THREE,
            [
                Line(1, "N", 1800, tags=["free"], quantity="2"),
                Line(2, "N", 2000, tags=["free"], quantity="2"),
            ],
            100,
        ),
    ],
    ids=["half its price costs its points", "two lines free", "two of three pieces free", "a piece of one"],
)
def test_the_catalogue_asks_points_for_pieces_that_still_cost_money(
    rule: str, lines: list[Line], points: int
) -> None:
    answer = quote(rule + CATALOGUE, *lines, member=holding(1000), redeem={"p": "max"})
    assert answer.wallets[0].redeem == points


TWICE = """value = "0.01"
[rule.a]
scope = { tags = ["a"] }
pay = { max_share = "0.50" }
[rule.b]
pay = { max_share = "0.50" }
"""
BOTH = Line(1, "x", 400, tags=["a"]), Line(2, "y", 600)


@pytest.mark.parametrize(
    ("points", "wish", "offline", "paid"),
    [
        (1000, "max", None, [[200, 75], [225]]),  # b: half of 1000 less 200, over 200 and 600 that are left
        (250, "max", None, [[200, 13], [37]]),
        (200, "max", None, [[200], []]),
        (1000, 220, None, [[200, 5], [15]]),
        (1000, 200, None, [[200], []]),
        (1000, "max", 230, [[200, 8], [22]]),
        (1000, "max", 150, [[150], []]),
    ],
)
def test_two_rules_pay_from_one_wallet_and_the_second_sees_what_the_first_took(
    points: int, wish: str | int, offline: int | None, paid: list[list[int]]
) -> None:
    answer = quote(TWICE, *BOTH, member=holding(points, offline=offline), redeem={"p": wish})
    assert [[one.points for one in line.paid] for line in answer.lines] == paid
    assert answer.wallets[0].redeem == sum(map(sum, paid))


def test_what_could_be_paid_is_the_most_that_any_rule_allows() -> None:
    text = TWICE.replace("rule.a", "rule.c")  # the one for everything speaks first
    assert quote(text, *BOTH, member=holding(1000)).wallets[0].max_redeem == 500


def test_two_ways_into_cash_together_take_no_more_than_there_is() -> None:
    text = 'value = "0.01"\n' + "".join(
        f'[rule.{one}]\npay = {{ block = {block}, into = "cash" }}\n'
        for one, block in (("a", 100), ("b", 10))
    )
    answer = quote(text, event="cash", member=holding(1735), redeem={"p": "max"})
    assert [one.points for one in answer.spent] == [1700, 30]


def test_the_second_rule_says_how_many_points_it_lacks() -> None:
    text = TWICE.replace('[rule.b]\npay = { max_share = "0.50" }', "[rule.b]\npay = { block = 100 }")
    answer = quote(text, *BOTH, member=holding(250), redeem={"p": "max"})
    assert values(answer, "b") == ("missing", {"what": "points", "wallet": "p", "points": 50})


def test_one_point_pays_one_cent() -> None:
    answer = quote('value = "0.01"\n[rule.a]\npay = {}\n', WHOLE, member=holding(1), redeem={"p": 1})
    assert answer.lines[0].paid == [Paid("p", 1, 1)]


def test_one_point_left_beside_expired_ones_is_too_few_and_not_expired() -> None:
    gone = Lot("old", 50, expires_on=date(2026, 11, 1))
    answer = quote(
        'value = "0.01"\n[rule.a]\npay = { min_balance = 5 }\n',
        WHOLE,
        member=holding(1, gone),
        redeem={"p": 5},
    )
    assert values(answer, "a") == ("missing", {"what": "points", "wallet": "p", "points": 4})


@pytest.mark.parametrize(
    ("lots", "code", "points"),
    [
        ([Lot("old", 1, expires_on=date(2026, 11, 1))], "points_expired", 1),
        ([Lot("old", 0, expires_on=date(2026, 11, 1))], "missing", 1),
    ],
)
def test_the_last_point_expires_and_an_empty_lot_does_not(lots: list[Lot], code: str, points: int) -> None:
    member = MemberFacts("m", wallets={"p": WalletFacts(lots)})
    found = values(quote('value = "0.01"\n[rule.a]\npay = {}\n', WHOLE, member=member), "a")
    assert (found[0], found[1]["points"]) == (code, points)


MANY = """[rule.base]
earn = { points = "1" }
[rule.twice-b]
scope = { tags = ["x"] }
multiply = { by = "2" }
[rule.twice-a]
scope = { tags = ["x"] }
multiply = { by = "2" }
"""


def test_of_two_equal_multipliers_the_first_by_id_counts_and_no_point_appears_from_nowhere() -> None:
    answer = quote(MANY, Line(1, "x", 50, tags=["x"]), Line(2, "y", 99))
    assert [one.points for one in answer.lots] == [1]  # 0.50 twice and 0.99: 1.99
    assert sum(one.points for line in answer.lines for one in line.earned if one.rule == "twice-b") == 0
    more = quote(MANY, Line(1, "x", 10_000, tags=["x"]))
    assert values(more, "twice-a")[1]["points"] == 100
    assert all(one.rule != "twice-b" for one in more.lines[0].earned)


def test_a_rule_tells_its_points_of_all_lines_and_of_which_wallet() -> None:
    rules = '[wallet.q]\nscale = 2\n[rule.a]\nearn = { wallet = "p", points = "1" }\n'
    rules += '[rule.b]\nearn = { wallet = "q", points = "0.01" }\n'
    rules += '[rule.c]\nscope = { tags = ["small"] }\nearn = { wallet = "p", points = "0.01" }\n'
    answer = quote(rules, Line(1, "x", 300), Line(2, "y", 500, tags=["small"]))
    assert values(answer, "a") == ("applied", {"wallet": "p", "points": 8})
    assert values(answer, "b") == ("applied", {"wallet": "q", "points": 8})
    assert values(answer, "c") == ("applied", {"wallet": "p", "points": 0})


def test_a_multiplier_of_one_wallet_leaves_another_as_exact_as_it_was() -> None:
    rules = '[wallet.q]\n[rule.a]\nearn = { wallet = "p", points = "1" }\n'
    rules += (
        '[rule.b]\nearn = { wallet = "q", points = "1" }\n[rule.c]\nmultiply = { wallet = "p", by = "1.5" }\n'
    )
    answer = quote(rules, Line(1, "x", 99), Line(2, "y", 101))  # 1.485 and 1.515
    assert {one.wallet: one.points for one in answer.lots} == {"p": 3, "q": 2}


def test_so_much_off_each_piece_falls_on_the_picked_pieces_alone() -> None:
    rule = '[rule.a]\ntake_off = { per_unit = "0.30", units = 2, pick = "dearest" }\n'
    answer = quote(rule, Line(1, "x", 300, quantity="3"), Line(2, "y", 20), Line(3, "z", 150))
    assert [sum(taken(answer, at)) for at in range(3)] == [30, 0, 30]
    assert sum(taken(quote(rule, Line(1, "y", 20)))) == 20
    assert sum(taken(quote(rule, Line(1, "x", 300, quantity="3")))) == 60


def test_goods_without_a_floor_price_may_cost_nothing_beside_goods_that_have_one() -> None:
    rule = '[rule.a]\ntake_off = { percent = "100", units = 2, pick = "dearest" }\n'
    answer = quote(rule, Line(1, "x", 100), Line(2, "y", 200, floor_price_minor=50))
    assert [sum(taken(answer, at)) for at in range(2)] == [100, 150]


def test_pieces_of_a_capped_bundle_serve_no_other_bundle() -> None:
    rules = '[rule.a]\nstage = "bundle"\ntake_off = { cheapest_free = 1, units = 2, max = "0.50" }\n'
    rules += '[rule.b]\nstage = "bundle"\ntake_off = { cheapest_free = 1, units = 2 }\n'
    answer = quote(rules, Line(1, "x", 100), Line(2, "y", 200))
    assert [[one.rule for one in line.rebates] for line in answer.lines] == [["a"], []]
    assert taken(answer) == [50]


NOTHING = 'scope = { tags = ["none"] }\n'


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ('take_off = { percent = "0.1" }\n', "nothing_in_scope"),  # a tenth of a per cent of one cent
        (NOTHING + 'take_off = { percent = "10" }\n', "nothing_in_scope"),
        (NOTHING + 'earn = { points = "1" }\n', "nothing_in_scope"),
        (NOTHING + 'multiply = { by = "2" }\n', "nothing_in_scope"),
        (NOTHING + "pay = { catalogue = { N = 1 } }\n", "nothing_in_scope"),
    ],
)
def test_a_rule_that_finds_nothing_says_so(rule: str, code: str) -> None:
    found = quote(f"[rule.a]\n{rule}", Line(1, "x", 1), member=holding(5), redeem={"p": "max"})
    assert values(found, "a")[0] == code


def test_a_cap_holds_for_whole_steps_too() -> None:
    rule = '[rule.a]\nearn = {{ points = "1", every = "3.00", whole_steps = true, max = "{0}" }}\n'
    for most, points in ((2, 2), (3, 3), (4, 3)):
        answer = quote(rule.format(most), Line(1, "x", 600), Line(2, "y", 400))
        assert [one.points for one in answer.lots] == [points]


def test_a_load_is_as_much_as_was_sold_however_it_is_paid() -> None:
    rules = 'value = "0.01"\n[wallet.card]\nkind = "stored_value"\n[rule.pay]\npay = { wallet = "p" }\n'
    rules += '[rule.load]\nscope = { tags = ["stored-value"] }\nearn = { wallet = "card", points = "1" }\n'
    load = Line(1, "load", 5000, tags=["stored-value"])
    answer = quote(rules, load, member=holding(1000), redeem={"p": "max"})
    assert [(one.wallet, one.points) for one in answer.lots] == [("card", 5000)]


def test_a_deposit_that_came_back_in_the_sale_is_no_part_of_what_returns_later() -> None:
    sold = quote('[rule.a]\nearn = { points = "1" }\n', Line(1, "x", 1000), Line(2, "bottle", -25))
    sale = Basket("r", AT, "s", "t", "EUR", [Line(1, "x", 1000), Line(2, "bottle", -25)])
    half = effects_of(sale, sold, {}, {1: 500})
    assert (half.refund_minor, half.earned) == (500, {"p": 5})
    rest = effects_of(sale, sold, {1: 500}, {1: 500})
    assert (rest.refund_minor, rest.earned) == (500, {"p": 5})
