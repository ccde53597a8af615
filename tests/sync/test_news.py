"""What comes back from head office: members, figures, programmes; what of it reaches the ledger."""

from collections.abc import Callable

import pytest

from agent.errors import SyncError, Unreachable
from agent.journal.entry import entry_from
from agent.ledger.ledger import Ledger
from agent.sync.session import Session
from agent.sync.wire import Delta, Refusal
from tests.sync.desk import PROGRAMME, Desk, member
from tests.sync.till import StandingClock, kinds

pytestmark = pytest.mark.anyio
MakeLedger = Callable[..., Ledger]
MakeSession = Callable[..., Session]


async def test_all_pages_of_news_arrive(make_ledger: MakeLedger, desk: Desk, talk: MakeSession) -> None:
    ledger = make_ledger()
    desk.members = [member(f"m{number}", points=number) for number in range(600)]
    await talk(ledger).pull()
    assert ledger.read.mark("cursor") == 600
    assert len(ledger.read.members()) == 600
    assert ledger.read.balance("m599", "points") == 599


async def test_pages_without_news_write_at_most_once_a_minute(
    make_ledger: MakeLedger, desk: Desk, talk: MakeSession, clock: StandingClock
) -> None:
    ledger = make_ledger()
    desk.members = [member("m1")]
    session, contacts = talk(ledger), []
    for _ in range(6):
        clock.pass_s(20)
        await session.pull()
        contacts.append(ledger.read.mark("last_contact_ms"))
        assert session.state.last_contact_ms == int(clock.now().timestamp() * 1000)
    assert len(set(contacts)) == 2


async def test_news_for_another_cursor_change_nothing(
    make_ledger: MakeLedger, desk: Desk, talk: MakeSession
) -> None:
    ledger = make_ledger()
    desk.scripted.append(Delta(7, 9, more=False, booked_seq=0, members=[member("m9")]))
    with pytest.raises(Unreachable):
        await talk(ledger).pull()
    assert ledger.read.members() == []


async def test_the_cursor_goes_back_with_books_that_came_from_a_backup(
    make_ledger: MakeLedger, desk: Desk, talk: MakeSession
) -> None:
    ledger = make_ledger()
    desk.members = [member(f"m{number}") for number in range(5)]
    session = talk(ledger)
    await session.pull()
    desk.scripted.append(Delta(5, 2, more=True, booked_seq=-1))
    await session.pull()
    assert ledger.read.mark("cursor") == 5
    assert [message.cursor for message in desk.heard if hasattr(message, "cursor")] == [0, 5, 2]


async def test_a_refused_pull_is_an_error_to_come_again_with(
    make_ledger: MakeLedger, desk: Desk, talk: MakeSession
) -> None:
    desk.scripted.append(Refusal("unknown_journal", "say HELLO first"))
    with pytest.raises(SyncError, match="unknown_journal"):
        await talk(make_ledger()).pull()


async def test_a_programme_is_fetched_stored_and_told_once(
    make_ledger: MakeLedger, desk: Desk, talk: MakeSession, heard: list[str]
) -> None:
    ledger = make_ledger()
    session = talk(ledger)
    for version in (1, 2):
        desk.publish(PROGRAMME.format(version=version).encode(), version=version)
        await session.pull()
        await session.pull()
    stored = ledger.read.programme()
    assert stored is not None
    assert stored.version == 2
    assert heard == ["test", "test"]


async def test_a_refused_programme_is_noted_and_the_news_go_on(
    make_ledger: MakeLedger, desk: Desk, talk: MakeSession, heard: list[str]
) -> None:
    ledger = make_ledger()
    desk.publish(b"no programme", version=1)
    desk.members = [member("m9")]
    session = talk(ledger)
    await session.pull()
    await session.pull()
    assert ledger.read.programme() is None
    assert heard == []
    assert ledger.read.members() == ["m9"]
    assert kinds(ledger) == ["NOTE"]
    note = entry_from(ledger.read.entries(0, 1)[0][1])
    assert note.data["note"] == "programme refused"


async def test_a_text_damaged_on_its_way_is_fetched_again(
    make_ledger: MakeLedger, desk: Desk, talk: MakeSession
) -> None:
    ledger = make_ledger()
    text = PROGRAMME.format(version=1).encode()
    news = desk.publish(text, version=1)
    desk.blobs[news.sha256] = text[:-9]
    with pytest.raises(Unreachable, match="damaged"):
        await talk(ledger).pull()
    assert ledger.read.mark("cursor") == 1
    desk.blobs[news.sha256] = text
    await talk(ledger).pull()
    assert ledger.read.programme() is not None


async def test_a_programme_that_head_office_has_not_is_noted(
    make_ledger: MakeLedger, desk: Desk, talk: MakeSession
) -> None:
    ledger = make_ledger()
    desk.publish(b"soon gone", version=1)
    desk.blobs.clear()
    await talk(ledger).pull()
    assert kinds(ledger) == ["NOTE"]


async def test_figures_and_own_entries_add_up_whatever_head_office_has_booked(
    make_ledger: MakeLedger, desk: Desk, talk: MakeSession
) -> None:
    ledger = make_ledger(receipts=1)
    session = talk(ledger)
    await session.push()
    desk.booked, desk.members = 3, [member("m1", points=30)]
    await session.pull()
    assert ledger.read.mark("booked") == 3
    assert ledger.read.balance("m1", "points") == 30
