"""A whole conversation with head office over a real ledger, without a network between."""

from collections.abc import Callable
from pathlib import Path

import pytest

from agent.errors import Rejected, SyncError, Unreachable
from agent.journal.entry import entry_from
from agent.ledger.ledger import Ledger
from agent.loyalty.member import Lot, MemberFacts, WalletFacts
from agent.sync.session import Session
from agent.sync.wire import (
    Acknowledged,
    Delta,
    Fork,
    Gap,
    Hello,
    MemberRow,
    Push,
    Refusal,
    Retry,
    Welcome,
)
from tests.sync.desk import PROGRAMME, Desk, DeskDoor
from tests.sync.till import StandingClock, kinds, sell

pytestmark = pytest.mark.anyio
MakeLedger = Callable[..., Ledger]
MakeSession = Callable[..., Session]


@pytest.fixture
def heard() -> list[str]:
    return []


@pytest.fixture
def talk(desk: Desk, clock: StandingClock, heard: list[str]) -> MakeSession:
    def make(ledger: Ledger) -> Session:
        return Session(
            ledger,
            DeskDoor(desk),
            clock=clock,
            publisher_key=desk.publisher_key,
            program_version="0",
            on_programme=lambda _text, name: heard.append(name),
        )

    return make


def member(name: str, points: int = 10, version: int = 1) -> MemberRow:
    lots = [Lot("l", points)]
    return MemberRow(
        name, version, [name.encode()], MemberFacts(member=name, wallets={"points": WalletFacts(lots)})
    )


async def test_everything_sold_reaches_head_office_once(
    make_ledger: MakeLedger, desk: Desk, talk: MakeSession
) -> None:
    ledger = make_ledger(receipts=7)
    desk.batch_limit = 4
    session = talk(ledger)
    assert await session.push() == 0
    sell(ledger, "later")
    assert await session.push() == 0
    assert desk.journals[ledger.incarnation].end == ledger.read.head()
    assert desk.repeats == 0
    assert ledger.read.mark("acknowledged") == ledger.read.head()[0]
    assert session.state.online
    assert ledger.read.mark("epoch") == session.state.epoch == 1


async def test_a_till_that_starts_again_goes_on_where_head_office_is(
    make_ledger: MakeLedger, desk: Desk, talk: MakeSession
) -> None:
    ledger = make_ledger(receipts=2)
    await talk(ledger).push()
    sell(ledger, "later")
    await talk(ledger).push()
    assert desk.repeats == 0
    assert [message.first_seq for message in desk.heard if isinstance(message, Push)] == [1, 7]


async def test_head_office_that_lost_its_books_gets_the_journal_again(
    make_ledger: MakeLedger, desk: Desk, talk: MakeSession
) -> None:
    ledger = make_ledger(receipts=3)
    await talk(ledger).push()
    desk.journals.clear()
    await talk(ledger).push()
    assert desk.journals[ledger.incarnation].end == ledger.read.head()


async def test_a_gap_is_filled(make_ledger: MakeLedger, desk: Desk, talk: MakeSession) -> None:
    ledger = make_ledger(receipts=2)
    session = talk(ledger)
    await session.push()
    ends = desk.journals[ledger.incarnation]
    sell(ledger, "later")
    del ends.bodies[3:], ends.hashes[4:]
    await session.push()
    assert ends.end == ledger.read.head()


async def test_an_office_that_asks_for_the_same_for_ever_is_left_alone(
    make_ledger: MakeLedger, desk: Desk, talk: MakeSession
) -> None:
    ledger = make_ledger(receipts=1)
    session = talk(ledger)
    start = desk.answer(Hello(ledger.incarnation, 0, b""))
    desk.scripted.extend([start, *[Gap(0, start.received_hash)] * 9])
    with pytest.raises(Unreachable, match="keeps asking"):
        await session.push()


async def test_an_office_that_acknowledges_and_keeps_nothing_is_noticed(
    make_ledger: MakeLedger, talk: MakeSession, desk: Desk
) -> None:
    desk.bug, desk.batch_limit = "blind", 3
    with pytest.raises(Unreachable, match="keeps asking"):
        await talk(make_ledger(receipts=4)).push()


async def test_a_fork_stops_spending_and_pushing_but_not_the_news(
    make_ledger: MakeLedger, desk: Desk, talk: MakeSession
) -> None:
    ledger = make_ledger(receipts=1)
    desk.members = [member("m9")]
    session = talk(ledger)
    desk.scripted.append(Fork(0))
    assert await session.push() == 0
    assert "another journal" in ledger.read.frozen()
    assert session.state.alarm == ledger.read.frozen()
    assert await session.push() == 0
    assert not [message for message in desk.heard if isinstance(message, Push)]
    assert await session.pull() == 0
    assert ledger.read.balance("m9", "points") == 10


async def test_an_old_copy_of_the_disk_stops_spending(
    make_ledger: MakeLedger, desk: Desk, talk: MakeSession, tmp_path: Path
) -> None:
    ledger = make_ledger("a", receipts=1)
    await talk(ledger).push()
    desk.journals[ledger.incarnation].bodies.append(b"sold before the copy came back")
    desk.journals[ledger.incarnation].hashes.append(b"h" * 32)
    await talk(ledger).push()
    assert "holds 4 entries" in ledger.read.frozen()


async def test_an_acknowledgement_of_another_hash_stops_spending(
    make_ledger: MakeLedger, desk: Desk, talk: MakeSession
) -> None:
    ledger = make_ledger(receipts=1)
    session = talk(ledger)
    await session.push()
    sell(ledger, "later")
    desk.scripted.append(Acknowledged(ledger.incarnation, 6, b"h" * 32))
    await session.push()
    assert ledger.read.frozen()
    assert ledger.read.mark("acknowledged") == 3


async def test_an_acknowledgement_of_another_journal_moves_nothing_and_freezes_nothing(
    make_ledger: MakeLedger, desk: Desk, talk: MakeSession
) -> None:
    ledger = make_ledger(receipts=1)
    session = talk(ledger)
    await session.push()
    sell(ledger, "later")
    desk.scripted.append(Acknowledged("cd" * 16, 6, ledger.read.head()[1]))
    with pytest.raises(Rejected):
        await session.push()
    assert ledger.read.mark("acknowledged") == 3
    assert not ledger.read.frozen()


@pytest.mark.parametrize("answers", [[Retry(900)], [None, Retry(900)]])
async def test_head_office_says_when_to_come_again(
    answers: list[Retry | None], make_ledger: MakeLedger, desk: Desk, talk: MakeSession
) -> None:
    ledger = make_ledger(receipts=1)
    start = desk.answer(Hello(ledger.incarnation, 0, b""))
    desk.scripted.extend(start if answer is None else answer for answer in answers)
    assert await talk(ledger).push() == 900
    assert ledger.read.mark("acknowledged") == 0


async def test_after_hanging_up_the_till_greets_again(
    make_ledger: MakeLedger, desk: Desk, talk: MakeSession
) -> None:
    session = talk(make_ledger())
    await session.push()
    await session.push()
    session.hang_up("cut")
    assert not session.state.online
    await session.push()
    assert sum(isinstance(message, Hello) for message in desk.heard) == 2
    assert session.state.online


async def test_an_archived_journal_is_presented_first_and_sent_after_our_own(
    make_ledger: MakeLedger, desk: Desk, talk: MakeSession, tmp_path: Path
) -> None:
    old = make_ledger("b", receipts=2)
    end = old.read.head()
    old.close()
    archive = tmp_path / "a" / "archive"
    archive.mkdir(parents=True)
    (tmp_path / "b" / "ledger.db").rename(archive / f"{old.incarnation}.db")
    ledger = make_ledger("a", receipts=1)
    await talk(ledger).push()
    assert desk.epochs == [old.incarnation, ledger.incarnation]
    pushed = [message.incarnation for message in desk.heard if isinstance(message, Push)]
    assert pushed == [ledger.incarnation, old.incarnation]
    assert desk.journals[old.incarnation].end == end
    assert ledger.read.journals() == [(ledger.incarnation, 3)]


async def test_all_pages_of_news_arrive(make_ledger: MakeLedger, desk: Desk, talk: MakeSession) -> None:
    ledger = make_ledger()
    desk.members = [member(f"m{number}", points=number) for number in range(600)]
    await talk(ledger).pull()
    assert ledger.read.mark("cursor") == 600
    assert len(ledger.read.members()) == 600
    assert ledger.read.balance("m599", "points") == 599


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


async def test_a_welcome_moves_the_epoch_when_head_office_gives_another(
    make_ledger: MakeLedger, desk: Desk, talk: MakeSession
) -> None:
    ledger = make_ledger()
    start = desk.answer(Hello(ledger.incarnation, 0, b""))
    desk.scripted.append(Welcome(7, 0, start.received_hash, fenced=True))
    session = talk(ledger)
    await session.push()
    assert (session.state.epoch, session.state.fenced, ledger.read.mark("epoch")) == (7, True, 7)
