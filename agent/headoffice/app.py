"""The door of head office: signed MessagePack messages of tills under /v1/till/, nothing for anybody else.

Bad input is answered with a 4xx, a disk that does not write with 503 and a time to come again; work
runs in threads, because every acknowledgement waits for the disk.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import msgspec
import structlog
from anyio import to_thread
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from agent.errors import LedgerReadOnly
from agent.headoffice import allowances, delta, intake, members, publish, tills
from agent.headoffice.office import Office
from agent.sync.packing import Unpackable, packed, unpacked
from agent.sync.signing import is_from
from agent.sync.wire import (
    BLOB_PATH,
    MAX_BODY_BYTES,
    PATHS,
    AllowanceRequest,
    EnrolRequest,
    Hello,
    MemberRequest,
    Pull,
    Push,
    Sealed,
    encode,
)

log = structlog.get_logger()
T = TypeVar("T")
CONTENT_TYPE = "application/msgpack"
BODY_DEADLINE_S = 30.0
RETRY_AFTER_S = 5
MAX_ENROL_BYTES = 4096
Handle = Callable[[Office, str, Any, bytes], Any]
_decode_sealed = msgspec.msgpack.Decoder(Sealed).decode


class Door:
    """Answers tills; `on_push` is called after each batch that lies on disk."""

    def __init__(self, office: Office, on_push: Callable[[], None]) -> None:
        self._office = office
        self._on_push = on_push
        # Segments are appended by one thread at a time; the fsync is the work, so more would not help.
        self._intake = threading.Lock()

    async def enrol(self, request: Request) -> Response:
        """Bind a till's key to its one-time code; the only call without a signature."""
        body = await _read(request, MAX_ENROL_BYTES)
        if isinstance(body, Response):
            return body
        try:
            message = msgspec.msgpack.decode(body, type=EnrolRequest)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return _refuse(400, "not an enrolment")
        return await _answered(lambda: encode(tills.enrol(self._office, message)))

    async def blob(self, request: Request) -> Response:
        """Hand out a published text; it is signed and named by its hash, so it needs no guard."""
        text = await to_thread.run_sync(publish.blob, self._office, request.path_params["sha256"])
        if text is None:
            return _refuse(404, "no such blob")
        return Response(text, media_type="application/octet-stream")

    def signed(self, kind: Any, handle: Handle) -> Callable[[Request], Awaitable[Response]]:
        """Make the endpoint of a message that only an enrolled till may send."""
        path: str = PATHS[kind]
        decode: Callable[[bytes], Any] = msgspec.msgpack.Decoder(kind).decode

        async def endpoint(request: Request) -> Response:
            body = await _read(request, MAX_BODY_BYTES)
            if isinstance(body, Response):
                return body
            try:
                sealed = _decode_sealed(body)
            except (msgspec.DecodeError, UnicodeDecodeError):
                return _refuse(400, "not a sealed message")
            key = await to_thread.run_sync(tills.public_key_of, self._office, sealed.till)
            if key is None or not is_from(sealed, path, key):
                log.warning("message refused", till=sealed.till[:64], path=path, reason="signature")
                return _refuse(401, "no enrolled till signed this")
            try:
                message = decode(unpacked(sealed.payload, MAX_BODY_BYTES))
            except (msgspec.DecodeError, UnicodeDecodeError, Unpackable):
                return _refuse(400, "not a message for this path")

            def work() -> bytes:
                content = encode(handle(self._office, sealed.till, message, body))
                return packed(content) if isinstance(message, Pull) and message.packed else content

            return await _answered(work)

        return endpoint

    def push(self, office: Office, till: str, message: Push, raw: bytes) -> Any:
        """Take one batch and let booking know."""
        with self._intake:
            answer = intake.receive(office, till, message, raw)
        self._on_push()
        return answer


def build_app(office: Office, on_push: Callable[[], None] = lambda: None) -> Starlette:
    """Return the ASGI application of the tills' door."""
    door = Door(office, on_push)
    signed: dict[Any, Handle] = {
        Hello: lambda office, till, message, _: tills.greet(office, till, message),
        Push: door.push,
        AllowanceRequest: lambda office, till, message, _: allowances.answer(office, till, message),
        MemberRequest: lambda office, _till, message, _: members.look_up(office, message.card_tag),
        Pull: lambda office, till, message, _: delta.page(office, till, message),
    }
    routes = [
        Route(PATHS[EnrolRequest], door.enrol, methods=["POST"]),
        Route(BLOB_PATH + "{sha256:str}", door.blob, methods=["GET"]),
        *(Route(PATHS[kind], door.signed(kind, handle), methods=["POST"]) for kind, handle in signed.items()),
    ]
    return Starlette(routes=routes)


async def _read(request: Request, cap: int) -> bytes | Response:
    """Read a body up to its cap and within its deadline; a peer that drips is let go."""
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_DEADLINE_S):
            async for chunk in request.stream():
                body += chunk
                if len(body) > cap:
                    return _refuse(413, f"more than {cap} bytes")
    except TimeoutError:
        return _refuse(408, "the body took too long")
    except ClientDisconnect:
        return _refuse(400, "gone")
    return bytes(body)


async def _answered(work: Callable[[], bytes]) -> Response:
    try:
        content = await to_thread.run_sync(work)
    except LedgerReadOnly as failure:
        log.error("books not writable", detail=str(failure))  # noqa: TRY400 - the sentence says it all
        return Response(status_code=503, headers={"Retry-After": str(RETRY_AFTER_S)})
    return Response(content, media_type=CONTENT_TYPE)


def _refuse(status: int, detail: str) -> Response:
    return Response(detail, status_code=status, media_type="text/plain", headers={"Connection": "close"})
