"""A member directory all the way: made by the real head office, fetched over real HTTP, put to use."""

from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from agent.headoffice import directory
from agent.headoffice.app import build_app
from agent.headoffice.member_import import import_members
from agent.headoffice.members import card_tag
from agent.headoffice.office import Office
from agent.headoffice.publish import publish
from tests.headoffice.till_end import PROGRAMME, StillClock
from tests.sync.serving import serving
from tests.sync.test_with_head_office import Till, enrolled

pytestmark = pytest.mark.anyio
MEMBERS = 300


def listed(count: int) -> str:
    rows = [f"m-{n},{2990000000000 + n},points,{n},2027-01-31" for n in range(1, count + 1)]
    return "\n".join(["member,card,wallet,balance,expires_on", *rows, ""])


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    office = Office(tmp_path / "office", StillClock(), serving=True)
    publish(office, PROGRAMME, name="household-club.toml")
    import_members(office, listed(MEMBERS), name="members.csv")
    yield office
    office.close()


async def a_till(stack: AsyncExitStack, office: Office, tmp_path: Path, name: str = "till-a") -> Till:
    port = await stack.enter_async_context(serving(build_app(office)))
    return await stack.enter_async_context(enrolled(office, tmp_path, name, f"http://127.0.0.1:{port}"))


async def test_a_new_till_takes_the_directory_in_place_of_all_news(office: Office, tmp_path: Path) -> None:
    made = directory.make(office)
    assert (made.members, made.size > made.sent) == (MEMBERS, True)
    async with AsyncExitStack() as stack:
        till = await a_till(stack, office, tmp_path)
        await till.sync()
        read = till.ledger.read
        assert (read.directory_cursor(), read.mark("cursor")) == (made.cursor, made.cursor)
        assert read.members() == []
        found = read.member_of(card_tag(office, "2990000000017"))
        assert found is not None
        assert found.member == "m-17"
        assert read.balance("m-17", "points") == 17


async def test_a_till_that_has_the_news_drops_what_the_directory_contains(
    office: Office, tmp_path: Path
) -> None:
    async with AsyncExitStack() as stack:
        till = await a_till(stack, office, tmp_path)
        await till.sync()
        assert len(till.ledger.read.members()) == MEMBERS
        directory.make(office)
        await till.sync()
        assert till.ledger.read.members() == []
        assert till.ledger.read.balance("m-17", "points") == 17


async def test_own_receipts_count_once_whether_the_directory_holds_them_or_not(
    office: Office, tmp_path: Path
) -> None:
    async with AsyncExitStack() as stack:
        till = await a_till(stack, office, tmp_path)
        await till.sync()
        before = till.ledger.read.balance("m-1", "points")
        till.sell("r-1")
        shown = till.ledger.read.balance("m-1", "points")
        assert shown > before
        assert await till.session.push() == 0
        import_members(office, listed(MEMBERS + 1), name="more.csv")  # the directory is ahead of this till
        directory.make(office)
        till.sell("r-2")
        again = till.ledger.read.balance("m-1", "points")
        for _ in range(3):
            await till.sync()
            assert till.ledger.read.balance("m-1", "points") == again
        assert till.ledger.read.directory_cursor() > 0


@pytest.mark.parametrize("harm", ["forged", "torn"])
async def test_a_forged_or_torn_directory_is_refused_and_the_news_go_on(
    office: Office, tmp_path: Path, harm: str
) -> None:
    made = directory.make(office)
    if harm == "forged":
        with office.store.writing():
            office.store.run("UPDATE directory SET signature = zeroblob(64)")
    else:
        largest = max((office.state / directory.FOLDER).iterdir(), key=lambda path: path.stat().st_size)
        largest.write_bytes(largest.read_bytes()[:-1])
    async with AsyncExitStack() as stack:
        till = await a_till(stack, office, tmp_path)
        await till.sync()
        await till.sync()
        assert till.ledger.read.directory_cursor() == 0
        assert till.ledger.read.mark("cursor") >= made.cursor
        assert till.ledger.read.balance("m-17", "points") == 17


async def test_pieces_of_an_older_directory_are_removed_and_unknown_blobs_are_none(office: Office) -> None:
    directory.make(office)
    first = {path.name for path in (office.state / directory.FOLDER).iterdir()}
    import_members(office, listed(MEMBERS + 1), name="more.csv")
    directory.make(office)
    second = {path.name for path in (office.state / directory.FOLDER).iterdir()}
    assert not first & second
    assert directory.directory_blob(office.state, "../books.db") is None
    assert directory.directory_blob(office.state, "0" * 64) is None
