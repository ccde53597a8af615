"""How rules combine: groups, exclusive ones, chains of percentages, multipliers, caps."""

from datetime import date

import pytest

from agent.loyalty.basket import Line
from agent.loyalty.member import CountFacts, MemberFacts, Voucher
from tests.loyalty.desk import codes, quote

A, B = Line(1, "a", 1000, "g"), Line(2, "b", 2000, "h")
SCOPED = (
    '[rule.five]\ngroup = "x"\ntake_off = { percent = "5" }\n'
    '[rule.ten]\ngroup = "x"\nscope = { groups = ["g"] }\n'
)


@pytest.mark.parametrize(
    ("mode", "per", "amounts", "said"),
    [
        ("best", "line", [900, 1900], ["applied", "applied"]),
        ("best", "receipt", [950, 1900], ["applied", "lost_to"]),
        ("first", "line", [950, 1900], ["applied", "lost_to"]),
        ("all", "receipt", [855, 1900], ["applied", "applied"]),
    ],
)
def test_a_group_gives_by_its_mode(mode: str, per: str, amounts: list[int], said: list[str]) -> None:
    group = f'[group.x]\nmode = "{mode}"\nper = "{per}"\n'
    answer = quote(group + SCOPED + 'take_off = { percent = "10" }\n', A, B)
    assert [line.amount_minor for line in answer.lines] == amounts
    assert codes(answer) == said


def test_an_exclusive_rule_stands_alone_in_its_stage() -> None:
    rules = '[rule.a]\nexclusive = true\ntake_off = { amount = "1.00" }\n'
    rules += '[rule.b]\ntake_off = { percent = "50" }\n'
    answer = quote(rules, A)
    assert (answer.due_minor, codes(answer)) == (900, ["applied", "lost_to"])


def test_percentages_of_one_stage_chain_on_the_unrounded_rest() -> None:
    rules = '[rule.a]\ntake_off = { percent = "10" }\n[rule.b]\ntake_off = { percent = "10" }\n'
    answer = quote(rules, Line(1, "a", 1005))
    assert [one.amount_minor for one in answer.lines[0].rebates] == [-101, -90]


@pytest.mark.parametrize(("mode", "points"), [("best", 30), ("sum", 40), ("product", 60)])
def test_multipliers_combine_by_their_mode(mode: str, points: int) -> None:
    rules = '[rule.e]\nearn = { points = "1" }\n'
    rules += "".join(f'[rule.m{by}]\nmultiply = {{ by = "{by}", mode = "{mode}" }}\n' for by in (2, 3))
    assert quote(rules, A).wallets[0].earn == points


def test_a_cap_on_points_is_shared_over_the_lines() -> None:
    answer = quote('[rule.e]\nearn = { points = "1", max = "10" }\n', A, B)
    assert [line.earned[0].points for line in answer.lines] == [3, 7]


def test_whole_steps_count_the_receipt_and_per_receipt_points_no_line() -> None:
    rules = '[rule.e]\nearn = { points = "5", every = "7.00", whole_steps = true }\n'
    answer = quote(rules, A, B)
    assert [line.earned[0].points for line in answer.lines] == [7, 13]
    visit = quote('[rule.e]\nearn = { points = "5", per = "receipt" }\n', A, B)
    assert (visit.wallets[0].earn, [line.earned for line in visit.lines]) == (5, [[], []])


def test_two_full_stamp_cards_give_two_vouchers() -> None:
    rules = '[voucher.v]\ntake_off = { percent = "10" }\n'
    rules += '[rule.s]\ncount = { of = "units", size = 3 }\ngive = { voucher = "v" }\n'
    answer = quote(rules, Line(1, "a", 700, quantity="7"))
    assert [(one.name, one.amount) for one in answer.gives] == [("v", 1), ("v", 1)]
    assert [(one.units, one.rewards, one.size) for one in answer.counts] == [(7, 2, 3)]


def test_who_lost_without_losing_money_is_told_no_sum() -> None:
    group = '[group.x]\nmode = "first"\n'
    rules = '[rule.a]\ngroup = "x"\ntake_off = { amount = "1.00" }\n'
    rules += '[rule.b]\ngroup = "x"\ntake_off = { amount = "2.00" }\n'
    answer = quote(group + rules, A)
    assert (answer.due_minor, answer.reasons[1].values) == (900, {"by": "a"})


@pytest.mark.parametrize(
    ("take_off", "off"),
    [
        ('percent = "50", units = 1', [0, 500]),
        ('percent = "100", units = 3, pick = "dearest"', [500, 2000]),
        ('amount = "30.00", units = 2', [0, 2000]),
        ('per_unit = "0.105"', [21, 21]),
        ('percent = "100", floor = "4.99"', [2, 1002]),
        ('amount = "29.00", floor = "4.99"', [2, 1002]),
        ('percent = "50", max = "3.00"', [100, 200]),
    ],
)
def test_what_is_taken_off_keeps_its_limits(take_off: str, off: list[int]) -> None:
    lines = Line(1, "a", 1000, quantity="2"), Line(2, "b", 2000, quantity="2")
    answer = quote(f"[rule.a]\ntake_off = {{ {take_off} }}\n", *lines)
    assert [line.amount_minor for line in lines] == [
        rung + taken for rung, taken in zip([one.amount_minor for one in answer.lines], off, strict=True)
    ]


def test_the_tightest_daily_limit_of_a_count_holds() -> None:
    rules = '[voucher.v]\ntake_off = { percent = "10" }\n[rule.s]\nmax_per_day = 5\n'
    rules += 'count = { of = "units", size = 100, guard_per_day = 2 }\ngive = { voucher = "v" }\n'
    line = Line(1, "a", 700, quantity="7")
    assert quote(rules, line).counts[0].units == 2
    today = MemberFacts("m", counts={"s": CountFacts(4, date(2026, 11, 24), 1)})
    assert quote(rules, line, member=today).counts[0].units == 1


def test_points_per_unit_follow_the_quantity() -> None:
    answer = quote('[rule.e]\nearn = { points = "3", per = "unit" }\n', Line(1, "a", 1000, quantity="2.5"))
    assert answer.wallets[0].earn == 7


def test_the_prompt_worth_most_comes_first_after_the_card() -> None:
    rules = "".join(
        f'[rule.{name}]\nstage = "receipt"\nwhen = {{ amount = {{ at_least = "{least}.00" }} }}\n'
        f'take_off = {{ amount = "{off}.00" }}\n'
        for name, least, off in (("a", 15, 1), ("b", 20, 3), ("c", 18, 2))
    )
    rules += '[rule.d]\nwhen = { card_shown = true }\ntake_off = { amount = "0.50" }\n'
    answer = quote(rules, A, member=None)
    assert [one.values.get("worth_minor", one.values.get("amount_minor")) for one in answer.prompts] == [
        50,
        300,
        200,
        100,
    ]


def test_beside_an_exclusive_rule_what_could_not_apply_says_its_own_reason() -> None:
    rules = '[rule.a]\nexclusive = true\ntake_off = { percent = "10" }\n'
    rules += '[rule.b]\nscope = { skus = ["z"] }\ntake_off = { percent = "50" }\n'
    assert codes(quote(rules, A)) == ["applied", "nothing_in_scope"]


def test_an_exclusive_rule_that_finds_nothing_leaves_the_stage_to_the_others() -> None:
    rules = '[rule.a]\nexclusive = true\nscope = { skus = ["z"] }\ntake_off = { percent = "10" }\n'
    rules += '[rule.b]\ntake_off = { percent = "50" }\n'
    assert codes(quote(rules, A)) == ["nothing_in_scope", "applied"]


@pytest.mark.parametrize(("mode", "points"), [("best", 20), ("first", 10)])
def test_rates_of_one_receipt_compete_in_points(mode: str, points: int) -> None:
    rules = f'[group.x]\nmode = "{mode}"\n[rule.a]\ngroup = "x"\nearn = {{ points = "1" }}\n'
    rules += '[rule.b]\ngroup = "x"\nearn = { points = "2" }\n'
    assert quote(rules, A).wallets[0].earn == points


def test_steps_are_a_group_of_which_the_best_counts() -> None:
    rules = '[group.steps]\nmode = "best"\n' + "".join(
        f'[rule.s{least}]\ngroup = "steps"\nwhen = {{ amount = {{ at_least = "{least}.00" }} }}\n'
        f'take_off = {{ percent = "{off}" }}\n'
        for least, off in ((10, 5), (20, 10), (50, 20))
    )
    due = [quote(rules, Line(1, "a", amount)).due_minor for amount in (999, 1000, 1999, 2000, 4999, 5000)]
    assert due == [999, 950, 1899, 1800, 4499, 4000]


def test_a_later_stage_sees_what_the_earlier_ones_left() -> None:
    rules = (
        '[rule.a]\nstage = "price"\ntake_off = { set_price = "8.00" }\n'
        '[rule.b]\nscope = { price_from = "9.00" }\ntake_off = { percent = "50" }\n'
        '[rule.c]\nwhen = { amount = { at = "price", at_least = "8.00" } }\nstage = "receipt"\n'
        'take_off = { amount = "1.00" }\n'
        '[rule.d]\nwhen = { amount = { at_least = "4.01" } }\nstage = "receipt"\n'
        'take_off = { amount = "1.00" }\n'
    )
    answer = quote(rules, A)
    assert codes(answer) == ["applied", "applied", "applied", "missing"]
    assert answer.due_minor == 300


@pytest.mark.parametrize(
    ("mode", "per", "amounts"),
    [
        ("best", "line", [600, 1800]),
        ("first", "line", [900, 1800]),
        ("best", "receipt", [600, 2000]),
        ("first", "receipt", [900, 1800]),
        ("all", "line", [500, 1800]),
    ],
)
def test_vouchers_compete_with_rules_by_the_mode_of_their_group(
    mode: str, per: str, amounts: list[int]
) -> None:
    rules = f'[group.x]\nmode = "{mode}"\nper = "{per}"\n[rule.r]\ngroup = "x"\npriority = 1\n'
    rules += 'stage = "receipt"\ntake_off = { percent = "10" }\n'
    rules += '[voucher.v]\ngroup = "x"\nscope = { skus = ["a"] }\ntake_off = { amount = "4.00" }\n'
    held = MemberFacts("m", vouchers=[Voucher("v", "1")])
    answer = quote(rules, A, B, member=held)
    assert [line.amount_minor for line in answer.lines] == amounts
    assert [one.id for one in answer.vouchers] == (["1"] if amounts[0] < 900 else [])


def test_a_percentage_that_a_floor_cut_short_leaves_the_next_the_whole_rest() -> None:
    rules = (
        '[rule.a]\ntake_off = { percent = "10", floor = "9.50" }\n[rule.b]\ntake_off = { percent = "10" }\n'
    )
    assert [one.amount_minor for one in quote(rules, A).lines[0].rebates] == [-50, -95]


def test_the_floor_of_a_weighed_line_is_rounded_up() -> None:
    rule = '[rule.a]\ntake_off = { percent = "100" }\n'
    answer = quote(rule, Line(1, "a", 200, quantity="0.355", floor_price_minor=333))
    assert answer.lines[0].amount_minor == 119
