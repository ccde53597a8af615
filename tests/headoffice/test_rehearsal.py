"""A new version is rehearsed on the receipts booked here, and an absurd one is refused at publishing."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result

from agent.cli.headoffice import main
from agent.errors import DocumentError
from agent.headoffice.office import Office
from agent.headoffice.past import OfficeReceipts
from agent.headoffice.publish import publish
from agent.loyalty.compile import compile_programme
from agent.loyalty.language.read import load_programme
from agent.loyalty.language.sanity import Caps
from agent.loyalty.member import MemberFacts
from agent.rehearsal.past import PastReturn
from agent.rehearsal.rehearse import rehearse
from tests.headoffice.both_ends import open_office, two_tills
from tests.headoffice.lived import CLUB, back, line, sale, sell
from tests.headoffice.till_end import NOON, PROGRAMME, TillEnd, basket, book

ABSURD = (
    PROGRAMME.replace(b"version = 1", b"version = 2", 1)
    + b"""
[rule.slip]
take_off = { percent = "95" }
"""
)


@pytest.fixture
def config(tmp_path: Path, office: Office, till: TillEnd) -> Path:
    """A head office with three receipts, one of them voided, that has stopped serving."""
    till.sell(basket("r-2", 2000), MemberFacts("m-1"))
    till.sell(basket("r-1", 9000))
    sold = till.sell(basket("r-3", 500), MemberFacts("m-2"))
    for number, entry in enumerate(sold[1:]):
        till.reverse(entry, f"v{number}")
    till.reverse(sold[0], "")
    till.push(office)
    book(office)
    office.close()
    path = tmp_path / "office.toml"
    path.write_text(f'[paths]\nstate = "{tmp_path}/state"\n')
    return path


def run(config: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["programme", *words, "--config", str(config)])


def told(config: Path, *words: str) -> Any:
    result = run(config, *words, "--workers", "1", "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def file(config: Path, text: bytes) -> str:
    path = config.parent / "household-club.toml"
    path.write_bytes(text)
    return str(path)


def test_a_rehearsal_takes_what_was_sold_and_not_voided(config: Path) -> None:
    receipts = OfficeReceipts(config.parent / "state")
    assert receipts.count() == 2
    found = [(one.basket.receipt_id, one.facts.member if one.facts else "") for one in receipts]
    assert sorted(found) == [("r-1", ""), ("r-2", "m-1")]


@pytest.mark.parametrize("where", [0, 1], ids=["at its own till", "at another till"])
def test_a_rehearsal_takes_off_what_came_back_wherever_it_did(tmp_path: Path, where: int) -> None:
    with (
        open_office(tmp_path, CLUB, name="whole-language.toml", members="member\nm-1\n") as office,
        two_tills(office, tmp_path, programme=CLUB) as tills,
    ):
        sell(tills[0], sale("r1", line(1, "coat", 12_000), line(2, "tea", 900, quantity="3")))
        back(tills[where], "r1", "b1", {"line": 2, "quantity": "1"})
        back(tills[where], "r1", "b2", {"line": 2}, {"line": 1, "amount_minor": 2000})
        for one in tills:
            one.push()
        receipts = OfficeReceipts(tmp_path / "state")
        (past,) = receipts
        assert past.back == [PastReturn(NOON, {2: 300}), PastReturn(NOON, {2: 600, 1: 2000})]
        total = rehearse(compile_programme(load_programme(CLUB, name="club.toml")), receipts).total
    assert (total.receipts, total.turnover_minor) == (1, 10_000)


def test_a_version_is_replayed_on_the_receipts_booked_here(config: Path) -> None:
    (version,) = told(config, "replay", file(config, PROGRAMME))["versions"]
    assert version["total"]["receipts"] == 2
    assert version["total"]["issued"] == {"points": 20}


def test_a_new_version_is_compared_with_the_one_published_last(config: Path) -> None:
    new = PROGRAMME.replace(b"version = 1", b"version = 2", 1).replace(b'points = "1"', b'points = "2"', 1)
    answer = told(config, "compare", file(config, new))
    assert [one["programme"]["version"] for one in answer["versions"]] == [1, 2]
    assert [one["total"]["issued"] for one in answer["versions"]] == [{"points": 20}, {"points": 40}]
    assert answer["members"]["better"] == 1


def test_there_must_be_a_version_to_compare_with(config: Path) -> None:
    result = run(config, "compare", file(config, PROGRAMME), "--against", "7")
    assert result.exit_code == 2
    assert "not_published" in result.stderr


def test_an_absurd_rate_is_refused_with_its_line_unless_the_cap_is_raised(config: Path) -> None:
    path = file(config, ABSURD)
    result = run(config, "publish", path)
    assert result.exit_code == 2
    assert "too_generous (percent=95, max_percent_off=50)" in result.stderr
    config.write_text(config.read_text() + '[publish]\nmax_percent_off = "95"\n')
    assert run(config, "publish", path).exit_code == 0


def test_caps_hold_for_whoever_publishes(office: Office) -> None:
    with pytest.raises(DocumentError) as caught:
        publish(office, ABSURD, name="household-club.toml")
    (mistake,) = caught.value.mistakes
    line = ABSURD.decode().splitlines().index('take_off = { percent = "95" }') + 1
    assert mistake.pointer == f"household-club.toml:{line} /rule/slip/take_off/percent"
    lax = msgspec.structs.replace(Caps(), max_percent_off="99")
    assert publish(office, ABSURD, name="household-club.toml", caps=lax).is_new
