"""The sync loop: push when something was sold, hear news when there are some, for as long as the till runs.

While nothing is new, a question for news waits at head office; the answer is there as soon as something
changes, and the next question a pause later.  A commit wakes the loop; without head office it tries again
with full jitter, and the till sells on.
"""

import asyncio
from collections.abc import Awaitable, Callable
from random import Random
from typing import Any

from agent.clock import Clock
from agent.errors import LedgerReadOnly, SyncError
from agent.ledger.ledger import Ledger
from agent.sync.client import patiently
from agent.sync.programmes import Door
from agent.sync.session import Session
from agent.sync.state import SyncState

POLL_MS = 20_000
"""How long head office may keep a question for news: well within what lines and proxies keep open."""


class SyncLoop:
    """Keeps one till's ledger and head office in step; one bulk request is worked on at a time.

    `pull_interval_s` is the shortest time between two pages of news: each costs a write.
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
        self._must_pull = True
        self._next_pull_s = 0.0
        self._poll: asyncio.Future[Any] | None = None

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
        self._must_pull = True
        self._news.set()

    async def run(self) -> None:
        """Sync until cancelled; neither a failure of the network nor a full disk ends it."""
        try:
            while True:
                self._news.clear()
                wait_ms = await patiently(
                    self.turn,
                    chance=self._chance,
                    sleep=self._sleep,
                    retry_on=(SyncError, LedgerReadOnly),
                    on_failure=self._failed,
                )
                if wait_ms:
                    await self._sleep(wait_ms / 1000)  # head office said when: no commit hastens that
                else:
                    await self._rest()
        finally:
            self._hang_up_poll()

    async def turn(self) -> int:
        """Push, and take news in; return the milliseconds head office asks us to wait, mostly 0.

        News are pulled at once at first, after a failure and when asked to; else what came meanwhile is.

        Raises:
            SyncError: head office is away or refused us.
            LedgerReadOnly: what it said cannot be kept now.
        """
        if wait_ms := await self._session.push():
            return wait_ms
        if self._must_pull:
            self._hang_up_poll()
            wait_ms = await self._session.pull()
            self._must_pull = False
        elif self._poll is not None and self._poll.done():
            poll, self._poll = self._poll, None
            wait_ms = await self._session.pull(poll.result())
        else:
            return 0
        self._next_pull_s = self._clock.monotonic_s() + self._interval_s
        return wait_ms

    async def _rest(self) -> None:
        """Wait until something was sold or news came; ask for them when the pause is over."""
        while not self._news.is_set():
            seconds = self._next_pull_s - self._clock.monotonic_s()
            if self._poll is None and seconds <= 0:
                self._poll = asyncio.ensure_future(self._session.ask_news(wait_ms=POLL_MS))
            pause = asyncio.ensure_future(self._sleep(seconds)) if self._poll is None else self._poll
            sold = asyncio.ensure_future(self._news.wait())
            try:
                await asyncio.wait((pause, sold), return_when=asyncio.FIRST_COMPLETED)
            finally:
                for one in {pause, sold} - {self._poll}:
                    one.cancel()
            if self._poll is not None and self._poll.done():
                return

    def _failed(self, failure: BaseException) -> None:
        self._hang_up_poll()
        self._must_pull = True
        self._session.hang_up(str(failure))

    def _hang_up_poll(self) -> None:
        """Forget a question that is out; what it may have brought comes again."""
        poll, self._poll = self._poll, None
        if poll is not None and not poll.cancel() and not poll.cancelled():
            poll.exception()  # it was answered: whatever became of it is heard here
