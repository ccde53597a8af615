"""What callers send, read within a deadline and never more of it than fits: each body, and all together."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.requests import ClientDisconnect, Request

DEADLINE_S = 30.0
MAX_TOGETHER_BYTES = 256 * 1024 * 1024


class Unwanted(Exception):  # noqa: N818 - a word to the caller, not a mistake
    """A body that is not taken, with the HTTP status that says why."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


class Bodies:
    """Counts what is held of all bodies; used on one event loop alone."""

    def __init__(self, *, together: int = MAX_TOGETHER_BYTES) -> None:
        self._together = together
        self._held = 0

    @asynccontextmanager
    async def read(self, request: Request, cap: int) -> AsyncIterator[bytes]:
        """Read a body of at most `cap` bytes and count it as held until the block ends.

        Raises:
            Unwanted: too large, too slow, gone, or too much is held already.
        """
        body = bytearray()
        try:
            async with asyncio.timeout(DEADLINE_S):
                async for chunk in request.stream():
                    body += chunk
                    self._held += len(chunk)
                    if len(body) > cap:
                        raise Unwanted(413, f"more than {cap} bytes")
                    if self._held > self._together:
                        raise Unwanted(503, "too much at once")
            yield bytes(body)
        except TimeoutError:
            raise Unwanted(408, "the body took too long") from None
        except ClientDisconnect:
            raise Unwanted(400, "gone") from None
        finally:
            self._held -= len(body)
