"""A whole conversation with head office over a real ledger, without a network between."""

from collections.abc import Callable
from pathlib import Path

import pytest

from agent.errors import Rejected, Unreachable
from agent.ledger.ledger import Ledger
from agent.sync.session import Session
from agent.sync.wire import (
    Acknowledged,
    Allowance,
    Fork,
    Gap,
    Hello,
    LotSlice,
    Push,
    Retry,
    Welcome,
)
from tests.sync.desk import Desk, member
from tests.sync.till import sell

pytestmark = pytest.mark.anyio
MakeLedger = Callable[..., Ledger]
MakeSession = Callable[..., Session]


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


async def test_a_till_shows_the_highest_allowance_it_ever_had(
    make_ledger: MakeLedger, desk: Desk, talk: MakeSession
) -> None:
    ledger = make_ledger()
    given = [
        Allowance(ledger.incarnation, number, "m1", "points", 5, [LotSlice("l", 5)], 4_000_000_000_000)
        for number in (3, 7)
    ]
    ledger.write(lambda tx: [tx.accept_allowance(one) for one in given]).result(10)
    ledger.write(lambda tx: tx.close_allowances("m1", "")).result(10)
    await talk(ledger).push()
    assert [one.highest_number for one in desk.heard if isinstance(one, Hello)] == [7]


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


async def test_a_welcome_moves_the_epoch_when_head_office_gives_another(
    make_ledger: MakeLedger, desk: Desk, talk: MakeSession
) -> None:
    ledger = make_ledger()
    start = desk.answer(Hello(ledger.incarnation, 0, b""))
    desk.scripted.append(Welcome(7, 0, start.received_hash, fenced=True))
    session = talk(ledger)
    await session.push()
    assert (session.state.epoch, session.state.fenced, ledger.read.mark("epoch")) == (7, True, 7)
