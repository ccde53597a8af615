"""Caps and deadlines at the door: uvicorn would keep a half-open request for ever (measured: 400 of 400).

A body larger than 256 KiB, a body that does not arrive in 5 s and more than 64 calls at once are
answered and let go, nor may a caller go through card numbers until one is known.  The loopback door
also wants a token, and a Host and Origin it knows (a web page elsewhere must not reach a till through
its browser).
"""

import asyncio
import hmac
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from typing import Any

from agent.till.problem import problem, spoken_by, told

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

MAX_BODY_BYTES = 256 * 1024
BODY_DEADLINE_S = 5.0


UNKNOWN_CARDS = 30
UNKNOWN_CARDS_S = 60.0
"""So many unknown cards in so many seconds, and a peer hears no more of cards until they are past."""
PHONES, PHONES_S = 10, 60.0
"""Phone numbers are guessed more easily than cards: known or not, so many may be asked for."""
PEERS = 256


class Limit:
    """Counts what each peer did in the last `within_s` seconds: `most` and no more; `now_s` is monotonic."""

    def __init__(self, most: int, within_s: float) -> None:
        self._most, self._within_s = most, within_s
        self._at: OrderedDict[str, deque[float]] = OrderedDict()

    def is_over(self, peer: str, now_s: float) -> bool:
        """Say whether a peer had too many."""
        times = self._at.get(peer, deque())
        while times and now_s - times[0] >= self._within_s:
            times.popleft()
        return len(times) >= self._most

    def add(self, peer: str, now_s: float) -> None:
        """Take down one more."""
        self._at.setdefault(peer, deque(maxlen=self._most)).append(now_s)
        self._at.move_to_end(peer)
        if len(self._at) > PEERS:
            self._at.popitem(last=False)


class TooLargeError(Exception):
    """The body is over the cap."""


class TooSlowError(Exception):
    """The body did not arrive in time."""


async def read_body(receive: Receive) -> bytes:
    """Read a whole body within the cap; the deadline is for all of it, or a byte a second would do.

    Raises:
        TooLargeError, TooSlowError: see the module.
    """
    content = bytearray()
    try:
        async with asyncio.timeout(BODY_DEADLINE_S):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise TooSlowError
                content += message.get("body", b"")
                if len(content) > MAX_BODY_BYTES:
                    raise TooLargeError
                if not message.get("more_body"):
                    return bytes(content)
    except TimeoutError:
        raise TooSlowError from None


class LoopbackGuard:
    """Lets only known clients through the loopback door; `pages` hold nothing, a browser opens them bare."""

    def __init__(
        self,
        app: App,
        *,
        port: int,
        tokens: dict[str, str],
        origins: list[str],
        language: str = "en",
        pages: Collection[str] = (),
    ) -> None:
        self._app = app
        self._language = language
        self._hosts = {f"127.0.0.1:{port}".encode(), f"localhost:{port}".encode()}
        self._pages = frozenset(pages)
        self._tokens = [token.encode() for token in tokens.values()]
        # Our own pages call this door, too.
        self._origins = {origin.encode() for origin in origins} | {b"http://" + host for host in self._hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the call on, or answer 401 or 403."""
        headers = dict(scope.get("headers", ()))
        origin = headers.get(b"origin")
        is_ours = headers.get(b"host") in self._hosts and (origin is None or origin in self._origins)
        has_token = self._has_token(headers.get(b"authorization", b""))
        is_page = scope["method"] == "GET" and scope["path"] in self._pages
        if (is_ours and (has_token or is_page)) or scope["path"] == "/healthz":
            await self._app(scope, receive, send)
            return
        language = spoken_by(scope.get("headers", ()), self._language)
        if is_ours:
            answer = problem(
                "no_token", "send Authorization: Bearer with a token of this till", language=language
            )
        else:
            answer = problem("not_allowed", "this till knows no such Host or Origin", language=language)
        fields, body = told(answer, language)
        await send({"type": "http.response.start", "status": answer.status, "headers": fields})
        await send({"type": "http.response.body", "body": body})

    def _has_token(self, authorization: bytes) -> bool:
        return any(hmac.compare_digest(authorization, b"Bearer " + token) for token in self._tokens)
