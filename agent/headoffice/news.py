"""Tills that wait for news: one look at the books for all of them, and no thread for any.

A question with nothing to tell is kept until the number of the last change moves; changes come from
booking, from commands beside the server and from other tills, so the books are what is looked at.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

LOOK_S = 0.2
"""A fifth of a second later than at once, so that what is booked meanwhile makes one page."""


@dataclass(slots=True, eq=False)
class _Waiter:
    cursor: int
    news: asyncio.Event = field(default_factory=asyncio.Event)


class News:
    """Keeps at most one question a till; `last_change` reads the number of the last change."""

    def __init__(
        self,
        last_change: Callable[[], Awaitable[int]],
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._last_change = last_change
        self._sleep = sleep
        self._waiting: dict[str, _Waiter] = {}
        self._watch: asyncio.Task[None] | None = None
        self._is_over = False

    async def wait(self, till: str, cursor: int, seconds: float) -> None:
        """Return when something is new to a till that knows `cursor`, or after so many seconds.

        After `end` nobody waits.  A later question of the same till ends the earlier one.
        """
        if self._is_over:
            return
        if earlier := self._waiting.get(till):
            earlier.news.set()
        waiter = self._waiting[till] = _Waiter(cursor)
        if self._watch is None or self._watch.done():
            self._watch = asyncio.create_task(self._look())
        try:
            async with asyncio.timeout(seconds):
                await waiter.news.wait()
        except TimeoutError:
            pass
        finally:
            if self._waiting.get(till) is waiter:
                del self._waiting[till]

    def end(self) -> None:
        """Answer everybody now, and from now on at once: the server stops."""
        self._is_over = True
        for waiter in self._waiting.values():
            waiter.news.set()

    async def _look(self) -> None:
        """Look while anybody waits; a failure ends it, and whoever waited asks the books and hears why."""
        try:
            while self._waiting:
                last = await self._last_change()
                for waiter in self._waiting.values():
                    if waiter.cursor != last:
                        waiter.news.set()
                await self._sleep(LOOK_S)
        finally:
            for waiter in self._waiting.values():
                waiter.news.set()
