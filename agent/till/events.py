"""The event stream (SSE): what happens at the till, for the POS and the screens.

Events are numbered `<boot>-<n>`; the last 512 stay in memory, so a client that reconnects with
Last-Event-ID misses nothing, or is told to `resync`.  A client that reads too slowly is closed and
comes back the same way.  Nothing here carries a name, a phone or a whole number.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec

RING = 512
CLIENT_QUEUE = 256
KEEP_ALIVE_S = 15.0


class Events:
    """All events of this start of the agent; `boot` names the start."""

    def __init__(self, boot: str) -> None:
        self._boot = boot
        self._count = 0
        self._ring: deque[tuple[int, bytes]] = deque(maxlen=RING)
        self._clients: set[asyncio.Queue[bytes | None]] = set()
        self.witness: Callable[[str, dict[str, Any]], None] = lambda _kind, _data: None
        """Sees each event in this process as it is told; it must not fail."""

    def publish(self, kind: str, data: dict[str, Any], *, here: dict[str, Any] | None = None) -> None:
        """Tell everybody; call it on the event loop.  `here` is for this process's screens alone."""
        self.witness(kind, {**data, **here} if here else data)
        self._count += 1
        body = msgspec.json.encode(data).decode()
        message = f"id: {self._boot}-{self._count}\nevent: {kind}\ndata: {body}\n\n".encode()
        self._ring.append((self._count, message))
        for queue in list(self._clients):
            if queue.full():
                self._clients.discard(queue)
                queue.get_nowait()
                queue.put_nowait(None)
            else:
                queue.put_nowait(message)

    async def follow(self, last_event_id: str = "") -> AsyncIterator[bytes]:
        """Yield what was missed since `last_event_id`, then everything as it happens."""
        queue: asyncio.Queue[bytes | None] = asyncio.Queue(CLIENT_QUEUE)
        self._clients.add(queue)
        try:
            for message in self._missed(last_event_id):
                yield message
            while True:
                try:
                    async with asyncio.timeout(KEEP_ALIVE_S):
                        news = await queue.get()
                except TimeoutError:
                    yield b": keep-alive\n\n"
                    continue
                if news is None:
                    return
                yield news
        finally:
            self._clients.discard(queue)

    def _missed(self, last_event_id: str) -> list[bytes]:
        boot, _, number = last_event_id.rpartition("-")
        if not last_event_id:
            return [b": welcome\n\n"]
        oldest = self._ring[0][0] if self._ring else self._count + 1
        if boot != self._boot or not number.isdigit() or int(number) + 1 < oldest:
            return [b"event: resync\ndata: {}\n\n"]
        return [message for count, message in self._ring if count > int(number)]
