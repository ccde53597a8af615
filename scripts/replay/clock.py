"""A clock that follows the receipts: eight bytes in a file, read by every process of the replay."""

import mmap
import os
import threading
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

_BYTES = 8


class ReceiptClock:
    """Wall time as the receipts say, never backwards; monotonic time is the machine's own."""

    def __init__(self, path: Path) -> None:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if os.fstat(descriptor).st_size < _BYTES:
                os.pwrite(descriptor, bytes(_BYTES), 0)
            self._cell = mmap.mmap(descriptor, _BYTES)
        finally:
            os.close(descriptor)
        self._turn = threading.Lock()

    def follow(self, moment: datetime) -> None:
        """Move on to this moment, unless it lies behind."""
        wanted = int(moment.timestamp() * 1000)
        with self._turn:  # all checkouts of a replay are threads of one process; others only read
            if wanted > self._now_ms():
                self._cell[:] = wanted.to_bytes(_BYTES, "big")

    def now(self) -> datetime:
        """Return the wall time, in UTC."""
        return datetime.fromtimestamp(self._now_ms() / 1000, UTC)

    def monotonic_s(self) -> float:
        """Return the machine's monotonic time in seconds."""
        return time.monotonic()

    def _now_ms(self) -> int:
        return int.from_bytes(self._cell[:], "big")


class Window:
    """Keeps sales that run at once within a few minutes of each other.

    The receipts of months pass in a minute; without this a till's clock would run on by hours between
    a card read and its quote, and every identification would have expired.
    """

    WIDTH = timedelta(minutes=10)

    def __init__(self) -> None:
        self._open: Counter[datetime] = Counter()
        self._changed = threading.Condition()

    def announce(self, moment: datetime) -> None:
        """Say that a sale of this moment will come; in the order of time."""
        with self._changed:
            self._open[moment] += 1

    def await_turn(self, moment: datetime) -> None:
        """Wait until no sale is open that lies far behind."""
        with self._changed:
            self._changed.wait_for(lambda: min(self._open) >= moment - self.WIDTH)

    def close(self, moment: datetime) -> None:
        """Say that the sale is over."""
        with self._changed:
            self._open[moment] -= 1
            if not self._open[moment]:
                del self._open[moment]
            self._changed.notify_all()
