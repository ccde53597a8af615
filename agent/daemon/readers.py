"""Readers wired to the till: the reading threads in, one bounded queue, the event loop out.

Steps 1 and 2 of the walk.  A read that finds the queue full, or has waited in it for too long, is dropped
and counted, and the cashier is told to scan again: a till that is behind its scanner would put one
customer's card on the next one's receipt.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from agent.config.till import Device, Numbers
from agent.errors import ConfigurationError
from drivers.codes import NO_CODES, Codes
from drivers.event import CardRead, DeviceStatus, Event, ReadRefused
from drivers.ranges import NumberRange
from drivers.registry import DeviceSettings, DriverUnavailableError, check_settings, open_reader
from drivers.threads import ReaderThreads

QUEUE_LIMIT = 64
OLDEST_NS = 5_000_000_000
log = structlog.get_logger()


@dataclass(slots=True)
class Tally:
    """What one reader has done since the start; shown to store IT."""

    state: str = "closed"
    detail: str = ""
    reads: int = 0
    refused: int = 0
    dropped: int = 0
    lost: int = 0
    """How often the device left."""


class Readers:
    """All configured readers of this till.

    `on_event` is called on the event loop, in the order of reading.  `tallies` are kept by the reader's name.
    """

    def __init__(self, settings: Sequence[DeviceSettings], on_event: Callable[[Event], None]) -> None:
        self._on_event = on_event
        self._waiting: deque[Event] = deque()
        self._arrived = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self.tallies = {one.name: Tally() for one in settings}
        try:
            readers = [open_reader(one) for one in settings]
        except DriverUnavailableError as failure:
            raise ConfigurationError(str(failure)) from None
        self._threads = ReaderThreads(readers, self._from_thread, time.monotonic_ns)

    def start(self) -> None:
        """Open every reader and begin to listen."""
        self._threads.start()

    def stop(self) -> None:
        """Close every reader and end the threads."""
        self._threads.stop()

    @property
    def dropped(self) -> int:
        """How many reads were dropped because the till was behind."""
        return sum(tally.dropped for tally in self.tallies.values())

    async def run(self) -> None:
        """Hand events on, one after another, until cancelled."""
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            while self._waiting:
                self._hand_on(self._waiting.popleft())

    def _from_thread(self, event: Event) -> None:
        """Queue one event; a read beyond the bound becomes a word to the cashier, which costs no memory."""
        if len(self._waiting) >= QUEUE_LIMIT and not isinstance(event, DeviceStatus):
            self.tallies[event.device].dropped += 1
            last = self._waiting[-1] if self._waiting else None
            event = _scan_again(event)
            if last == event or len(self._waiting) >= 2 * QUEUE_LIMIT:
                return
        self._waiting.append(event)
        self._loop.call_soon_threadsafe(self._arrived.set)

    def _hand_on(self, event: Event) -> None:
        tally = self.tallies[event.device]
        if isinstance(event, CardRead) and time.monotonic_ns() - event.read_at_ns > OLDEST_NS:
            tally.dropped += 1
            event = _scan_again(event)
        match event:
            case DeviceStatus():
                tally.state, tally.detail = event.state, event.detail
                tally.lost += event.state == "gone"
                log.info("device state", device=event.device, state=event.state, detail=event.detail)
            case ReadRefused():
                tally.refused += 1
                log.info("read refused", device=event.device, reason=event.reason, brand=event.brand)
            case CardRead():
                tally.reads += 1  # the till logs what became of it
        self._on_event(event)


def _scan_again(event: CardRead | ReadRefused) -> ReadRefused:
    return ReadRefused(event.device, event.transport, "incomplete", None, 0)


def number_ranges(numbers: Sequence[Numbers]) -> tuple[NumberRange, ...]:
    """Turn configured number ranges into the drivers' own."""
    return tuple(NumberRange(one.kind, one.prefix, one.length, one.check, one.ai) for one in numbers)


def device_settings(
    devices: Sequence[Device], numbers: Sequence[Numbers], codes: Codes = NO_CODES
) -> tuple[DeviceSettings, ...]:
    """Turn configured readers into the drivers' settings; every reader knows every number."""
    ranges = number_ranges(numbers)
    return tuple(
        DeviceSettings(
            one.name,
            one.driver,
            one.port,
            ranges,
            codes,
            baud=one.baud,
            stripe=one.stripe,
            idle_ms=one.idle_ms,
            layout=one.layout,
            reader=one.reader,
        )
        for one in devices
    )


def mistakes_of(devices: Sequence[Device], numbers: Sequence[Numbers]) -> list[str]:
    """Name every mistake of readers and number ranges at once."""
    return check_settings(device_settings(devices, numbers))
