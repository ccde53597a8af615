"""Every figure of earning, paying and taking off, to the last unit; programmes are compiled where asked."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from agent.loyalty.basket import Line, Tax
from agent.loyalty.member import Lot, MemberFacts, Voucher, WalletFacts
from agent.loyalty.numbers import share_out, whole_parts
from agent.loyalty.quote import Paid, Quote, Rebate, Spent
from agent.loyalty.tax import tax_of
from tests.loyalty.desk import AT, quote


def holding(points: int, wallet: str = "p", offline: int | None = None) -> MemberFacts:
    return MemberFacts("m", wallets={wallet: WalletFacts([Lot("l", points)], offline)})


def why(answer: Quote, rule: str = "a") -> tuple[str, dict[str, Any]]:
    found = next(one for one in answer.reasons if one.rule == rule)
    return found.code, found.values


def paying(words: str, points: int, *lines: Line, wallet: str = 'value = "0.01"', **more: Any) -> Quote:
    """Pay with all that may be paid, unless `wish` says how much."""
    wish = more.pop("wish", "max")
    offline = more.pop("offline", None)
    rule = f"{wallet}\n[rule.a]\npay = {{ {words} }}\n" + more.pop("rules", "")
    return quote(rule, *lines, member=holding(points, offline=offline), redeem={"p": wish}, **more)


LINE = Line(1, "x", 2000)


@pytest.mark.parametrize(
    ("words", "wallet", "points", "redeem", "money"),
    [
        ("", 'value = "0.01"', 1234, 1234, 1234),
        ("", 'value = "0.01"', 5000, 2000, 2000),
        ("", 'value = "1.00"', 7, 7, 700),
        ("", 'value = "0.03"', 5, 5, 15),
        ("", 'value = "0.003"', 57, 50, 15),
        ("block = 15", 'value = "0.003"', 89, 60, 18),
        ("block = 100", 'value = "0.01"', 1999, 1900, 1900),
        ("", 'value = "1.00"\nscale = 1', 73, 73, 730),
        ('max = "5.00"', 'value = "0.01"', 1234, 500, 500),
        ('max_share = "0.30"', 'value = "0.01"', 1234, 600, 600),
        ('max_share = "0.333"', 'value = "0.01"', 1234, 666, 666),
        ("min_balance = 500", 'value = "0.01"', 500, 500, 500),
        ('wallet = "p"', 'kind = "stored_value"', 1500, 1500, 1500),
    ],
)
def test_points_pay_in_whole_blocks_and_minor_units(
    words: str, wallet: str, points: int, redeem: int, money: int
) -> None:
    answer = paying(words, points, LINE, wallet=wallet)
    assert answer.lines[0].paid == [Paid("p", redeem, money)]
    assert (answer.due_minor, answer.wallets[0].redeem, answer.wallets[0].max_redeem) == (
        2000 - money,
        redeem,
        redeem,
    )
    assert why(answer) == ("applied", {"wallet": "p", "points": redeem, "amount_minor": money})


@pytest.mark.parametrize(
    ("words", "points", "lacking"),
    [
        ("", 0, 1),
        ("block = 100", 40, 60),
        ("min_balance = 500", 499, 1),
        ("min_balance = 500, block = 1000", 600, 400),
        ("min_balance = 1", -3, 4),
    ],
)
def test_who_has_too_few_points_hears_how_many_are_missing(words: str, points: int, lacking: int) -> None:
    answer = paying(words, points, LINE)
    wanted = lacking if points >= 0 else 1
    assert why(answer) == ("missing", {"what": "points", "wallet": "p", "points": wanted})
    assert (answer.due_minor, answer.wallets[0].max_redeem) == (2000, 0)


@pytest.mark.parametrize(("offline", "redeem"), [(700, 700), (1, 0), (3000, 1200)])
def test_away_from_head_office_only_what_is_set_aside_is_spent(offline: int, redeem: int) -> None:
    answer = paying("block = 100", 1234, LINE, offline=offline)
    assert answer.wallets[0].redeem == redeem
    if not redeem:
        assert why(answer) == ("offline_limit", {"wallet": "p", "points": 1200})


def test_a_wish_is_granted_as_far_as_it_goes() -> None:
    assert paying("", 1234, LINE, wish=700).wallets[0].redeem == 700
    assert paying("", 1234, LINE, wish=9999).wallets[0].redeem == 1234
    small = paying("block = 100", 1234, LINE, wish=70)
    assert why(small) == ("missing", {"what": "points", "wallet": "p", "points": 30})
    none = paying("", 1234, LINE, wish=0)
    assert why(none) == ("missing", {"what": "request", "wallet": "p", "points": 1234})
    assert none.wallets[0].max_redeem == 1234


def test_what_is_paid_is_shared_over_the_lines_by_what_is_left_of_them() -> None:
    answer = paying("", 1000, Line(1, "x", 1999), Line(2, "y", 1), Line(3, "z", 1000))
    assert [line.paid for line in answer.lines] == [
        [Paid("p", 667, 667)], [], [Paid("p", 333, 333)],
    ]  # fmt: skip


def test_points_are_for_the_goods_that_the_wallet_burns_on() -> None:
    wallet = 'value = "0.01"\nburn = "chosen"\n[scope.chosen]\ntags = ["c"]'
    answer = paying("", 1000, Line(1, "x", 300, tags=["c"]), Line(2, "y", 500), wallet=wallet)
    assert [line.paid for line in answer.lines] == [[Paid("p", 300, 300)], []]
    assert why(paying("", 1000, LINE, wallet=wallet)) == ("nothing_in_scope", {"scope": "chosen"})


def test_where_nothing_is_left_to_pay_points_pay_nothing() -> None:
    free = '[rule.free]\ntake_off = { percent = "100" }\n'
    assert why(paying("", 1000, LINE, rules=free)) == ("cap_reached", {"wallet": "p"})


def test_a_second_rule_of_a_wallet_pays_on_with_what_the_first_left() -> None:
    rules = '[rule.b]\nscope = { tags = ["c"] }\npay = { max = "3.00" }\n'
    lines = Line(1, "x", 1000), Line(2, "y", 1000, tags=["c"])
    answer = paying('max = "5.00"', 700, *lines, rules=rules)
    assert why(answer)[1]["points"] == 500
    assert why(answer, "b")[1]["points"] == 200
    assert (answer.wallets[0].redeem, answer.wallets[0].max_redeem, answer.due_minor) == (700, 700, 1300)


def test_points_that_are_over_are_told_with_their_day() -> None:
    past = [Lot("a", 30, expires_on=date(2026, 11, 22)), Lot("b", 20, expires_on=date(2026, 11, 23))]
    past += [Lot("c", 5, expires_on=date(2026, 11, 23)), Lot("d", 9, active_from=date(2026, 11, 25))]
    member = MemberFacts("m", wallets={"p": WalletFacts(past)})
    answer = quote('value = "0.01"\n[rule.a]\npay = {}\n', LINE, member=member)
    assert why(answer) == ("points_expired", {"wallet": "p", "points": 25, "day": "2026-11-23"})
    hours = MemberFacts("m", wallets={"p": WalletFacts([Lot("a", 7, ends_at=AT)])})
    answer = quote('value = "0.01"\n[rule.a]\npay = {}\n', LINE, member=hours)
    assert why(answer) == ("points_expired", {"wallet": "p", "points": 7, "day": "2026-11-24"})


def test_points_as_a_discount_lower_the_price_and_are_worth_no_tender() -> None:
    settings = 'value = "0.01"\n[settings]\npoints_are = "discount"'
    answer = paying('max_share = "0.50"', 5000, LINE, wallet=settings)
    (line,) = answer.lines
    assert (line.amount_minor, line.rebates, line.paid) == (1000, [Rebate("a", -1000)], [Paid("p", 1000, 0)])
    assert answer.due_minor == 1000


def test_points_turned_into_cash_pay_no_goods() -> None:
    words = 'into = "cash", block = 100, min_balance = 1500'
    answer = paying(words, 1730, event="cash")
    assert answer.spent == [Spent("a", "p", 1700, 1700, "cash")]
    assert why(answer)[1] == {"wallet": "p", "points": 1700, "amount_minor": 1700, "into": "cash"}
    assert (answer.due_minor, answer.wallets[0].redeem) == (0, 1700)
    assert why(paying(words, 1730, LINE)) == ("missing", {"what": "event"})


def test_a_payment_that_must_be_confirmed_is_said_to_the_cashier() -> None:
    asked = paying("confirm = true", 100, LINE)
    assert [one.code for one in asked.prompts] == ["confirm_payment"]
    assert paying("", 100, LINE).prompts == []


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
