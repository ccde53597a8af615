"""The gate: what admission decides, for requests that wait on an event loop."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from agent.headoffice.admission import Admission, Lane, Refused, Ticket


class Busy(Exception):  # noqa: N818 - a word to the caller, not a mistake
    """Too much waits already: come again in `after_s` seconds."""

    def __init__(self, after_s: float) -> None:
        super().__init__(f"come again in {after_s:.1f} s")
        self.after_s = after_s


class Gate:
    """Lets requests through one after the other; used on one event loop alone."""

    def __init__(self, admission: Admission) -> None:
        self.admission = admission
        self._ready: dict[Ticket, asyncio.Event] = {}

    @asynccontextmanager
    async def turn(
        self, lane: Lane, caller: str = "", *, entries: int = 0, backlog: int = 0
    ) -> AsyncIterator[None]:
        """Wait for a turn and hold it; a caller that goes away gives its place up.

        Raises:
            Busy: it may not even wait.
        """
        ticket = self.admission.arrive(lane, caller, entries, backlog)
        if isinstance(ticket, Refused):
            raise Busy(ticket.after_s)
        ready = self._ready[ticket] = asyncio.Event()
        try:
            self._start()
            await ready.wait()
            yield
        finally:
            del self._ready[ticket]
            self.admission.finish(ticket)
            self._start()

    def _start(self) -> None:
        while (ticket := self.admission.next()) is not None:
            self._ready[ticket].set()
