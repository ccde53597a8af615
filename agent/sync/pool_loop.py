"""The loop beside head office's: the pool hears of each commit at once, and is greeted when it is back."""

import asyncio
from collections.abc import Awaitable, Callable
from random import Random

from agent.errors import LedgerReadOnly, SyncError
from agent.sync.client import patiently
from agent.sync.pool_session import PoolSession


class PoolLoop:
    """Keeps one till's ledger and its store's pool in step; without the pool it tries with full jitter."""

    def __init__(
        self,
        session: PoolSession,
        *,
        chance: Random,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._session = session
        self._chance = chance
        self._sleep = sleep
        self._news = asyncio.Event()
        self.state = session.state

    def wake(self) -> None:
        """Push now, if the pool is there; call it on the event loop."""
        self._news.set()

    async def run(self) -> None:
        """Talk to the pool until cancelled."""
        while True:
            self._news.clear()
            wait_ms = await patiently(
                self._session.turn,
                chance=self._chance,
                sleep=self._sleep,
                retry_on=(SyncError, LedgerReadOnly),
                on_failure=lambda failure: self._session.hang_up(str(failure)),
            )
            if wait_ms:
                await self._sleep(wait_ms / 1000)
                continue
            try:
                async with asyncio.timeout(self._session.again_s):
                    await self._news.wait()
            except TimeoutError:
                continue
