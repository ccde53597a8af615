"""The sync loop: push when something was sold, pull every few seconds, for as long as the till runs.

A commit wakes the loop; without head office it tries again with full jitter, and the till sells on.
"""

import asyncio
from collections.abc import Awaitable, Callable
from random import Random

from agent.clock import Clock
from agent.errors import LedgerReadOnly, SyncError
from agent.ledger.ledger import Ledger
from agent.sync.client import patiently
from agent.sync.programmes import Door
from agent.sync.session import Session
from agent.sync.state import SyncState


class SyncLoop:
    """Keeps one till's ledger and head office in step; one bulk request is in flight at a time.

    `publisher_key` checks programmes; `on_programme` hears of each new one after it is stored.
    """

    def __init__(
        self,
        ledger: Ledger,
        client: Door,
        *,
        clock: Clock,
        chance: Random,
        publisher_key: bytes,
        pull_interval_s: float,
        program_version: str,
        on_programme: Callable[[bytes, str], None],
        pool_of: str = "",
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._clock = clock
        self._chance = chance
        self._interval_s = pull_interval_s
        self._sleep = sleep
        self._session = Session(
            ledger,
            client,
            clock=clock,
            publisher_key=publisher_key,
            program_version=program_version,
            on_programme=on_programme,
            pool_of=pool_of,
        )
        self._news = asyncio.Event()
        self._next_pull_s = 0.0

    @property
    def state(self) -> SyncState:
        """How things stand with head office; the same object for the life of the loop."""
        return self._session.state

    async def declare(self) -> bool:
        """Declare which allowances are held, if one never came; for an idle moment."""
        return await self._session.declare()

    def wake(self) -> None:
        """Push now, if head office is there; call it on the event loop."""
        self._news.set()

    def wake_wholly(self) -> None:
        """Push and pull now, if head office is there; call it on the event loop."""
        self._next_pull_s = 0.0
        self._news.set()

    async def run(self) -> None:
        """Sync until cancelled; neither a failure of the network nor a full disk ends it."""
        while True:
            self._news.clear()
            wait_ms = await patiently(
                self.turn,
                chance=self._chance,
                sleep=self._sleep,
                retry_on=(SyncError, LedgerReadOnly),
                on_failure=lambda failure: self._session.hang_up(str(failure)),
            )
            if wait_ms:
                await self._sleep(wait_ms / 1000)  # head office said when: no commit hastens that
            else:
                await self._rest()

    async def turn(self) -> int:
        """Push, and pull if it is time; return the milliseconds head office asks us to wait, mostly 0.

        Raises:
            SyncError: head office is away or refused us.
            LedgerReadOnly: what it said cannot be kept now.
        """
        if wait_ms := await self._session.push():
            return wait_ms
        if self._clock.monotonic_s() < self._next_pull_s:
            return 0
        wait_ms = await self._session.pull()
        self._next_pull_s = self._clock.monotonic_s() + self._interval_s
        return wait_ms

    async def _rest(self) -> None:
        """Sleep until the next pull is due or something was sold."""
        seconds = max(0.0, self._next_pull_s - self._clock.monotonic_s())
        waits = [asyncio.ensure_future(self._sleep(seconds)), asyncio.ensure_future(self._news.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
