"""Readers wired to the till: one input thread in, one bounded queue, the event loop out.

Steps 1 and 2 of the walk.  At the bound a read is dropped and counted, and the cashier is told to scan
again: a till that is minutes behind its scanner would be worse.
"""

import asyncio
import time
from collections.abc import Callable, Sequence

import structlog

from agent.config.till import Device, Numbers
from agent.errors import ConfigurationError
from drivers.event import CardRead, DeviceStatus, Event, ReadRefused
from drivers.input_thread import InputThread
from drivers.ranges import NumberRange
from drivers.registry import DeviceSettings, DriverUnavailableError, check_settings, open_reader

QUEUE_LIMIT = 64
log = structlog.get_logger()


class Readers:
    """All configured readers of this till.

    `on_event` is called on the event loop, in the order of reading.  `dropped` counts reads that found
    the queue full.
    """

    def __init__(self, settings: Sequence[DeviceSettings], on_event: Callable[[Event], None]) -> None:
        self._on_event = on_event
        self._queue: asyncio.Queue[Event] = asyncio.Queue(QUEUE_LIMIT)
        self._states: dict[str, DeviceStatus] = {}
        self._loop = asyncio.get_running_loop()
        try:
            readers = [open_reader(one) for one in settings]
        except DriverUnavailableError as failure:
            raise ConfigurationError(str(failure)) from None
        self._thread = InputThread(readers, self._from_thread, time.monotonic_ns)
        self.dropped = 0

    def start(self) -> None:
        """Open every reader and begin to listen."""
        self._thread.start()

    def stop(self) -> None:
        """Close every reader and end the thread."""
        self._thread.stop()

    @property
    def states(self) -> dict[str, DeviceStatus]:
        """The last status of each reader, by its name."""
        return self._states

    async def run(self) -> None:
        """Hand events on, one after another, until cancelled."""
        while True:
            event = await self._queue.get()
            match event:
                case DeviceStatus():
                    self._states[event.device] = event
                    log.info("device state", device=event.device, state=event.state, detail=event.detail)
                case ReadRefused():
                    log.info("read refused", device=event.device, reason=event.reason, brand=event.brand)
                case CardRead():
                    pass  # the till logs what became of it
            self._on_event(event)

    def _from_thread(self, event: Event) -> None:
        self._loop.call_soon_threadsafe(self._enqueue, event)

    def _enqueue(self, event: Event) -> None:
        try:
            self._queue.put_nowait(event)
        except asyncio.QueueFull:
            self.dropped += 1
            log.warning("read dropped", device=event.device, count=self.dropped)


def number_ranges(numbers: Sequence[Numbers]) -> tuple[NumberRange, ...]:
    """Turn configured number ranges into the drivers' own."""
    return tuple(NumberRange(one.kind, one.prefix, one.length, one.check, one.ai) for one in numbers)


def device_settings(devices: Sequence[Device], numbers: Sequence[Numbers]) -> tuple[DeviceSettings, ...]:
    """Turn configured readers into the drivers' settings; every reader knows every range."""
    ranges = number_ranges(numbers)
    return tuple(
        DeviceSettings(
            one.name, one.driver, one.port, ranges, baud=one.baud, stripe=one.stripe, idle_ms=one.idle_ms
        )
        for one in devices
    )


def mistakes_of(devices: Sequence[Device], numbers: Sequence[Numbers]) -> list[str]:
    """Name every mistake of readers and number ranges at once."""
    return check_settings(device_settings(devices, numbers))
