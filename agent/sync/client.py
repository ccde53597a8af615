"""The only door to the network: one signed call with a total deadline and a byte cap.

httpx counts its time-outs per read, so a server that drips one byte a second would hold a call for
ever; the deadline here covers the whole call.  Redirects are never followed and no proxy is taken from
the environment: a captive portal must not be able to acknowledge a journal.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from random import Random
from typing import Any, TypeVar

import httpx
import msgspec
import tenacity
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agent.errors import Rejected, SyncError, Unreachable
from agent.sync.packing import Unpackable, packed, unpacked
from agent.sync.signing import seal
from agent.sync.wire import BLOB_PATH, MAX_BODY_BYTES, PACKED_SINCE, PATHS, Pull, Retry, Welcome, encode

T = TypeVar("T")
CONTENT_TYPE = "application/msgpack"
# No coding of HTTP: what is packed is ours, and unpacked up to the same cap.
HEADERS = {"Content-Type": CONTENT_TYPE, "Accept": CONTENT_TYPE, "Accept-Encoding": "identity"}
MAX_BLOB_BYTES = 64 * 1024 * 1024
LONGEST_WAIT_S = 900
KEPT_S = 50.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 30.0


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """Where head office is and how to know it; `deadline_s` covers a whole call."""

    url: str
    ca_file: str = ""
    client_certificate: str = ""
    client_key: str = ""
    deadline_s: float = 10.0


class Client:
    """Calls head office as one till; each instance is a lane of its own, with connections of its own."""

    def __init__(
        self,
        settings: ClientSettings,
        *,
        till: str = "",
        key: Ed25519PrivateKey | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._deadline_s = settings.deadline_s
        self._till = till
        self._packs = False
        self._key = key
        self._http = httpx.AsyncClient(
            base_url=settings.url,
            verify=_tls(settings) if settings.url.startswith("https:") else False,
            trust_env=False,
            follow_redirects=False,
            timeout=None,  # noqa: S113 - `_call` has the total deadline; this one would count each read
            # A handshake at each card read would cost the customer's wait: lines are kept a little
            # shorter than head office keeps them.
            limits=httpx.Limits(max_connections=4, keepalive_expiry=KEPT_S),
            transport=transport,
        )

    async def send(self, message: Any, answer: Any, *, deadline_s: float | None = None) -> Any:
        """Send a wire message and return its answer, decoded strictly as the union `answer`.

        Raises:
            Unreachable: no answer in time, or one that is not head office's.
            Rejected: head office said no with an HTTP error.
        """
        path = PATHS[type(message)]
        payload = encode(message)
        if self._packs:
            payload = packed(payload)
        body = payload if self._key is None else encode(seal(self._till, path, payload, self._key))
        held_s = message.wait_ms / 1000 if isinstance(message, Pull) else 0.0
        within_s = (deadline_s or self._deadline_s) + held_s
        content = await self._call("POST", path, body, cap=MAX_BODY_BYTES, deadline_s=within_s)
        if isinstance(content, Retry):
            return content
        try:
            told = msgspec.msgpack.decode(unpacked(content, MAX_BODY_BYTES), type=answer)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, Unpackable) as failure:
            raise Unreachable(f"the answer to {path} is none of ours: {failure}") from None
        if isinstance(told, Welcome):
            self._packs = told.protocol >= PACKED_SINCE
        return told

    async def blob(self, sha256: str) -> bytes:
        """Fetch a blob by its hash; the caller checks the hash.

        Raises:
            Unreachable, Rejected: as `send`.
        """
        content = await self._call("GET", BLOB_PATH + sha256, b"", cap=MAX_BLOB_BYTES)
        if isinstance(content, Retry):
            raise Unreachable("head office is busy")
        return content

    async def close(self) -> None:
        """Close the connection."""
        await self._http.aclose()

    async def _call(
        self, method: str, path: str, body: bytes, *, cap: int, deadline_s: float | None = None
    ) -> bytes | Retry:
        try:
            async with (
                asyncio.timeout(deadline_s or self._deadline_s),
                self._http.stream(method, path, content=body, headers=HEADERS) as response,
            ):
                if response.status_code in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}:
                    return _come_again(response.headers.get("Retry-After", ""), path)
                return await _read_capped(response, path, cap)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ssl.SSLError, OSError) as failure:
            raise Unreachable(f"no answer from head office to {path} ({type(failure).__name__})") from None


async def patiently(
    call: Callable[[], Awaitable[T]],
    *,
    chance: Random,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    retry_on: tuple[type[Exception], ...] = (SyncError,),
    on_failure: Callable[[BaseException], None] = lambda _: None,
) -> T:
    """Repeat `call` until it succeeds, with full jitter: a pause is anything up to 0.2, 0.4, 0.8 … 30 s.

    A thousand tills whose line comes back at once must not come back at once (tenacity's own jitter
    draws from the global source of chance, so it is drawn here).
    """

    def tell(state: tenacity.RetryCallState) -> None:
        failure = state.outcome.exception() if state.outcome else None
        if failure is not None:
            on_failure(failure)

    retrying = tenacity.AsyncRetrying(
        retry=tenacity.retry_if_exception_type(retry_on),
        wait=lambda state: pause_s(state.attempt_number, chance),
        before_sleep=tell,
        sleep=sleep,
    )
    return await retrying(call)


async def _read_capped(response: httpx.Response, path: str, cap: int) -> bytes:
    """Read an answer of head office up to `cap` bytes; a web page of somebody else is none."""
    kind = response.headers.get("Content-Type", "").partition(";")[0]
    if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR or response.is_redirect:
        raise Unreachable(f"{path} answered {response.status_code}")
    if response.status_code != HTTPStatus.OK:
        raise Rejected(f"head office refused {path} with {response.status_code}")
    if kind not in {CONTENT_TYPE, "application/octet-stream"}:
        raise Unreachable(f"{path} was answered by somebody else ({kind or 'no content type'})")
    content = bytearray()
    async for chunk in response.aiter_raw():
        content += chunk
        if len(content) > cap:
            raise Unreachable(f"the answer to {path} is larger than {cap} bytes")
    return bytes(content)


def _tls(settings: ClientSettings) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=settings.ca_file or None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if settings.client_certificate:
        context.load_cert_chain(settings.client_certificate, settings.client_key or None)
    return context


def pause_s(failures: int, chance: Random) -> float:
    """Draw the pause after so many failures in a row (from 1): anything up to 0.2, 0.4, 0.8 … 30 s."""
    return chance.uniform(0, min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** min(failures - 1, 20)))


def _come_again(header: str, path: str) -> Retry:
    """Return when a busy head office wants us; one that does not say is away: jitter then spreads us.

    Raises:
        Unreachable: `header` names no number of seconds.
    """
    after_ms = retry_after_ms(header)
    if after_ms is None:
        raise Unreachable(f"{path} is busy and does not say for how long")
    return Retry(after_ms=after_ms)


def retry_after_ms(header: str) -> int | None:
    """Return a Retry-After header as milliseconds, a quarter of an hour at most; None if it is no number."""
    is_number = header.isascii() and header.isdecimal() and len(header) <= 9  # noqa: PLR2004
    return min(int(header), LONGEST_WAIT_S) * 1000 if is_number else None
