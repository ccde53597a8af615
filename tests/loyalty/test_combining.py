"""How rules combine: groups, exclusive ones, chains of percentages, multipliers, caps."""

from datetime import UTC, datetime

import pytest

from agent.loyalty.basket import Basket, Line
from agent.loyalty.compile import compile_programme
from agent.loyalty.evaluate import evaluate
from agent.loyalty.member import MemberFacts
from agent.loyalty.quote import Quote
from agent.loyalty.read import load_programme

AT = datetime(2026, 11, 24, 15, tzinfo=UTC)
HEAD = """[programme]
id = "x"
version = 1
currency = "EUR"
time_zone = "Europe/Helsinki"
[wallet.p]
"""


def quote(rules: str, *lines: Line) -> Quote:
    compiled = compile_programme(load_programme((HEAD + rules).encode(), name="x.toml"))
    return evaluate(compiled, MemberFacts("m"), Basket("r", AT, "s", "t", "EUR", list(lines)), AT)


def codes(answer: Quote) -> list[str]:
    return [one.code for one in answer.reasons]


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
