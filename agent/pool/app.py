"""The pool's door: signed MessagePack messages of its store's tills, the same paths as head office's.

TLS asks every caller for a certificate of the store's authority before a byte is read here (`serve`);
the signature then says which till it is, by a key that head office told.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import structlog
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from agent.errors import LedgerError
from agent.pool.desk import PoolDesk
from agent.sync.signing import is_from
from agent.sync.wire import MAX_BODY_BYTES, PATHS, AllowanceRequest, Hello, Push, Sealed, encode

log = structlog.get_logger()
CONTENT_TYPE = "application/msgpack"
BODY_DEADLINE_S = 10.0
RETRY_AFTER_S = 5
Handle = Callable[[str, Any], Awaitable[Any]]
_decode_sealed = msgspec.msgpack.Decoder(Sealed).decode


def build_app(desk: PoolDesk) -> Starlette:
    """Return the ASGI application of the pool's door: greet, push, ask; nothing else answers."""
    handles: dict[Any, Handle] = {Hello: desk.greet, Push: desk.receive, AllowanceRequest: desk.answer}
    return Starlette(
        routes=[
            Route(PATHS[kind], _endpoint(desk, kind, handle), methods=["POST"])
            for kind, handle in handles.items()
        ]
    )


def _endpoint(desk: PoolDesk, kind: Any, handle: Handle) -> Callable[[Request], Awaitable[Response]]:
    path: str = PATHS[kind]
    decode: Callable[[bytes], Any] = msgspec.msgpack.Decoder(kind).decode

    async def endpoint(request: Request) -> Response:
        body = await _read(request)
        if isinstance(body, Response):
            return body
        try:
            sealed = _decode_sealed(body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return _refuse(400, "not a sealed message")
        key = desk.key_of(sealed.till)
        if key is None or not is_from(sealed, path, key):
            log.warning("message refused", till=sealed.till[:64], path=path, reason="signature")
            return _refuse(401, "no till of this store signed this")
        try:
            message = decode(sealed.payload)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return _refuse(400, "not a message for this path")
        try:
            answer = await handle(sealed.till, message)
        except LedgerError as failure:
            log.error("ledger not writable", detail=str(failure))  # noqa: TRY400 - the sentence says it all
            return Response(status_code=503, headers={"Retry-After": str(RETRY_AFTER_S)})
        return Response(encode(answer), media_type=CONTENT_TYPE)

    return endpoint


async def _read(request: Request) -> bytes | Response:
    """Read a body up to its cap and within its deadline; a till that drips is let go."""
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_DEADLINE_S):
            async for chunk in request.stream():
                body += chunk
                if len(body) > MAX_BODY_BYTES:
                    return _refuse(413, f"more than {MAX_BODY_BYTES} bytes")
    except TimeoutError:
        return _refuse(408, "the body took too long")
    except ClientDisconnect:
        return _refuse(400, "gone")
    return bytes(body)


def _refuse(status: int, detail: str) -> Response:
    return Response(detail, status_code=status, media_type="text/plain", headers={"Connection": "close"})
