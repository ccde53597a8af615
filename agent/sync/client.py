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
from typing import Any, TypeVar

import httpx
import msgspec
import tenacity
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agent.errors import Rejected, Unreachable
from agent.sync.signing import seal
from agent.sync.wire import BLOB_PATH, MAX_BODY_BYTES, PATHS, Retry, encode

T = TypeVar("T")
CONTENT_TYPE = "application/msgpack"
MAX_BLOB_BYTES = 64 * 1024 * 1024
LONGEST_WAIT_S = 300


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """Where head office is and how to know it; `deadline_s` covers a whole call."""

    url: str
    ca_file: str = ""
    client_certificate: str = ""
    client_key: str = ""
    deadline_s: float = 10.0


class Client:
    """Calls head office as one till, one request at a time per instance."""

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
        self._key = key
        self._http = httpx.AsyncClient(
            base_url=settings.url,
            verify=_tls(settings) if settings.url.startswith("https:") else False,
            trust_env=False,
            follow_redirects=False,
            timeout=settings.deadline_s,
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
        body = payload if self._key is None else encode(seal(self._till, path, payload, self._key))
        content = await self._call("POST", path, body, cap=MAX_BODY_BYTES, deadline_s=deadline_s)
        if isinstance(content, Retry):
            return content
        try:
            return msgspec.msgpack.decode(content, type=answer)
        except msgspec.DecodeError as failure:
            raise Unreachable(f"the answer to {path} is none of ours: {failure}") from None

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
                self._http.stream(
                    method, path, content=body, headers={"Content-Type": CONTENT_TYPE}
                ) as response,
            ):
                if response.status_code in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}:
                    return Retry(after_ms=_retry_after_ms(response.headers.get("Retry-After", "")))
                return await _read_capped(response, path, cap)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ssl.SSLError, OSError) as failure:
            raise Unreachable(f"no answer from head office to {path} ({type(failure).__name__})") from None


async def patiently(
    call: Callable[[], Awaitable[T]],
    *,
    attempts: int,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> T:
    """Repeat `call` while head office is unreachable: full jitter, doubling up to 30 s.

    Raises:
        Unreachable: the last attempt's.
    """
    retrying = tenacity.AsyncRetrying(
        retry=tenacity.retry_if_exception_type(Unreachable),
        wait=tenacity.wait_random_exponential(multiplier=0.2, max=30),
        stop=tenacity.stop_after_attempt(attempts),
        sleep=sleep,
        reraise=True,
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
    async for chunk in response.aiter_bytes():
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


def _retry_after_ms(header: str) -> int:
    seconds = int(header) if header.isdigit() else 1
    return min(seconds, LONGEST_WAIT_S) * 1000
