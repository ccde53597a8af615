"""Head office's door for tills: sealed MessagePack in, a wire message out; bad input never gives a 500.

The till is known by the signature on each message, not by its connection: uvicorn hands no client
certificate to the application.
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

from agent.errors import LedgerReadOnly
from agent.headoffice import allowances, delta, intake, publish, tills
from agent.headoffice.office import Office
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
    Refusal,
    Sealed,
    encode,
)

log = structlog.get_logger()
BODY_DEADLINE_S = 20
Answerer = Callable[[str, Any, bytes], Any]


def build_app(office: Office, *, on_received: Callable[[], None]) -> Starlette:
    """Make the application; `on_received` is called after each batch that was taken."""

    def pushed(till: str, push: Push, raw: bytes) -> Any:
        answer = intake.receive(office, till, push, raw)
        on_received()
        return answer

    answerers: dict[type, Answerer] = {
        Hello: lambda till, hello, _: tills.greet(office, till, hello),
        Push: pushed,
        AllowanceRequest: lambda till, request, _: _of_own_journal(
            office, till, request, lambda: allowances.decide(office, request)
        ),
        MemberRequest: lambda _, request, __: delta.look_up(office, request),
        Pull: lambda till, pull, _: _of_own_journal(office, till, pull, lambda: delta.page_for(office, pull)),
    }
    routes = [
        Route(PATHS[kind], _endpoint(office, kind, answer), methods=["POST"])
        for kind, answer in answerers.items()
    ]
    routes.append(Route(PATHS[EnrolRequest], _enrol_endpoint(office), methods=["POST"]))
    routes.append(Route(BLOB_PATH + "{digest}", _blob_endpoint(office)))
    routes.append(Route("/healthz", _healthy))
    return Starlette(routes=routes)


def _of_own_journal(office: Office, till: str, message: Any, answer: Callable[[], Any]) -> Any:
    """Answer only about a journal that this till greeted us with."""
    if tills.till_of(office, message.incarnation) != till:
        return Refusal("unknown_journal", "this journal was never greeted by this till: say HELLO first")
    return answer()


def _endpoint(office: Office, kind: type, answerer: Answerer) -> Callable[[Request], Awaitable[Response]]:
    path = PATHS[kind]
    decode = msgspec.msgpack.Decoder(kind).decode

    def answer(raw: bytes) -> Any:
        try:
            sealed = msgspec.msgpack.decode(raw, type=Sealed)
            key = tills.public_key_of(office, sealed.till)
            if key is None or not is_from(sealed, path, key):
                log.warning("message refused", till=sealed.till[:64], path=path, reason="signature")
                return Refusal("not_signed", "no enrolled till signed this message")
            message = decode(sealed.payload)
        except (msgspec.DecodeError, RecursionError) as failure:
            return Refusal("malformed", str(failure))
        return answerer(sealed.till, message, raw)

    async def endpoint(request: Request) -> Response:
        return await _answered(request, answer)

    return endpoint


def _enrol_endpoint(office: Office) -> Callable[[Request], Awaitable[Response]]:
    def answer(raw: bytes) -> Any:
        try:
            message = msgspec.msgpack.decode(raw, type=EnrolRequest)
        except (msgspec.DecodeError, RecursionError) as failure:
            return Refusal("malformed", str(failure))
        return tills.enrol(office, message)

    async def endpoint(request: Request) -> Response:
        return await _answered(request, answer)

    return endpoint


def _blob_endpoint(office: Office) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        content = await asyncio.to_thread(publish.blob, office, request.path_params["digest"])
        if content is None:
            return Response(status_code=404)
        return Response(content, media_type="application/octet-stream")

    return endpoint


async def _healthy(_: Request) -> Response:
    return Response("ok\n", media_type="text/plain")


async def _answered(request: Request, answer: Callable[[bytes], Any]) -> Response:
    """Read a capped body within the deadline, answer in a thread, encode."""
    try:
        async with asyncio.timeout(BODY_DEADLINE_S):
            raw = await _body(request)
    except (TimeoutError, ClientDisconnect):
        return Response(status_code=408)
    if raw is None:
        return Response(status_code=413)
    try:
        told = await asyncio.to_thread(answer, raw)
    except LedgerReadOnly as failure:
        log.error("books cannot be written", error=str(failure))
        return Response(status_code=503, headers={"Retry-After": "5"})
    return Response(encode(told), media_type="application/msgpack")


async def _body(request: Request) -> bytes | None:
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > MAX_BODY_BYTES:
            return None
    return bytes(content)
