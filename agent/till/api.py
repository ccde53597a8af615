"""The POS interface: HTTP/1.1 and JSON over the Unix socket, as one small ASGI application.

Calls are found by the table of `calls.py`: a router's middleware costs more than a quote itself
(measured: 120 µs against 50).  Starlette serves the event stream.
"""

from collections.abc import Callable
from inspect import isawaitable
from typing import Any

import msgspec
import structlog

from agent.errors import LoyaltyError
from agent.till.acts import Act, Asked, acts_of
from agent.till.calls import BY_NAME, CALLS, Call
from agent.till.checkout import Checkout
from agent.till.guard import App, Receive, Scope, Send, TooLargeError, TooSlowError, read_body
from agent.till.problem import Problem, problem, problem_of, spoken_by, told

log = structlog.get_logger()
MAX_CALLS = 64
EVENTS = BY_NAME["events"]
HEALTHZ = BY_NAME["healthz"]
Headers = list[tuple[bytes, bytes]]
_JSON: Headers = [(b"content-type", b"application/json")]
_TEXT: Headers = [(b"content-type", b"text/plain; charset=utf-8")]


def build_app(checkout: Checkout, devices: Callable[[], list[dict[str, Any]]]) -> App:
    """Make the POS application; `devices` lists the readers and their states."""
    calls_now = 0
    acts = acts_of(checkout, devices)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal calls_now
        language = spoken_by(scope.get("headers", ()), checkout.language)
        call, ids, allowed = _found(scope["method"], scope["path"])
        if call is None:
            code, why = ("method_not_allowed", f"use {allowed}") if allowed else ("not_found", "no such path")
            more = [(b"allow", allowed.encode())] if allowed else []
            await _send_problem(send, problem(code, why, language=language), language, more)
            return
        if call is EVENTS:
            await _stream(checkout, scope, receive, send)
            return
        body = await _body(call, receive, language)
        if isinstance(body, Problem):
            await _send_problem(send, body, language)
            return
        # A body that drips in is no work yet: it must not keep others from theirs.
        if calls_now >= MAX_CALLS:
            why = f"{MAX_CALLS} calls are under way"
            await _send_problem(send, problem("too_many_connections", why, language=language), language)
            return
        calls_now += 1
        try:
            peer = str((scope.get("client") or ("",))[0])
            outcome = await _outcome(acts[call.name], Asked(ids, body, peer), language)
        finally:
            calls_now -= 1
        if isinstance(outcome, Problem):
            await _send_problem(send, outcome, language)
        elif call is HEALTHZ:
            await _send(send, 200, _TEXT, outcome)
        else:
            await _send(send, 200, _JSON, _practised(outcome) if checkout.training else outcome)

    return app


def _found(method: str, path: str) -> tuple[Call | None, dict[str, str], str]:
    """Find a call and the ids of its path; or say which methods the path has, none if it is none."""
    allowed = []
    for call in CALLS:
        match = call.pattern.fullmatch(path)
        if match is not None:
            if call.method == method:
                return call, match.groupdict(), ""
            allowed.append(call.method)
    return None, {}, ", ".join(allowed)


async def _body(call: Call, receive: Receive, language: str) -> bytes | Problem:
    """Read the body of a call that has one."""
    try:
        return await read_body(receive) if call.body is not None else b""
    except TooLargeError:
        return problem("too_large", "a body holds at most 262144 bytes", language=language)
    except TooSlowError:
        return problem("timeout", "the body did not arrive within 5 seconds", language=language)


async def _outcome(act: Act, asked: Asked, language: str) -> bytes | Problem:
    """Make the call, and turn every error into its document."""
    try:
        answer = act(asked)
        if isawaitable(answer):
            answer = await answer
        return answer if isinstance(answer, bytes) else msgspec.json.encode(answer)
    except LoyaltyError as error:
        return problem_of(error, language)
    except Exception:
        # A fault of ours must not become a broken connection: the POS sells on and repeats.
        log.exception("call failed")
        return problem("busy", "the call failed here; it was logged", language=language)


def _practised(answer: bytes) -> bytes:
    """Say in a JSON object that nothing was booked."""
    return b'{"training":true' + (b"," if answer != b"{}" else b"") + answer[1:]


async def _stream(checkout: Checkout, scope: Scope, receive: Receive, send: Send) -> None:
    from starlette.requests import Request  # noqa: PLC0415 - a start does not wait for it
    from starlette.responses import StreamingResponse  # noqa: PLC0415

    last = Request(scope).headers.get("last-event-id", "")
    stream = StreamingResponse(
        checkout.events.follow(last), media_type="text/event-stream", headers={"Cache-Control": "no-store"}
    )
    await stream(scope, receive, send)


async def _send_problem(send: Send, one: Problem, language: str, more: Headers | None = None) -> None:
    headers, body = told(one, language)
    await _send(send, one.status, headers + (more or []), body)


async def _send(send: Send, status: int, headers: Headers, body: bytes) -> None:
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": body})
