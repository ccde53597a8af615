"""The loop around a session: what wakes it, what it waits for, what does not end it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from random import Random

import pytest

from agent.errors import LedgerDamaged, LedgerReadOnly, SyncError
from agent.ledger.ledger import Ledger
from agent.sync.client import LONGEST_PAUSE_S, patiently
from agent.sync.loop import SyncLoop
from agent.sync.wire import Hello, Pull, Push, Retry
from tests.sync.desk import Desk, DeskDoor
from tests.sync.till import StandingClock, sell, until

pytestmark = pytest.mark.anyio
MakeLedger = Callable[..., Ledger]
INTERVAL_S = 2.0


class Naps:
    """A sleep that a test ends: each nap lasts until the clock was moved far enough."""

    def __init__(self, clock: StandingClock) -> None:
        self._clock = clock
        self.asked: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.asked.append(seconds)
        ends = self._clock.monotonic_s() + seconds
        await until(lambda: self._clock.monotonic_s() >= ends, patience_s=60)


@asynccontextmanager
async def running(ledger: Ledger, desk: Desk, clock: StandingClock, naps: Naps) -> AsyncIterator[SyncLoop]:
    loop = SyncLoop(
        ledger,
        DeskDoor(desk),
        clock=clock,
        chance=Random(1),
        publisher_key=desk.publisher_key,
        pull_interval_s=INTERVAL_S,
        program_version="0",
        on_programme=lambda _text, _name: None,
        sleep=naps,
    )
    task = asyncio.create_task(loop.run())
    try:
        yield loop
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def count(desk: Desk, kind: type) -> int:
    return sum(isinstance(message, kind) for message in desk.heard)


async def test_a_sale_is_pushed_at_once_and_pulls_keep_their_rhythm(
    make_ledger: MakeLedger, desk: Desk, clock: StandingClock
) -> None:
    ledger, naps = make_ledger(receipts=1), Naps(clock)
    async with running(ledger, desk, clock, naps) as loop:
        await until(lambda: len(naps.asked) == 1)
        sell(ledger, "now")
        loop.wake()
        await until(lambda: count(desk, Push) == 2)
        assert count(desk, Pull) == 1
        await until(lambda: len(naps.asked) == 2)
        clock.pass_s(INTERVAL_S)
        await until(lambda: count(desk, Pull) == 2)
        assert count(desk, Push) == 2
    assert naps.asked[:2] == [INTERVAL_S, INTERVAL_S]


async def test_store_it_can_ask_for_news_now(
    make_ledger: MakeLedger, desk: Desk, clock: StandingClock
) -> None:
    naps = Naps(clock)
    async with running(make_ledger(), desk, clock, naps) as loop:
        await until(lambda: len(naps.asked) == 1)
        loop.wake_wholly()
        await until(lambda: count(desk, Pull) == 2)
        assert clock.passed.total_seconds() == 0


async def test_a_cut_line_is_waited_out_and_everything_arrives_when_it_heals(
    make_ledger: MakeLedger, desk: Desk, clock: StandingClock
) -> None:
    ledger, naps = make_ledger(receipts=1), Naps(clock)
    async with running(ledger, desk, clock, naps) as loop:
        await until(lambda: loop.state.online and len(naps.asked) == 1)
        desk.is_down = True
        sell(ledger, "offline")
        loop.wake()
        await until(lambda: not loop.state.online)
        assert "cut" in loop.state.reason
        desk.is_down = False
        while not loop.state.online:
            clock.pass_s(LONGEST_PAUSE_S)
            await asyncio.sleep(0.002)
        await until(lambda: ledger.read.mark("acknowledged") == 6)
    assert count(desk, Hello) == 2


async def test_head_office_s_own_time_is_kept_even_if_something_is_sold(
    make_ledger: MakeLedger, desk: Desk, clock: StandingClock
) -> None:
    ledger, naps = make_ledger(), Naps(clock)
    desk.scripted.append(Retry(7000))
    async with running(ledger, desk, clock, naps) as loop:
        await until(lambda: naps.asked == [7.0])
        sell(ledger, "now")
        loop.wake()
        await asyncio.sleep(0.01)
        assert count(desk, Hello) == 1
        clock.pass_s(7)
        await until(lambda: count(desk, Push) == 1)


async def test_a_full_disk_does_not_end_the_loop_and_damage_does() -> None:
    failures: list[Exception] = [LedgerReadOnly("full"), SyncError("away"), LedgerDamaged("torn")]
    told: list[str] = []

    async def call() -> None:
        raise failures.pop(0)

    with pytest.raises(LedgerDamaged):
        await patiently(
            call,
            chance=Random(1),
            sleep=no_time,
            retry_on=(SyncError, LedgerReadOnly),
            on_failure=lambda failure: told.append(str(failure)),
        )
    assert told == ["full", "away"]


async def no_time(_: float) -> None:
    await asyncio.sleep(0)


async def test_pauses_have_full_jitter_and_stay_below_half_a_minute() -> None:
    pauses: list[float] = []
    left = iter(range(200))

    async def call() -> None:
        if next(left) < 199:
            raise SyncError("away")

    async def nap(seconds: float) -> None:
        pauses.append(seconds)

    await patiently(call, chance=Random(1), sleep=nap)
    assert len(pauses) == 199
    assert pauses[0] <= 0.2
    assert max(pauses) <= LONGEST_PAUSE_S
    late = pauses[20:]
    assert min(late) < LONGEST_PAUSE_S / 10
    assert max(late) > LONGEST_PAUSE_S * 9 / 10
