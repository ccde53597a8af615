"""The screens' own part of a door: two pages, one script, and what each shows just now.

It stands before the POS interface and takes only its own paths.  The pages hold nothing and need no token
(a browser opens them); what they show does, as every call.
"""

from collections.abc import Callable
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qs

import msgspec

from agent.screen.describe import describe
from agent.screen.present import Presence
from agent.screen.view import Role
from agent.till.guard import App, Receive, Scope, Send

PAGES = {
    "/cashier": ("screen.html", b"text/html; charset=utf-8"),
    "/customer": ("screen.html", b"text/html; charset=utf-8"),
    "/screen.js": ("screen.js", b"text/javascript; charset=utf-8"),
    "/screen.css": ("screen.css", b"text/css; charset=utf-8"),
}
SHOWN: dict[str, Role] = {"/screen/cashier": "cashier", "/screen/customer": "customer"}
_POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
    b"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = [
    (b"cache-control", b"no-cache"),
    (b"content-security-policy", _POLICY),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
]


def with_screens(app: App, presence: Presence, devices: Callable[[], list[dict[str, Any]]]) -> App:
    """Return the application with the screens before it; `devices` lists the readers and their states."""

    async def door(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        if scope["method"] == "GET" and path in PAGES:
            name, kind = PAGES[path]
            await _send(send, kind, files("agent.screen").joinpath("static", name).read_bytes())
        elif scope["method"] == "GET" and path in SHOWN:
            asked = parse_qs(scope.get("query_string", b"").decode("ascii", "replace"))
            view = describe(presence.at(SHOWN[path], asked.get("lang", [""])[0], devices()))
            await _send(send, b"application/json", msgspec.json.encode(view))
        else:
            await app(scope, receive, send)

    return door


async def _send(send: Send, kind: bytes, body: bytes) -> None:
    headers = [*_HEADERS, (b"content-type", kind), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
