"""A clock that follows the receipts: eight bytes in a file, read by every process of the replay."""

import mmap
import os
import time
from datetime import UTC, datetime
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

    def follow(self, moment: datetime) -> None:
        """Move on to this moment, unless it lies behind."""
        wanted = int(moment.timestamp() * 1000)
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
