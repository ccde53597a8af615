"""Absurd rates are refused at publishing, each with what would be allowed."""

from pathlib import Path

import pytest

from agent.loyalty.language.read import load_programme
from agent.loyalty.language.sanity import Caps, too_generous
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
        ('earn = { per = "attribute:distance", points = "1000001" }', True),
        ('take_off = { amount = "10000.00" }', False),
        ('take_off = { amount = "10000.01" }', True),
        ('take_off = { amount = "10000.01", max = "5.00" }', False),
        ('scope = { tags = ["tv"] }\ntake_off = { per_unit = "10000.01" }', True),
        ('take_off = { set_price = "0.01" }', True),
        ('take_off = { set_price = "0.01", units = 3 }', False),
        ('scope = { tags = ["tv"] }\ntake_off = { set_price = "0.01" }', False),
        ("give = { lot = { points = 1000000 } }", False),
        ("give = { lot = { points = 1000001 } }", True),
    ],
)
def test_a_rate_beyond_a_cap_is_refused_and_one_at_it_is_not(words: str, is_refused: bool) -> None:
    assert bool(told(f'[wallet.gift]\nkind = "stored_value"\n[rule.a]\n{words}\n')) == is_refused


def test_a_factor_counts_with_what_it_multiplies() -> None:
    rules = '[rule.a]\nearn = { points = "20" }\n[rule.b]\nmultiply = { by = "3" }\n'
    assert told(rules) == [("/rule/a/earn/points", {"percent": "60", "max_percent_back": "50"})]


@pytest.mark.parametrize(
    ("modes", "percent"),
    [
        ("best best", None),
        ("sum sum", "60"),
        ("sum product", "80"),
        ("product product", "80"),
        ("best sum", "80"),
    ],
)
def test_factors_that_can_meet_count_together(modes: str, percent: str | None) -> None:
    rules = '[rule.a]\nearn = { points = "20" }\n' + "".join(
        f'[rule.b{at}]\nmultiply = {{ by = "2", mode = "{mode}" }}\n' for at, mode in enumerate(modes.split())
    )
    assert [values["percent"] for _, values in told(rules)] == ([percent] if percent else [])


TWICE = '[rule.a]\ntake_off = { percent = "30" }\n[rule.b]\ntake_off = { percent = "30" }\n'


def test_percentages_on_everything_count_together_where_nothing_keeps_them_apart() -> None:
    assert told(TWICE) == [
        ("/rule/b/take_off/percent", {"percent": "51", "max_percent_off": "50", "with": ["a"]})
    ]
    for apart in ("exclusive = true", 'when = { segment = "x" }', 'scope = { tags = ["x"] }', 'group = "g"'):
        text = TWICE.replace("[rule.b]", f"[rule.b]\n{apart}") + '[group.g]\nmode = "best"\n'
        assert told(text) == [], apart


def test_a_voucher_for_everything_is_refused_too() -> None:
    assert told('[voucher.v]\ntake_off = { percent = "60" }\n') == [
        ("/voucher/v/take_off/percent", {"percent": "60", "max_percent_off": "50"})
    ]


def test_head_office_may_name_other_caps() -> None:
    rule = '[rule.a]\ntake_off = { percent = "60" }\n'
    assert told(rule, Caps(max_percent_off="60")) == []
