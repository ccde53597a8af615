"""All readers of a till behind one handle: descriptors go to the input thread, cards to theirs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from drivers.event import Driver, Event
from drivers.input_thread import InputThread

if TYPE_CHECKING:
    from drivers.card_reader import CardReader


class _Thread(Protocol):
    undelivered: int

    @property
    def is_running(self) -> bool: ...
    def start(self) -> None: ...
    def stop(self, timeout_s: float = 5.0) -> bool: ...


class ReaderThreads:
    """Starts and stops the threads; `emit` is called in either of them (see `InputThread`)."""

    def __init__(
        self,
        readers: Sequence[Driver | CardReader],
        emit: Callable[[Event], None],
        monotonic_ns: Callable[[], int],
    ) -> None:
        lines = [one for one in readers if isinstance(one, Driver)]
        cards = [one for one in readers if not isinstance(one, Driver)]
        self._input = InputThread(lines, emit, monotonic_ns)
        self._threads: list[_Thread] = [self._input]
        if cards:
            from drivers.pcsc_thread import PcscThread  # noqa: PLC0415 (imported when configured, not before)

            self._threads.append(PcscThread(cards, emit, monotonic_ns))

    def start(self) -> None:
        """Open every reader and begin to read."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> bool:
        """Close every reader and end the threads; say whether they ended in time."""
        ended = [thread.stop() for thread in self._threads]  # each of them, also when one is late
        return all(ended)

    def rescan(self) -> None:
        """Try every absent reader now; card readers are told of by pcscd itself."""
        self._input.rescan()

    @property
    def is_running(self) -> bool:
        """Whether readers are being read."""
        return all(thread.is_running for thread in self._threads)

    @property
    def undelivered(self) -> int:
        """How many events the receiver refused."""
        return sum(thread.undelivered for thread in self._threads)
