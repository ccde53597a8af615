"""Between the reading threads and the till: a bounded queue, and no read that is older than the customer."""

from __future__ import annotations

import asyncio
import time

from agent.daemon.readers import OLDEST_NS, QUEUE_LIMIT, Readers
from drivers.event import CardRead, DeviceStatus, Event, ReadRefused
from drivers.registry import DeviceSettings

DESK = DeviceSettings("desk", "serial_scanner", "/dev/till/none")


def card(serial: int, *, age_ns: int = 0) -> CardRead:
    return CardRead("desk", "serial", "card", str(serial), time.monotonic_ns() - age_ns)


async def handed_on(*events: Event) -> tuple[list[Event], Readers]:
    """Let so many events arrive while the loop is busy, then let it go on."""
    told: list[Event] = []
    readers = Readers([DESK], told.append)
    for event in events:
        readers._from_thread(event)
    running = asyncio.create_task(readers.run())
    for _ in range(5):
        await asyncio.sleep(0)
    running.cancel()
    return told, readers


def test_reads_arrive_in_order() -> None:
    events = [card(serial) for serial in range(QUEUE_LIMIT)]
    told, readers = asyncio.run(handed_on(*events))
    assert told == events
    assert readers.tallies["desk"].reads == QUEUE_LIMIT


def test_reads_beyond_the_bound_are_dropped_counted_and_told_to_the_cashier_once() -> None:
    events = [card(serial) for serial in range(QUEUE_LIMIT + 500)]
    told, readers = asyncio.run(handed_on(*events))
    assert told[:QUEUE_LIMIT] == events[:QUEUE_LIMIT]
    assert [one.reason for one in told[QUEUE_LIMIT:] if isinstance(one, ReadRefused)] == ["incomplete"]
    assert readers.dropped == 500


def test_a_state_is_never_dropped() -> None:
    events: list[Event] = [card(serial) for serial in range(QUEUE_LIMIT + 5)]
    _, readers = asyncio.run(handed_on(*events, DeviceStatus("desk", "gone", "unplugged")))
    tally = readers.tallies["desk"]
    assert (tally.state, tally.detail, tally.lost) == ("gone", "unplugged", 1)


def test_a_read_that_waited_too_long_belongs_to_nobody() -> None:
    told, readers = asyncio.run(handed_on(card(1, age_ns=OLDEST_NS + 1), card(2)))
    assert isinstance(told[0], ReadRefused)
    assert told[0].reason == "incomplete"
    assert isinstance(told[1], CardRead)
    assert readers.dropped == 1
