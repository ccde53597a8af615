"""The commands that move what members own: JSON, repeats, and errors that say what to do."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from agent.cli.headoffice import main

CLUB = Path(__file__).resolve().parents[1] / "headoffice" / "whole_language.toml"
MEMBERS = """member,card,wallet,balance,expires_on,measure,amount
m-1,2990000000019,points,500,2020-12-31,gold,900
m-2,2990000000026,points,40,,gold,1000
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "office.toml"
    path.write_text(f'[paths]\nstate = "{tmp_path}/state"\n')
    members = tmp_path / "members.csv"
    members.write_text(MEMBERS)
    for words in (("init",), ("programme", "publish", str(CLUB)), ("member", "import", str(members))):
        result = run(path, *words)
        assert result.exit_code == 0, result.output
    return path


def run(config: Path, *words: str) -> Result:
    return CliRunner().invoke(main, [*words[:2], "--config", str(config), *words[2:]])


def told(config: Path, *words: str) -> Any:
    result = run(config, *words[:2], "--json", *words[2:])
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


def signed(reference: str) -> tuple[str, ...]:
    return ("--reference", reference, "--by", "anna", "--reason", "test")


def balance(config: Path, member: str) -> int:
    return int(told(config, "member", "show", member)["balances"].get("points", 0))


def test_each_movement_says_what_it_did_and_a_repeat_that_it_did_nothing(config: Path) -> None:
    two = ("--wallet", "points", *signed("T-1"), "--approved-by", "bert")
    assert "+60 points for m-2" in run(config, "member", "adjust", *two, "m-2", "60").output
    assert "nothing changed" in run(config, "member", "adjust", *two, "m-2", "60").output
    assert told(config, "member", "adjust", *two, "m-2", "60") == {"reference": "T-1", "repeated": True}
    move = ("member", "transfer", "--wallet", "points", *signed("T-2"), "m-2", "m-1", "25")
    assert told(config, *move) == {"reference": "T-2", "repeated": False}
    assert (balance(config, "m-2"), balance(config, "m-1")) == (75, 25)
    card = ("member", "card", *signed("T-3"), "--new", "2990000000064", "--old", "2990000000019", "m-1")
    assert "the old one is blocked" in run(config, *card).output
    assert told(config, "period", "expire") == {"lots": 1}
    assert "0 lots expired" in run(config, "period", "expire").output
    closed = told(config, "period", "close", *signed("2026"), "--event", "best-of-year", "--measure", "gold")
    assert [one["member"] for one in closed["winners"]] == ["m-2", "m-1"]
    assert told(config, "member", "merge", *signed("T-4"), "m-1", "m-2")["repeated"] is False
    assert balance(config, "m-2") == 100 + 1000
    who = told(config, "member", "enrol", "--card", "2990000000071", "--born", "2000-01-31")["member"]
    assert told(config, "member", "show", who)["facts"]["of_age_from"] == {"18": "2018-01-31"}
    assert told(config, "verify")["mistakes"] == []


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("member", "adjust", "--wallet", "points", *signed("T-1"), "m-2", "5"), "--approved-by"),
        (("member", "transfer", "--wallet", "points", *signed("T-1"), "m-2", "m-1", "41"), "has 40 points"),
        (("member", "transfer", "--wallet", "points", *signed("T-1"), "m-2", "m-9", "1"), "no member m-9"),
        (("member", "merge", *signed("T-1"), "m-2", "m-2"), "name two members"),
        (("member", "card", *signed("T-1"), "--new", "2990000000026", "m-1"), "take another card"),
        (("member", "debt", "--wallet", "points", *signed("T"), "--approved-by", "b", "m-1"), "owes nothing"),
        (("member", "enrol", "--card", "2990000000071"), "may not join"),
        (("period", "close", *signed("P"), "--event", "x", "--measure", "gold"), "look at the rule's event"),
    ],
)
def test_a_movement_that_cannot_be_says_what_to_do(config: Path, words: tuple[str, ...], says: str) -> None:
    result = run(config, *words)
    assert result.exit_code != 0
    assert says in result.output
    assert "2990000000026" not in result.output
