"""`programme check|schema|explain|replay|compare`, as whoever writes programmes uses them."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from agent.cli.till import main
from tests.rehearsal.desk import CLUB, sold, written

WARNED = CLUB + '[rule.never]\nwhen.identified = false\nearn = { points = "1" }\n'
BASKET = {
    "receipt_id": "1",
    "sold_at": "2026-11-24T12:00:00+02:00",
    "store": "12",
    "till": "12-3",
    "currency": "EUR",
    "lines": [{"line": 1, "sku": "1", "amount_minor": 1050}],
}


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(main, ["programme", *map(str, words)])


def told(*words: str | Path) -> Any:
    result = run(*words, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.fixture
def club(tmp_path: Path) -> Path:
    path = tmp_path / "club.toml"
    path.write_text(CLUB)
    return path


@pytest.fixture
def past(tmp_path: Path) -> Path:
    return written(
        tmp_path / "past.ndjson", [sold(one, 1000, f"m{one % 3}", day=one * 9) for one in range(9)]
    )


def test_check_tells_warnings_with_their_lines_and_is_content(tmp_path: Path) -> None:
    path = tmp_path / "club.toml"
    path.write_text(WARNED)
    result = run("check", path)
    assert result.exit_code == 0
    assert "warning: club.toml:19 /rule/never: never_applies (why=member)" in result.output
    assert "club version 1 is sound" in result.output


def test_check_says_when_a_file_is_not_called_as_its_programme(tmp_path: Path) -> None:
    path = tmp_path / "club-2.toml"
    path.write_text(CLUB)
    result = run("check", path)
    assert result.exit_code == 0
    assert (
        "warning: club-2.toml:2 /programme/id: not_its_file_name (id=club); call the file club.toml"
        in result.output
    )


def test_check_looks_at_every_file_even_if_one_is_broken(tmp_path: Path, club: Path) -> None:
    broken = tmp_path / "broken.toml"
    broken.write_text(CLUB.replace("points", "pionts").replace("EUR", "euro"))
    result = run("check", broken, club, "--json")
    assert result.exit_code == 2
    first, second = json.loads(result.stdout)
    assert (first["ok"], second["ok"]) == (False, True)
    assert {one["code"] for one in first["mistakes"]} == {"invalid", "unknown_field", "missing"}
    assert "did you mean 'points'?" in {one["remedy"] for one in first["mistakes"]}
    assert "broken.toml:4 /programme/currency" in run("check", broken).stderr


def test_schema_describes_a_programme_file() -> None:
    result = run("schema")
    assert result.exit_code == 0
    assert "Rule" in json.loads(result.stdout)["$defs"]


def test_explain_gives_every_rule_its_verdict_in_three_languages(tmp_path: Path, club: Path) -> None:
    basket = tmp_path / "basket.json"
    basket.write_text(json.dumps(BASKET))
    member = tmp_path / "member.json"
    member.write_text('{"member": "m"}')
    answer = told("explain", club, "--basket", basket, "--member", member)
    verdicts = {one["rule"]: one["code"] for one in answer["rules"]}
    assert verdicts == {"base": "applied", "pay": "missing", "third": "applied", "voucher.euro": "missing"}
    assert all(one[lang] for one in answer["rules"] for lang in ("en", "ru", "fi"))
    table = run("explain", club, "--basket", basket, "--at", "2026-11-25T12:00:00+02:00")
    assert table.exit_code == 0
    assert "what the cashier may say" in table.output


def test_replay_says_what_a_programme_cost_and_owes(club: Path, past: Path) -> None:
    answer = told("replay", club, "--receipts", past, "--workers", "1")
    (version,) = answer["versions"]
    assert (version["total"]["receipts"], version["members"]) == (9, 3)
    assert version["total"]["issued"] == {"p": 90}


def test_compare_shows_what_changes_and_for_whom_and_draws_it(tmp_path: Path, club: Path, past: Path) -> None:
    new = tmp_path / "new.toml"
    new.write_text(CLUB.replace("version = 1", "version = 2").replace('points = "1"', 'points = "3"'))
    drawn = tmp_path / "change.svg"
    result = run("compare", club, new, "--receipts", past, "--workers", "1", "--svg", drawn)
    assert result.exit_code == 0, result.output
    for words in ("club v1", "club v2", "+180", "better off", "2026-01", "liability"):
        assert words in result.output
    assert drawn.read_text().startswith("<svg")
    assert "http" not in drawn.read_text().replace("http://www.w3.org/2000/svg", "")
    assert told("compare", club, new, "--receipts", past, "--workers", "1")["members"]["better"] == 3


def test_a_broken_line_of_the_receipts_is_told_not_thrown(tmp_path: Path, club: Path) -> None:
    past = tmp_path / "past.ndjson"
    past.write_text('{"at": 1}\n')
    result = run("replay", club, "--receipts", past, "--workers", "1")
    assert result.exit_code == 2
    assert "past.ndjson:1" in result.stderr
