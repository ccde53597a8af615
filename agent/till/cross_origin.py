"""A web POS calls loopback from another origin: its preflight is answered, and its answers may be read.

Only for the exact origins of the configuration, never `*` and never with cookies (Fetch standard, CORS
protocol).  A preflight carries no token, so it is answered before the guard; everything else meets the
guard, which decides alone.
"""

from collections.abc import Collection
from typing import Any

from agent.till.guard import App, Receive, Scope, Send

METHODS = b"GET, PUT, POST"
HEADERS = b"authorization, content-type, last-event-id, accept-language"
KEPT_S = b"600"
Headers = list[tuple[bytes, bytes]]


class CrossOrigin:
    """Wraps the guarded application for pages of these origins."""

    def __init__(self, app: App, origins: Collection[str]) -> None:
        self._app = app
        self._origins = {origin.encode() for origin in origins}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a preflight, or pass the call on and let its page read the answer."""
        headers = dict(scope.get("headers", ()))
        origin = headers.get(b"origin", b"")
        if origin not in self._origins:
            await self._app(scope, receive, send)
            return
        allowed: Headers = [(b"access-control-allow-origin", origin), (b"vary", b"Origin")]
        if scope["method"] == "OPTIONS" and b"access-control-request-method" in headers:
            await _preflight(send, allowed, headers)
            return

        async def readable(message: Any) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), *allowed]}
            await send(message)

        await self._app(scope, receive, readable)


async def _preflight(send: Send, allowed: Headers, asked: dict[bytes, bytes]) -> None:
    told: Headers = [
        *allowed,
        (b"access-control-allow-methods", METHODS),
        (b"access-control-allow-headers", HEADERS),
        (b"access-control-max-age", KEPT_S),
    ]
    if asked.get(b"access-control-request-private-network") == b"true":
        told.append((b"access-control-allow-private-network", b"true"))  # browsers before the LNA prompt
    await send({"type": "http.response.start", "status": 204, "headers": told})
    await send({"type": "http.response.body", "body": b""})
