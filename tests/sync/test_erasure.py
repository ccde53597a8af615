"""A member is erased: gone here at once, at a till with its next pull; `status` names who has not heard."""

import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from click.testing import CliRunner

from agent.cli.headoffice import main
from agent.errors import Refused
from agent.headoffice import directory
from agent.headoffice.app import build_app
from agent.headoffice.erasing import erase, journal_pending, outstanding
from agent.headoffice.member_import import import_members
from agent.headoffice.members import card_tag, find, show
from agent.headoffice.office import Office
from agent.headoffice.publish import publish
from agent.headoffice.reexecute import Judge
from agent.headoffice.verify import verify
from tests.headoffice.till_end import PROGRAMME, StillClock
from tests.sync.serving import serving
from tests.sync.test_with_head_office import Till, enrolled
from tests.sync.till import until

pytestmark = pytest.mark.anyio
CARD, SEGMENT = "2990000000017", "greyhounds"
MEMBERS = f"""member,card,segments,wallet,balance,expires_on
m-17,{CARD},{SEGMENT},points,500,2027-01-31
m-18,2990000000024,,points,300,2027-01-31
"""


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    office = Office(tmp_path / "office", StillClock(), serving=True)
    publish(office, PROGRAMME, name="household-club.toml")
    import_members(office, MEMBERS, name="members.csv")
    yield office
    office.close()


@pytest.fixture
async def two_tills(office: Office, tmp_path: Path) -> AsyncIterator[list[Till]]:
    async with AsyncExitStack() as stack:
        port = await stack.enter_async_context(serving(build_app(office)))
        url = f"http://127.0.0.1:{port}"
        names = ("till-a", "till-b")
        yield [await stack.enter_async_context(enrolled(office, tmp_path, name, url)) for name in names]


def traces(folder: Path, *needles: bytes) -> list[str]:
    return [
        f"{path.name} has {needle!r}"
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        for needle in needles
        if needle in path.read_bytes()
    ]


async def test_no_file_of_a_till_knows_the_card_or_the_person_afterwards(
    office: Office, two_tills: list[Till], tmp_path: Path
) -> None:
    till, tag = two_tills[0], card_tag(office, CARD)
    await till.sync()
    assert traces(tmp_path / "till-a", tag, SEGMENT.encode())
    assert erase(office, CARD) == "m-17"
    assert journal_pending(office) == 1
    await till.sync()
    assert till.ledger.read.member_of(tag) is None
    # The log is emptied after the commit was answered.
    await until(lambda: not traces(tmp_path / "till-a", tag, SEGMENT.encode()))
    assert till.ledger.read.balance("m-18", "points") == 300
    assert verify(office, Judge).is_sound


async def test_an_erasure_that_a_till_has_not_heard_of_is_outstanding(
    office: Office, two_tills: list[Till]
) -> None:
    for till in two_tills:
        await till.sync()
    erase(office, "m-17")
    assert [one["unheard"] for one in outstanding(office)["tills"]] == [1, 1]
    journal_pending(office)
    await two_tills[0].sync()
    await two_tills[0].sync()  # a till says with its next pull what it has taken in
    assert [(one["till"], one["unheard"]) for one in outstanding(office)["tills"]] == [("till-b", 1)]
    await two_tills[1].sync()
    await two_tills[1].sync()
    assert outstanding(office) == {"tills": [], "directory_due": None}


async def test_the_directory_that_still_holds_the_member_must_be_made_anew(
    office: Office, two_tills: list[Till], tmp_path: Path
) -> None:
    till, tag = two_tills[0], card_tag(office, CARD)
    directory.make(office)
    for one in two_tills:
        await one.sync()
    assert till.ledger.read.directory_cursor() > 0
    erase(office, "m-17")
    journal_pending(office)
    for one in two_tills * 2:
        await one.sync()
    assert till.ledger.read.member_of(tag) is None  # the news hides the directory's row
    assert outstanding(office)["directory_due"] == "2026-12-19"
    assert [one["in_directory"] for one in outstanding(office)["tills"]] == [1, 1]
    directory.make(office)
    for one in two_tills * 2:
        await one.sync()
    assert outstanding(office) == {"tills": [], "directory_due": None}
    await until(lambda: not traces(tmp_path / "till-a", b"m-17", SEGMENT.encode()))


async def test_a_member_who_comes_back_is_not_forgotten_again(office: Office, two_tills: list[Till]) -> None:
    till = two_tills[0]
    await till.sync()
    erase(office, "m-17")
    journal_pending(office)
    await till.sync()
    import_members(office, f"member,card\nm-17,{CARD}\n", name="again.csv")
    await till.sync()
    await till.sync()
    found = till.ledger.read.member_of(card_tag(office, CARD))
    assert found is not None
    assert found.member == "m-17"


def test_books_from_an_older_backup_erase_again(tmp_path: Path) -> None:
    house = tmp_path / "office"
    office = Office(house, StillClock(), serving=True)
    import_members(office, MEMBERS, name="members.csv")
    office.close()
    shutil.copy(house / "books.db", tmp_path / "older.db")
    office = Office(house, StillClock(), serving=True)
    erase(office, CARD)
    journal_pending(office)
    office.close()
    for side in ("-wal", "-shm"):
        (house / f"books.db{side}").unlink(missing_ok=True)
    shutil.copy(tmp_path / "older.db", house / "books.db")
    office = Office(house, StillClock(), serving=True)
    with pytest.raises(Refused, match="erased on 2026-11-24"):
        find(office, "m-17")
    with pytest.raises(Refused, match="no member has this"):
        show(office, CARD)
    office.close()


def test_the_command_asks_before_it_erases_and_status_tells_who_has_not_heard(tmp_path: Path) -> None:
    config = tmp_path / "loyalty-headoffice.toml"
    config.write_text(f'[paths]\nstate="{tmp_path}/office"\n')
    office = Office(tmp_path / "office", StillClock())
    import_members(office, MEMBERS, name="members.csv")
    office.close()
    asked = CliRunner().invoke(main, ["member", "erase", CARD, "--config", str(config)], input="n\n")
    assert asked.exit_code == 1
    done = CliRunner().invoke(main, ["member", "erase", CARD, "--yes", "--config", str(config)])
    assert done.output.startswith("erased: m-17")
    again = CliRunner().invoke(main, ["member", "show", "m-17", "--config", str(config)])
    assert "was erased on" in again.output
