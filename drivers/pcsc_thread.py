"""The one thread that watches every PC/SC reader: cards come and go, readers and pcscd as well.

pyscard's own monitors end for good when pcscd stops, so this loop speaks to the resource manager itself, at
the level of winscard. It keeps one context, waits on all wanted readers and on the pseudo reader that tells
of readers coming, and makes a new context whenever pcscd has gone.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from smartcard import scard

from drivers.card_reader import CardReader, Connection, why_not
from drivers.event import Event

PNP = "\\\\?PnP?\\Notification"
WAIT_MS = 2_000
SERVICE_RETRY_S = 0.25
_EMPTY, _PRESENT = scard.SCARD_STATE_EMPTY, scard.SCARD_STATE_PRESENT
_LOST_READER = {scard.SCARD_E_UNKNOWN_READER, scard.SCARD_E_READER_UNAVAILABLE}


@dataclass(slots=True)
class _Slot:
    """One reader as pcscd names it, with the last state that we have seen of it."""

    reader: CardReader
    state: int = 0
    read_count: int | None = None  # the count at which its card was last read


class PcscThread:
    """Watches the card readers and calls `emit` for each event, in its own thread (as `InputThread` does)."""

    def __init__(
        self, readers: Sequence[CardReader], emit: Callable[[Event], None], monotonic_ns: Callable[[], int]
    ) -> None:
        self._readers = tuple(readers)
        self._emit = emit
        self._monotonic_ns = monotonic_ns
        self._slots: dict[str, _Slot] = {}
        self._pnp_state = 0
        self._context: int | None = None
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self.undelivered = 0

    def start(self) -> None:
        """Start watching.

        Raises:
            RuntimeError: it is running already.
        """
        if self._thread is not None:
            raise RuntimeError("the card thread is running already")
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, name="pcsc", daemon=True)
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> bool:
        """End the thread; say whether it ended in time. Stopping twice is fine."""
        if self._thread is None:
            return True
        self._stopping.set()
        deadline_ns = self._monotonic_ns() + int(timeout_s * 1e9)
        while self._thread.is_alive() and self._monotonic_ns() < deadline_ns:
            # Cancelling is the only way to end a wait, and does nothing if the wait has not begun: so,
            # repeat.
            if (context := self._context) is not None:
                scard.SCardCancel(context)
            self._thread.join(0.05)
        if self._thread.is_alive():
            return False
        self._thread = None
        return True

    @property
    def is_running(self) -> bool:
        """Whether cards are being watched; the daemon's watchdog asks."""
        return self._thread is not None and self._thread.is_alive()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._serve()
            except Exception as fault:  # noqa: BLE001 (a fault of ours costs a pause, never the thread)
                # Its text may quote what was read, so only the type is told.
                self._all_away(f"fault in its driver: {type(fault).__name__}")
            self._release()
            self._stopping.wait(SERVICE_RETRY_S)
        self._deliver([event for reader in self._readers for event in reader.closed()])

    def _serve(self) -> None:
        """Keep one context until pcscd goes or we stop."""
        code, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_SYSTEM)
        if code != scard.SCARD_S_SUCCESS:
            self._all_away(why_not(code))
            return
        self._context, self._slots, self._pnp_state = context, {}, 0
        while not self._stopping.is_set():
            code = self._turn(context)
            if code not in {scard.SCARD_S_SUCCESS, scard.SCARD_E_TIMEOUT, *_LOST_READER}:
                if code != scard.SCARD_E_CANCELLED:
                    self._all_away(why_not(code))
                return

    def _turn(self, context: int) -> int:
        """List the readers, wait once for a change of any, and act on it; return pcscd's answer."""
        code, names = scard.SCardListReaders(context, [])
        if code == scard.SCARD_E_NO_READERS_AVAILABLE:
            names = []
        elif code != scard.SCARD_S_SUCCESS:
            return int(code)
        self._assign(names)
        asked = [(name, slot.state) for name, slot in self._slots.items()] + [(PNP, self._pnp_state)]
        code, seen = scard.SCardGetStatusChange(context, WAIT_MS, asked)
        if code in {scard.SCARD_S_SUCCESS, scard.SCARD_E_TIMEOUT}:
            for name, state, atr in seen:
                if name == PNP:
                    self._pnp_state = state & ~scard.SCARD_STATE_CHANGED
                else:
                    self._changed(context, name, state, bytes(atr))
        return int(code)

    def _assign(self, names: Sequence[str]) -> None:
        """Give each configured reader the first of pcscd's that fits and is free; tell of those that left."""
        for name in [name for name in self._slots if name not in names]:
            self._deliver(self._slots.pop(name).reader.away("the reader was unplugged"))
        busy = {id(slot.reader) for slot in self._slots.values()}
        for reader in self._readers:
            if id(reader) in busy:
                continue
            fitting = [name for name in names if name not in self._slots and reader.fits(name)]
            if not fitting:
                self._deliver(reader.away("pcscd knows no such reader; plug it in or correct `reader`"))
            else:
                self._slots[fitting[0]] = _Slot(reader)
                self._deliver(reader.found(fitting[0], self._monotonic_ns()))

    def _changed(self, context: int, name: str, state: int, atr: bytes) -> None:
        slot = self._slots[name]
        slot.state = state & ~scard.SCARD_STATE_CHANGED
        count = state >> 16
        if state & _EMPTY:
            self._deliver(slot.reader.emptied())
        if not state & _PRESENT or slot.read_count == count:
            return
        if state & scard.SCARD_STATE_EXCLUSIVE:
            self._deliver(slot.reader.held())
            return
        events, is_done = slot.reader.read(
            Connection(context, name, self._stopping), atr, self._monotonic_ns()
        )
        if is_done:
            slot.read_count = count
        self._deliver(events)

    def _all_away(self, why: str) -> None:
        for reader in self._readers:
            self._deliver(reader.away(why))

    def _release(self) -> None:
        context, self._context = self._context, None
        if context is not None:
            scard.SCardReleaseContext(context)

    def _deliver(self, events: Sequence[Event]) -> None:
        for event in events:
            try:
                self._emit(event)
            except Exception:  # noqa: BLE001 (the receiver is shutting down or broken; watching goes on)
                self.undelivered += 1
