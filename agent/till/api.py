"""The POS interface: HTTP/1.1 and JSON over the Unix socket, as one small ASGI application.

Calls that are answered with one JSON document are routed by hand: a router's middleware costs more than
the quote itself (measured: 120 µs against 50).  Everything else is Starlette's affair (`others.py`),
which is imported with the first of them, or when the doors are open: a start does not wait for it.
"""

import re
from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any

import msgspec
import structlog

from agent import __version__
from agent.documents import decode_json
from agent.errors import LoyaltyError
from agent.till.checkout import Checkout
from agent.till.guard import App, Receive, Scope, Send, TooLargeError, TooSlowError, read_body
from agent.till.problem import CONTENT_TYPE, Problem, problem, problem_of
from agent.till.shapes import AcceptingBody

log = structlog.get_logger()
MAX_CALLS = 64
JSON = b"application/json"
_RECEIPT = re.compile(r"^/v1/receipts/([A-Za-z0-9._~-]{1,64})(?:/(quote|hold|commit|void|claim))?$")
_RETURN = re.compile(r"^/v1/receipts/([A-Za-z0-9._~-]{1,64})/returns/([A-Za-z0-9._~-]{1,64})$")
_METHODS = {"quote": "PUT", "hold": "PUT", "commit": "POST", "void": "POST"}
Answer = tuple[int, bytes, bytes]
"""Status, content type, body."""


def build_app(checkout: Checkout, devices: Callable[[], list[dict[str, Any]]]) -> App:
    """Make the POS application; `devices` lists the readers and their states."""
    calls_now = 0
    simple = _simple_calls(checkout, devices)

    @cache
    def other() -> App:
        from agent.till.others import other_routes  # noqa: PLC0415 - see above

        return other_routes(checkout)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal calls_now
        if scope["type"] != "http":
            await other()(scope, receive, send)
            return
        peer = str((scope.get("client") or ("",))[0])
        method, path = scope["method"], scope["path"]
        call = simple.get((method, path)) or _call_of(checkout, method, path, peer)
        if call is None:
            await other()(scope, receive, send)
            return
        calls_now += 1
        try:
            if calls_now > MAX_CALLS:
                answer = _told(problem("too_many_connections", f"{MAX_CALLS} calls are under way"))
            else:
                answer = await _answered(call, receive)
        finally:
            calls_now -= 1
        await _send(send, answer)

    return app


Call = Callable[[bytes], Awaitable[Any]]


def _call_of(checkout: Checkout, method: str, path: str, peer: str) -> Call | None:
    """Find the call of a sale that `peer` makes, None if the path is none."""
    found = _RECEIPT.match(path)
    if found is not None:
        receipt_id, verb = found.groups()
        if verb is None and method == "GET":
            return lambda _: checkout.recall(receipt_id)
        if verb is None or _METHODS.get(verb) != method:
            return None
        act = {
            "quote": checkout.quote,
            "hold": checkout.hold,
            "commit": checkout.commit,
            "void": checkout.void,
        }[verb]
        return lambda body: act(receipt_id, body)
    if path == "/v1/identifications" and method == "POST":
        return lambda body: checkout.identify(body, peer)
    back = _RETURN.match(path)
    if back is not None and method == "PUT":
        sale, return_id = back.groups()
        return lambda body: checkout.take_back(sale, return_id, body)
    return None


async def _answered(call: Call, receive: Receive) -> Answer:
    """Read the body, make the call, and turn every error into its document."""
    try:
        return 200, JSON, msgspec.json.encode(await call(await read_body(receive)))
    except TooLargeError:
        return _told(problem("too_large", "a body holds at most 262144 bytes"))
    except TooSlowError:
        return _told(problem("timeout", "the body did not arrive within 5 seconds"))
    except LoyaltyError as error:
        return _told(problem_of(error))
    except Exception:
        # A fault of ours must not become a broken connection: the POS sells on and repeats.
        log.exception("call failed")
        return _told(problem("busy", "the call failed here; it was logged"))


def _told(told: Problem) -> Answer:
    return told.status, CONTENT_TYPE, msgspec.json.encode(told)


async def _send(send: Send, answer: Answer) -> None:
    status, kind, body = answer
    headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _simple_calls(
    checkout: Checkout, devices: Callable[[], list[dict[str, Any]]]
) -> dict[tuple[str, str], Call]:
    """Return the calls that concern no receipt, by method and path."""

    async def hello(_: bytes) -> Any:
        return {"agent": __version__, "api": "v1", **checkout.hello()}

    async def list_devices(_: bytes) -> Any:
        return {"devices": devices()}

    async def accepting(body: bytes) -> Any:
        told = decode_json(body, AcceptingBody, what="accepting")
        checkout.set_accepting(accepting=told.accepting)
        return {"accepting": told.accepting}

    return {
        ("GET", "/v1/hello"): hello,
        ("GET", "/v1/devices"): list_devices,
        ("PUT", "/v1/accepting"): accepting,
    }
