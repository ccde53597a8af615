"""What was placed comes with the news; what never came is declared, but only after all news were told."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from agent.ledger.ledger import Ledger
from agent.sync.session import Session
from agent.sync.wire import Allowance, Delta, LotSlice, Pull, Welcome
from tests.sync.desk import Desk
from tests.sync.till import kinds

pytestmark = pytest.mark.anyio
MakeLedger = Callable[..., Ledger]
MakeSession = Callable[..., Session]
DAY = datetime(2026, 11, 24, tzinfo=UTC).date()


def placed(ledger: Ledger, number: int) -> Allowance:
    lots = [LotSlice("l", 10)]
    return Allowance(ledger.incarnation, number, "m1", "points", 10, lots, 2**50, purpose="STOCK")


def page(
    *given: Allowance, after: int, until: int, more: bool = False, recalls: tuple[int, ...] = ()
) -> Delta:
    return Delta(
        0, 0, more=more, booked_seq=-1 if more else 0,
        allowances=list(given), recalls=list(recalls), stock_from=after, stock_to=until,
    )  # fmt: skip


def welcome(ledger: Ledger, highest: int) -> Welcome:
    seq, held = ledger.read.head()
    return Welcome(1, seq, held, highest_number=highest)


async def test_pages_of_stock_are_taken_in_though_no_member_changed(
    make_ledger: MakeLedger, desk: Desk, talk: MakeSession
) -> None:
    ledger = make_ledger()
    desk.scripted.extend(
        [
            page(placed(ledger, 1), after=0, until=4, more=True),
            page(placed(ledger, 2), after=4, until=9),
            page(after=9, until=9),
            page(placed(ledger, 1), recalls=(1,), after=9, until=12),
        ]
    )
    session = talk(ledger)
    await session.pull()
    assert ledger.read.usable("m1", DAY) == {"points": 20}
    await session.pull()
    await session.pull()
    asked = [message.stock for message in desk.heard if isinstance(message, Pull)]
    assert (asked, ledger.read.mark("stock")) == ([0, 4, 9, 9], 12)
    assert ledger.read.usable("m1", DAY) == {"points": 10}
    assert kinds(ledger)[-1] == "CLOSE"


async def test_only_what_welcome_told_and_all_news_lacked_is_declared(
    make_ledger: MakeLedger, desk: Desk, talk: MakeSession
) -> None:
    ledger = make_ledger()
    desk.scripted.extend([welcome(ledger, 3), page(placed(ledger, 1), after=0, until=4, more=True)])
    session = talk(ledger)
    await session.push()
    asked = len(desk.heard)
    desk.scripted.append(page(placed(ledger, 2), after=4, until=9))
    assert not await session.declare(), "the news were not all told"
    await session.pull()
    assert len(desk.heard) == asked + 2
    assert await session.declare()
    assert not await session.declare()
    assert kinds(ledger)[-1] == "DECLARE"
    assert ledger.read.mark("floor") == 3
    late = placed(ledger, 3)
    assert not ledger.write(lambda tx: tx.accept_allowance(late)).result()
