"""The one thread that reads every reader: the kernel keeps few events, and an event loop is at times busy.

It reads, frames, guards and hands on, and nothing else: no logging, no other files, no waiting on anybody.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import threading
from collections.abc import Callable, Sequence

from drivers.event import DeviceStatus, Driver, Event
from drivers.hotplug import HotPlug

_NS = 1_000_000_000
FAULT_PAUSE_NS = 2 * _NS  # a driver that raised is left alone for this long


class InputThread:
    """Watches `readers` and calls `emit` for each event, in its own thread.

    `emit` must return at once (the daemon gives `call_soon_threadsafe` around a bounded queue); an emit that
    raises costs that event, counted in `undelivered`. `monotonic_ns` is the clock of all times given.
    """

    def __init__(
        self, readers: Sequence[Driver], emit: Callable[[Event], None], monotonic_ns: Callable[[], int]
    ) -> None:
        self._readers = tuple(readers)
        self._emit = emit
        self._monotonic_ns = monotonic_ns
        self._watched: dict[Driver, int] = {}
        self._faulty_until_ns: dict[Driver, int] = {}
        self._stopping = threading.Event()
        self._rescanning = threading.Event()
        self._wake_write: int | None = None
        self._lock = threading.Lock()  # guards the wake pipe between rescan and stop, never held for long
        self._thread: threading.Thread | None = None
        self.undelivered = 0

    def start(self) -> None:
        """Start reading; each reader is opened at once.

        Raises:
            RuntimeError: it is running already.
        """
        if self._thread is not None:
            raise RuntimeError("the input thread is running already")
        wake_read, self._wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, args=(wake_read,), name="input", daemon=True)
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> bool:
        """Close every reader and end the thread; say whether it ended in time. Stopping twice is fine."""
        if self._thread is None:
            return True
        self._stopping.set()
        self._wake()
        self._thread.join(timeout_s)
        if self._thread.is_alive():
            return False
        with self._lock:
            if self._wake_write is not None:
                os.close(self._wake_write)
            self._wake_write = None
        self._thread = None
        return True

    @property
    def is_running(self) -> bool:
        """Whether readers are being read; the daemon's watchdog asks."""
        return self._thread is not None and self._thread.is_alive()

    def rescan(self) -> None:
        """Try every absent reader now, as after a hot-plug event; any thread may call it."""
        self._rescanning.set()
        self._wake()

    def _wake(self) -> None:
        with self._lock:
            if self._wake_write is not None:
                # A full pipe wakes as well; a broken one belongs to a thread that has just ended.
                with contextlib.suppress(BlockingIOError, BrokenPipeError):
                    os.write(self._wake_write, b"\0")

    def _run(self, wake_read: int) -> None:
        hotplug = HotPlug()  # before the readers are opened: what comes in between is then not missed
        try:
            with selectors.DefaultSelector() as selector:
                selector.register(wake_read, selectors.EVENT_READ, None)
                if (news := hotplug.fileno()) is not None:
                    selector.register(news, selectors.EVENT_READ, hotplug)
                for reader in self._readers:
                    self._call(selector, reader, reader.open)
                while not self._stopping.is_set():
                    self._turn(selector, wake_read)
                for reader in self._readers:
                    self._close(selector, reader)
        finally:
            hotplug.close()
            os.close(wake_read)

    def _close(self, selector: selectors.BaseSelector, reader: Driver) -> None:
        self._call(selector, reader, lambda _: reader.close())

    def _turn(self, selector: selectors.BaseSelector, wake_read: int) -> None:
        """Wait once, then read what is readable before anything is given up for silence."""
        served: set[Driver] = set()
        for key, _ in selector.select(self._timeout_s()):
            reader: Driver | HotPlug | None = key.data
            if reader is None:
                with contextlib.suppress(BlockingIOError):
                    os.read(wake_read, 4096)
            elif isinstance(reader, HotPlug):
                if reader.has_news():
                    self._rescanning.set()
            elif self._watched.get(reader) == key.fd:
                served.add(reader)
                self._call(selector, reader, reader.read)
        self._look_again(selector)
        for reader in self._readers:
            due_ns = self._due_at_ns(reader)
            if reader not in served and due_ns is not None and self._monotonic_ns() >= due_ns:
                self._call(selector, reader, reader.open if reader in self._faulty_until_ns else reader.tick)

    def _look_again(self, selector: selectors.BaseSelector) -> None:
        """Try every absent reader, if somebody asked for that."""
        if self._rescanning.is_set():
            self._rescanning.clear()
            for reader in self._readers:
                if reader.fileno() is None:
                    self._call(selector, reader, reader.open)

    def _timeout_s(self) -> float | None:
        due = [at_ns for reader in self._readers if (at_ns := self._due_at_ns(reader)) is not None]
        return max(0, min(due) - self._monotonic_ns()) / _NS if due else None

    def _due_at_ns(self, reader: Driver) -> int | None:
        return self._faulty_until_ns.get(reader, reader.due_at_ns())

    def _call(
        self, selector: selectors.BaseSelector, reader: Driver, act: Callable[[int], list[Event]]
    ) -> None:
        """Let one reader act. A fault in its code costs this reader a pause, never the thread."""
        now_ns = self._monotonic_ns()
        self._faulty_until_ns.pop(reader, None)
        try:
            events = act(now_ns)
        except Exception as fault:  # noqa: BLE001 (one broken driver must not silence the other readers)
            # Its text may quote what was read, so only the type is told.
            events = [DeviceStatus(reader.device, "gone", f"fault in its driver: {type(fault).__name__}")]
            self._faulty_until_ns[reader] = now_ns + FAULT_PAUSE_NS
            with contextlib.suppress(Exception):
                reader.close()
        self._watch(selector, reader)
        self._deliver(events)

    def _watch(self, selector: selectors.BaseSelector, reader: Driver) -> None:
        """Follow the reader's descriptor, before another reader can be given the same number."""
        # One that could not even be closed after a fault must not wake us again before its pause is over.
        fd = None if reader in self._faulty_until_ns else reader.fileno()
        watched = self._watched.get(reader)
        if fd == watched:
            return
        if watched is not None:
            selector.unregister(watched)
            del self._watched[reader]
        if fd is not None:
            selector.register(fd, selectors.EVENT_READ, reader)
            self._watched[reader] = fd

    def _deliver(self, events: list[Event]) -> None:
        for event in events:
            try:
                self._emit(event)
            except Exception:  # noqa: BLE001 (the receiver is shutting down or broken; reading goes on)
                self.undelivered += 1
