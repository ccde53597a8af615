"""The ledger's writer without its thread: jobs are done in their order, each a moment after it was queued."""

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from agent.ledger.transaction import Transaction
from agent.ledger.writer import IDLE_S, SALES, Job, Writer

T = TypeVar("T")
WRITE_S = 0.001
"""How long a job waits for its turn: others may be queued, and calls begin, before it is done."""


class LoopWriter(Writer):
    """Does on the event loop, in lockstep, what production does on its thread."""

    def _start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[Job] = deque()
        self._rests_at: asyncio.TimerHandle | None = None

    def submit(self, change: Callable[[Transaction], T], *, lane: int = SALES) -> "Future[T]":
        """Queue a change, as production does; each is alone in its queue, so lanes do not matter."""
        future = super().submit(change, lane=lane)
        job = self._jobs.get_nowait().job
        assert job is not None
        self._waiting.append(job)
        self._loop.call_later(WRITE_S, self._next)
        return future

    def close(self) -> None:
        """Finish what is queued."""
        self._closing = True
        while self._waiting:
            self._next()
        self._stop_resting()

    def abandon(self) -> None:
        """Forget what is queued: the machine is dead."""
        self._closing = True
        self._waiting.clear()
        self._stop_resting()

    def _next(self) -> None:
        if self._waiting:
            self._stop_resting()
            self._do(*self._waiting.popleft())
            self._rests_at = self._loop.call_later(IDLE_S, self._rest)

    def _stop_resting(self) -> None:
        if self._rests_at is not None:
            self._rests_at.cancel()


def writer_of(ledger: Any) -> LoopWriter:
    """Return the writer of a ledger of the fleet."""
    found = ledger._writer
    assert isinstance(found, LoopWriter)
    return found
