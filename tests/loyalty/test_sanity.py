"""Absurd rates are refused at publishing, each with what would be allowed."""

from pathlib import Path

import pytest

from agent.loyalty.read import load_programme
from agent.loyalty.sanity import Caps, too_generous
from tests.loyalty.desk import HEAD

ROOT = Path(__file__).parents[2]
VALUE = HEAD + 'value = "0.01"\n'


def told(text: str, caps: Caps | None = None) -> list[tuple[str, dict[str, object]]]:
    programme = load_programme((VALUE + text).encode(), name="x.toml").text
    return [(one.pointer, one.values) for one in too_generous(programme, caps or Caps())]


@pytest.mark.parametrize(
    "file", sorted((ROOT / "config" / "programmes").glob("*.toml")), ids=lambda one: one.stem
)
def test_no_shipped_programme_is_too_generous(file: Path) -> None:
    assert too_generous(load_programme(file.read_bytes(), name=file.name).text, Caps()) == []


@pytest.mark.parametrize(
    ("words", "is_refused"),
    [
        ('take_off = { percent = "50" }', False),
        ('take_off = { percent = "50.5" }', True),
        ('take_off = { percent = "100", max = "5" }', False),
        ('take_off = { percent = "100", units = 1, pick = "dearest" }', False),
        ('scope = { tags = ["syrup"] }\ntake_off = { percent = "100" }', False),
        ('scope = {}\ntake_off = { percent = "100" }', True),
        ('earn = { points = "50" }', False),
        ('earn = { points = "51" }', True),
        ('earn = { points = "51", every = "2" }', False),
        ('earn = { points = "51", max = "100" }', False),
        ('earn = { per = "receipt", points = "1000000" }', False),
        ('earn = { per = "unit", points = "1000001" }', True),
        ('give = { stored_value = "10000.00", wallet = "gift" }', False),
        ('give = { stored_value = "10000.01", wallet = "gift" }', True),
        ('give = { stored_value = "10000.01", wallet = "gift", cost = 5 }', False),
        ("give = { lot = { points = 1000000 } }", False),
        ("give = { lot = { points = 1000001 } }", True),
    ],
)
def test_a_rate_beyond_a_cap_is_refused_and_one_at_it_is_not(words: str, is_refused: bool) -> None:
    assert bool(told(f'[wallet.gift]\nkind = "stored_value"\n[rule.a]\n{words}\n')) == is_refused


def test_a_factor_counts_with_what_it_multiplies() -> None:
    rules = '[rule.a]\nearn = { points = "20" }\n[rule.b]\nmultiply = { by = "3" }\n'
    assert told(rules) == [("/rule/a/earn/points", {"percent": "60", "max_percent_back": "50"})]


def test_a_voucher_for_everything_is_refused_too() -> None:
    assert told('[voucher.v]\ntake_off = { percent = "60" }\n') == [
        ("/voucher/v/take_off/percent", {"percent": "60", "max_percent_off": "50"})
    ]


def test_head_office_may_name_other_caps() -> None:
    rule = '[rule.a]\ntake_off = { percent = "60" }\n'
    assert told(rule, Caps(max_percent_off="60")) == []
