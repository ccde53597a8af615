"""The door of head office: signed MessagePack messages of tills under /v1/till/, nothing for anybody else.

Bad input is answered with a 4xx; too much at once, and a disk that does not write, with 503 and a time to
come again.  Work runs in threads, because every acknowledgement waits for the disk.
"""

import math
import threading
from collections.abc import Awaitable, Callable
from functools import partial
from random import Random
from typing import Any

import msgspec
import structlog
from anyio import to_thread
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from agent.errors import LedgerReadOnly
from agent.headoffice import allowances, delta, greeting, intake, members, people, publish, tills
from agent.headoffice.admission import Admission, Lane
from agent.headoffice.bodies import Bodies, Unwanted
from agent.headoffice.gate import Busy, Gate
from agent.headoffice.news import News
from agent.headoffice.office import Office
from agent.headoffice.pages import Pages
from agent.headoffice.store.settings import change
from agent.sync.announced import GreetRequest, People
from agent.sync.packing import Unpackable, unpacked
from agent.sync.signing import is_from
from agent.sync.wire import (
    BLOB_PATH,
    MAX_BODY_BYTES,
    PATHS,
    SLOTS_SINCE,
    AllowanceRequest,
    EnrolRequest,
    Hello,
    HelloAnswer,
    MemberRequest,
    Pull,
    Push,
    Retry,
    Sealed,
    Welcome,
    encode,
)

log = structlog.get_logger()
CONTENT_TYPE = "application/msgpack"
RETRY_AFTER_S = 5
MAX_ENROL_BYTES = 4096
Handle = Callable[[Office, str, Any, bytes], Any]
LANES: dict[Any, Lane] = {
    AllowanceRequest: Lane.QUICK,
    MemberRequest: Lane.QUICK,
    GreetRequest: Lane.QUICK,
    Hello: Lane.HELLO,
    Push: Lane.BULK,
    Pull: Lane.BULK,
    People: Lane.BULK,
}
_decode_sealed = msgspec.msgpack.Decoder(Sealed).decode


class Door:
    """Answers tills; `on_push` is called after each batch that lies on disk."""

    def __init__(self, office: Office, on_push: Callable[[], None], chance: Random) -> None:
        self._office = office
        self._on_push = on_push
        # Segments are appended by one thread at a time; the fsync is the work, so more would not help.
        self._intake = threading.Lock()
        self._admission = Admission(now_s=office.clock.monotonic_s, chance=chance)
        self._gate = Gate(self._admission)
        self._news = News(lambda: to_thread.run_sync(change, office.store))
        self._bodies = Bodies()
        self.pages = Pages()
        self._keys: dict[str, bytes] = {}

    def end_waiting(self) -> None:
        """Keep no question for news any longer: the server stops."""
        self._news.end()

    async def enrol(self, request: Request) -> Response:
        """Bind a till's key to its one-time code; the only call without a signature."""
        try:
            async with self._bodies.read(request, MAX_ENROL_BYTES) as body:
                message = msgspec.msgpack.decode(body, type=EnrolRequest)
            async with self._gate.turn(Lane.HELLO):
                content = await to_thread.run_sync(lambda: encode(tills.enrol(self._office, message)))
        except Unwanted as why:
            return _refuse(why.status, str(why))
        except (msgspec.DecodeError, UnicodeDecodeError):
            return _refuse(400, "not an enrolment")
        except (LedgerReadOnly, Busy) as failure:
            return _later(failure)
        self._keys.clear()  # a till may have another key now
        return Response(content, media_type=CONTENT_TYPE)

    async def blob(self, request: Request) -> Response:
        """Hand out a published text; it is signed and named by its hash, so it needs no guard."""
        try:
            async with self._gate.turn(Lane.BULK):
                text = await to_thread.run_sync(publish.blob, self._office, request.path_params["sha256"])
        except Busy as busy:
            return _later(busy)
        if text is None:
            return _refuse(404, "no such blob")
        return Response(text, media_type="application/octet-stream")

    def signed(self, kind: Any, handle: Handle) -> Callable[[Request], Awaitable[Response]]:
        """Make the endpoint of a message that only an enrolled till may send."""
        path: str = PATHS[kind]
        decode: Callable[[bytes], Any] = msgspec.msgpack.Decoder(kind).decode

        async def endpoint(request: Request) -> Response:
            try:
                async with self._bodies.read(request, MAX_BODY_BYTES) as body:
                    sealed = _decode_sealed(body)
                    if not await self._is_genuine(sealed, path):
                        log.warning("message refused", till=sealed.till[:64], path=path, reason="signature")
                        return _refuse(401, "no enrolled till signed this")
                    message = decode(unpacked(sealed.payload, MAX_BODY_BYTES))
                    work = partial(handle, self._office, sealed.till, message, body)
                    return Response(await self._answer(sealed.till, message, work), media_type=CONTENT_TYPE)
            except Unwanted as why:
                return _refuse(why.status, str(why))
            except (msgspec.DecodeError, UnicodeDecodeError, Unpackable):
                return _refuse(400, "not a message for this path")
            except LedgerReadOnly as failure:
                return _later(failure)

        return endpoint

    async def _is_genuine(self, sealed: Sealed, path: str) -> bool:
        key = self._keys.get(sealed.till)
        if key is None:
            key = await to_thread.run_sync(tills.public_key_of, self._office, sealed.till)
            if key is None:
                return False
            self._keys[sealed.till] = key
        return is_from(sealed, path, key)

    async def _answer(self, till: str, message: Any, work: Callable[[], Any]) -> bytes:
        """Let a genuine message have its turn; a question for news may wait for some before."""
        if isinstance(message, Pull) and message.wait_ms:
            await self._news.wait(till, message.cursor, message.wait_ms / 1000)
        entries, backlog = (len(message.entries), message.backlog) if isinstance(message, Push) else (0, 0)
        caller = _caller(till, type(message))
        try:
            async with self._gate.turn(LANES[type(message)], caller, entries=entries, backlog=backlog):
                if isinstance(message, Hello):
                    return encode(self._with_slot(till, message, await to_thread.run_sync(work)))
                return await to_thread.run_sync(lambda: _content(work()))
        except Busy as busy:
            return encode(Retry(after_ms=math.ceil(busy.after_s * 1000)))

    def _with_slot(self, till: str, hello: Hello, answer: HelloAnswer) -> HelloAnswer:
        """Tell a till that waits for its turn when that is; an older one just comes."""
        if not isinstance(answer, Welcome) or answer.protocol < SLOTS_SINCE:
            return answer
        backlog = max(0, hello.head_seq - answer.received_seq)
        slot_s = self._admission.slot_s(_caller(till, Push), backlog, answer.batch_limit)
        return msgspec.structs.replace(answer, slot_ms=math.ceil(slot_s * 1000))

    def push(self, office: Office, till: str, message: Push, raw: bytes) -> Any:
        """Take one batch and let booking know."""
        with self._intake:
            answer = intake.receive(office, till, message, raw)
        self._on_push()
        return answer


def build_app(
    office: Office, on_push: Callable[[], None] = lambda: None, *, chance: Random | None = None
) -> Starlette:
    """Return the ASGI application of the tills' door; `chance` spreads tills that are told to come again."""
    door = Door(office, on_push, chance or Random())
    signed: dict[Any, Handle] = {
        Hello: lambda office, till, message, _: tills.greet(office, till, message),
        Push: door.push,
        AllowanceRequest: lambda office, till, message, _: allowances.answer(office, till, message),
        MemberRequest: lambda office, _till, message, _: members.look_up(office, message.card_tag),
        GreetRequest: lambda office, _till, message, _: greeting.greet(office, message.card_tag),
        People: lambda office, till, message, _: people.receive(office, till, message),
        Pull: lambda office, till, message, _: delta.answer(office, till, message, door.pages),
    }
    routes = [
        Route(PATHS[EnrolRequest], door.enrol, methods=["POST"]),
        Route(BLOB_PATH + "{sha256:str}", door.blob, methods=["GET"]),
        *(Route(PATHS[kind], door.signed(kind, handle), methods=["POST"]) for kind, handle in signed.items()),
    ]
    app = Starlette(routes=routes)
    app.state.end_waiting = door.end_waiting
    return app


def _caller(till: str, kind: type) -> str:
    """Name who may have one request at work at a time; where a customer waits there may be several."""
    return "" if LANES[kind] is Lane.QUICK else till + PATHS[kind]


def _content(answer: Any) -> bytes:
    return answer if isinstance(answer, bytes) else encode(answer)


def _later(why: LedgerReadOnly | Busy) -> Response:
    if isinstance(why, LedgerReadOnly):
        log.error("books not writable", detail=str(why))
        return Response(status_code=503, headers={"Retry-After": str(RETRY_AFTER_S)})
    return Response(status_code=503, headers={"Retry-After": str(math.ceil(why.after_s))})


def _refuse(status: int, detail: str) -> Response:
    return Response(detail, status_code=status, media_type="text/plain", headers={"Connection": "close"})
