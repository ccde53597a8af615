"""How stories are read and held against what came out: strictly, and in words that help."""

import re
from contextlib import suppress
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from agent.cli.till import main
from agent.errors import DocumentError
from agent.loyalty.language.read import load_programme
from agent.scenario.parse import parse
from agent.scenario.report import difference, played
from agent.scenario.run import Outcome, play
from agent.scenario.story import Receipt

PROGRAMME = b"""
[programme]
id = "x"
version = 1
currency = "EUR"
time_zone = "Europe/Helsinki"
[wallet.p]
value = "0.01"
[rule.earn]
earn = { points = "1" }
[rule.pay]
pay = {}
"""
HEAD = "programme x\nscenario One\nmember Anna\n"
SALE = "2026-03-10 12:00 Anna buys\n  - tea 3.10\n"


def played_story(text: str) -> tuple[str, list[Outcome]]:
    scenario = parse(text, name="x.txt")[0]
    outcomes = play(scenario, load_programme(PROGRAMME, name="x.toml"))
    return difference(scenario, outcomes), outcomes


def mistakes(text: str) -> list[tuple[str, str]]:
    with pytest.raises(DocumentError) as refused:
        played_story(text)
    return [(one.pointer, one.code) for one in refused.value.mistakes]


def test_a_story_that_fits_has_no_difference() -> None:
    assert played_story(HEAD + SALE + "  = due 3.10\n  = earns 3 p\n")[0] == ""


def test_a_wrong_number_is_shown_beside_the_right_one_with_file_and_line() -> None:
    told, _ = played_story(HEAD + SALE + "  = due 3.00\n  = earns 3 p\n")
    assert "x.txt:4: 2026-03-10 12:00 Anna buys" in told
    assert re.search(r"^  - = due 3\.00 +\(line 6\)$", told, re.MULTILINE)
    assert "  + = due 3.10" in told


@pytest.mark.parametrize(
    ("untold", "expected"), [("earns 3 p", "  = due 3.10\n"), ("due 3.10", "  = earns 3 p\n")]
)
def test_what_a_receipt_gives_must_all_be_told(untold: str, expected: str) -> None:
    assert f"  + = {untold}" in played_story(HEAD + SALE + expected)[0]


def test_one_gift_told_twice_is_one_too_many() -> None:
    told, _ = played_story(HEAD + SALE + "  = due 3.10\n  = earns 3 p\n  = earns 3 p\n")
    assert "  - = earns 3 p" in told


def test_a_mistyped_expectation_never_passes() -> None:
    assert (
        "  - = balnce 3 p" in played_story(HEAD + SALE + "  = due 3.10\n  = earns 3 p\n  = balnce 3 p\n")[0]
    )


def test_facts_go_from_receipt_to_receipt_and_members_keep_apart() -> None:
    text = HEAD + "member Boris\n" + SALE + "  = due 3.10\n  = earns 3 p\n  = balance 3 p\n"
    text += "2026-03-10 13:00 Boris buys\n  asks max p\n  - tea 3.10\n  = due 3.10\n  = earns 3 p\n"
    text += (
        "2026-03-10 14:00 Anna buys\n  asks max p\n  - tea 3.10\n  = due 3.07\n  = paid 3 p\n  = earns 3 p\n"
    )
    assert played_story(text)[0] == ""


def test_returns_in_parts_undo_a_sale_and_no_more() -> None:
    text = HEAD + "  5 p\n2026-03-10 12:00 Anna buys\n  asks max p\n  - tea 3 x 1.05\n"
    text += "  = due 3.10\n  = paid 5 p\n  = earns 3 p\n  = balance 3 p\n"
    text += "2026-03-11 12:00 Anna returns\n  - tea 1\n  = refund 1.03\n  = takes 1 p\n  = restores 1 p\n"
    text += "2026-03-12 12:00 Anna returns\n  - tea 2\n  of receipt 1\n  = refund 2.07\n  = takes 2 p\n"
    text += "  = restores 4 p\n  = balance 5 p\n"
    assert played_story(text)[0] == ""


def test_another_setting_changes_what_comes_out() -> None:
    text = "programme x\nscenario One\nsetting points_rounding half_up\nmember Anna\n"
    text += "2026-03-10 12:00 Anna buys\n  - tea 3.50\n  = due 3.50\n  = earns 4 p\n"
    assert played_story(text)[0] == ""


def test_all_mistakes_of_a_file_are_told_at_once_with_their_lines() -> None:
    text = "programme x\nscenario One\nmembr Anna\n2026-02-30 12:00 Anna buys\n  - tea\n  = due 1.00\n"
    assert mistakes(text) == [
        ("x.txt:3", "not_understood"),
        ("x.txt:4", "no_such_moment"),
        ("x.txt:5", "not_understood"),
    ]


@pytest.mark.parametrize(
    ("line", "like"),
    [
        ("  - tea 2 x 3,50", "- latte 2 x 4.50 group coffee tag drink"),
        ("  ask max p", "asks 500 points"),
        ("  tender card 5,00", "tender card product partner-bank 20.00"),
        ("somebody buys", "2026-03-10 12:00 Anna buys"),
        ("2026-03-10 Anna returns", "2026-03-10 12:00 Anna buys"),
        ("members Anna", "member Anna"),
    ],
)
def test_a_line_that_is_not_understood_is_shown_the_nearest_form(line: str, like: str) -> None:
    with pytest.raises(DocumentError) as caught:
        parse(f"programme x\nscenario One\n{SALE}{line}\n", name="x.txt")
    assert caught.value.mistakes[0].remedy == f"write it like: {like}"


@pytest.mark.parametrize(
    ("text", "where", "code"),
    [
        ("scenario One\n", "x.txt:1", "no_programme"),
        ("programme x\n", "x.txt:1", "no_scenario"),
        ("programme x\n" + SALE, "x.txt:2", "no_scenario"),
        ("programme x\nsetting debt keep\n", "x.txt:2", "no_scenario"),
        (HEAD + SALE, "x.txt:2", "expects_nothing"),
        (HEAD + SALE.replace("Anna", "Boris") + "  = due 3.10\n", "x.txt:4", "unknown_member"),
        (HEAD + "  3 q\n" + SALE + "  = due 3.10\n", "x.txt:4", "unknown_wallet"),
        (HEAD + "  0.5 p\n" + SALE + "  = due 3.10\n", "x.txt:4", "too_fine"),
        (HEAD + "  born 2010-02-30\n" + SALE + "  = due 3.10\n", "x.txt:4", "no_such_day"),
        (HEAD + "  count stamps 3\n" + SALE + "  = due 3.10\n", "x.txt:4", "unknown_name"),
        (HEAD + "  measure gold:2026 3\n" + SALE + "  = due 3.10\n", "x.txt:4", "unknown_name"),
        (HEAD + "  voucher tea\n" + SALE + "  = due 3.10\n", "x.txt:4", "unknown_name"),
        (HEAD + SALE + "  asks max q\n  = due 3.10\n", "x.txt:6", "unknown_wallet"),
        (HEAD + SALE.replace("tea", "tea with") + "  = due 3.10\n", "x.txt:5", "not_understood"),
        (HEAD + SALE + "  - tea 1.00\n  = due 4.10\n", "x.txt:6", "twice"),
        (
            HEAD + SALE.replace("buys", "returns").replace(" 3.10", "") + "  = refund 1.00\n",
            "x.txt:4",
            "no_such_receipt",
        ),
        ("programme x\nscenario One\n  - tea 3.10\n", "x.txt:3", "stands_alone"),
        (
            "programme x\nscenario One\nsetting debt never\n" + SALE + "  = due 3.10\n",
            "/settings/debt",
            "not_supported",
        ),
    ],
)
def test_a_story_that_makes_no_sense_is_refused(text: str, where: str, code: str) -> None:
    assert (where, code) in mistakes(text)


VOCABULARY = """
programme scenario member setting Anna somebody buys returns joins does x p max = - tea 3 3.10 2 until from
2026-03-10 2026-02-30 12:00 25:00 born segment tier count earn asks of receipt due 3.10 # with a=1 tag
"""
WORDS = st.sampled_from(VOCABULARY.split())
LINES = st.lists(st.tuples(st.sampled_from(["", "  "]), st.lists(WORDS, max_size=6)), max_size=6)


@given(LINES)
def test_any_text_is_played_or_refused_never_more(lines: list[tuple[str, list[str]]]) -> None:
    text = HEAD + SALE + "  = due 3.10\n" + "".join(f"{lead}{' '.join(words)}\n" for lead, words in lines)
    with suppress(DocumentError):
        for scenario in parse(text, name="x.txt"):
            outcomes = play(scenario, load_programme(PROGRAMME, name="x.toml"))
            assert len(outcomes) == sum(isinstance(step, Receipt) for step in scenario.steps)


def test_nothing_comes_back_that_was_not_sold() -> None:
    text = (
        HEAD
        + SALE
        + "  = due 3.10\n  = earns 3 p\n2026-03-11 12:00 Anna returns\n  - coffee\n  = refund 1.00\n"
    )
    assert mistakes(text) == [("x.txt:9", "not_sold")]
    assert mistakes(text.replace("coffee", "tea 2")) == [("x.txt:9", "too_many")]


def test_what_came_out_is_printed_in_words_that_a_story_can_expect() -> None:
    _, outcomes = played_story(HEAD + SALE + "  = due 3.10\n")
    lines = [line for line in played(outcomes).splitlines() if line.startswith("  = ")]
    assert played_story(HEAD + SALE + "\n".join(lines))[0] == ""


def test_a_manager_tries_a_story_from_the_command_line(tmp_path: Path) -> None:
    story = tmp_path / "story.txt"
    story.write_text(HEAD.replace("x", "members-free-delivery") + SALE + "  = due 3.00\n", encoding="utf-8")
    answer = CliRunner().invoke(main, ["programme", "try", str(story)])
    assert answer.exit_code == 1
    assert "  + = due 3.10" in answer.output
    story.write_text(HEAD.replace("x", "y") + SALE + "  = due 3.10\n", encoding="utf-8")
    assert "no shipped programme 'y'" in CliRunner().invoke(main, ["programme", "try", str(story)]).output
