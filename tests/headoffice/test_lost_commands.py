"""The commands about lost tills and offline risk, as a person at head office types them."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from agent.cli.headoffice import main
from agent.headoffice.office import Office
from tests.headoffice.test_limited import LIMITED
from tests.headoffice.till_end import StillClock, TillEnd
from tests.till.desk import NOON

MEMBERS = "member,card,wallet,balance\nm-1,2990000000017,points,500\n"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A head office with a limited programme, a member and till 12-1, which has greeted."""
    file = tmp_path / "loyalty-headoffice.toml"
    state = tmp_path / "state"
    file.write_text(f"[paths]\nstate = {str(state)!r}\n", encoding="utf-8")
    (tmp_path / "club.toml").write_bytes(LIMITED)
    (tmp_path / "members.csv").write_text(MEMBERS, encoding="utf-8")
    assert run(file, "programme", "publish", str(tmp_path / "club.toml")).exit_code == 0
    assert run(file, "member", "import", str(tmp_path / "members.csv")).exit_code == 0
    office = Office(state, StillClock(NOON), serving=True)
    till = TillEnd()
    till.enrol(office)
    till.greet(office)
    office.close()
    return file


def run(config: Path, *words: str) -> Result:
    return CliRunner().invoke(main, [*words, "--config", str(config)])


def told(config: Path, *words: str) -> Any:
    result = run(config, *words, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


def test_two_people_write_a_till_off_once(config: Path) -> None:
    refused = run(config, "till", "write-off", "12-1", "--by", "anna", "--and", "anna")
    assert (refused.exit_code, "second person" in refused.output) == (1, True)
    done = run(config, "till", "write-off", "12-1", "--by", "anna", "--and", "bert", "--give-back")
    assert done.output == "till 12-1, journal 1 written off: 0\n"
    again = run(config, "till", "write-off", "12-1", "--by", "anna", "--and", "bert", "--give-back")
    assert "done before, nothing changed" in again.output
    (row,) = told(config, "till", "list")
    assert (row["state"], row["worst_offline_loss"]) == ("WRITTEN_OFF", {})


def test_two_people_confirm_that_a_disk_was_wiped(config: Path) -> None:
    (row,) = told(config, "till", "wiped", "12-1", "--by", "anna", "--and", "bert", "--epoch", "1")
    assert row == {"till": "12-1", "epoch": 1, "allowances": 0, "points": {}, "repeated": False}
    assert run(config, "till", "wiped", "12-1", "--by", "a", "--and", "b", "--epoch", "7").exit_code == 1


def test_the_worst_loss_is_printed(config: Path) -> None:
    assert "900 points" in run(config, "till", "list").output
    printed = run(config, "report").output
    assert "worst loss offline, in points" in printed
    assert told(config, "report")["offline"]["worst"][0]["till"] == 900
