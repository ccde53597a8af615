"""The POS interface against its own OpenAPI document: schemathesis calls it in every way it can think of.

The door is the real one (uvicorn, loopback with token) over a real ledger; all checks of schemathesis, in its
four phases: examples, bounds of every constraint, random documents, sequences of calls.  The event stream,
which never ends, is held to the document by `tests/till/test_openapi.py`.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from agent.daemon.server import loopback_socket
from agent.till.api import build_app
from agent.till.guard import App, LoopbackGuard, Receive, Scope, Send
from scripts.faulting.beside import packages
from scripts.faulting.line import Run, hush
from tests.till.conftest import DEVICES
from tests.till.desk import Desk
from tests.till.serving import served

HOOKS = Path(__file__).with_name("pos_api_hooks.py")
TOKEN = "a-token-for-schemathesis"  # noqa: S105 - of a till that lives for a minute
# 422 is what the trade says no to in a well-formed document; the document names its codes.
SETTINGS = f"""
hooks = "{HOOKS}"
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "401", "403", "404", "409", "422", "429"]
"""
LONGEST_S = 1800
LONGEST_LINE = 2000
TEETH_EXAMPLES = 5
BETWEEN_CALLS = timedelta(seconds=3)
"""The till's clock moves so fast that the limit of unknown cards, 30 a minute, is never met."""
Change = Callable[[int, bytes], tuple[int, bytes]]
PLANTED: dict[str, Change] = {
    "a status that the document does not name": lambda status, body: (418 if status == 422 else status, body),
    "a sum that is missing": lambda status, body: (
        status,
        body.replace(b'"due_minor":', b'"due_minor":null,"was":'),
    ),
    "bad documents taken": lambda status, body: (200 if status == 400 else status, body),
    "a fault of ours": lambda status, body: (500 if b'"quoted"' in body else status, body),
}


def run(count: int, seed: int) -> dict[str, Any]:
    """Call each operation with up to `count` documents; then find each planted bug with a few."""
    told = Run("pos-api", seed)
    hush()
    try:
        packages("pos-api")
    except (OSError, subprocess.SubprocessError) as failure:
        return told.skip(f"schemathesis cannot be installed: {failure}")
    failed = failures(count, seed)
    if failed:
        told.say(failed)
    unnoticed = [name for name, change in PLANTED.items() if not failures(TEETH_EXAMPLES, seed, change)]
    for name in unnoticed:
        told.say(f"not noticed: {name}")
    return told.line(attempts=count, teeth=not unnoticed, ok=not failed and not unnoticed)


def failures(examples: int, seed: int, change: Change | None = None) -> str:
    """Let schemathesis loose on a new till; return what it found, nothing if all is well."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        settings = folder / "schemathesis.toml"
        settings.write_text(SETTINGS, encoding="utf-8")
        desk = Desk(folder / "till")
        desk.know_member(500)
        desk.allow(500)
        door = loopback_socket(0)
        port = door.getsockname()[1]
        app = _hurried(desk, build_app(desk.checkout, lambda: DEVICES))
        guard: App = LoopbackGuard(app, port=port, tokens={"pos": TOKEN}, origins=[])
        try:
            with served(guard if change is None else _changed(guard, change), door):
                return _called(port, folder, examples, seed)
        finally:
            desk.ledger.close()


def _called(port: int, folder: Path, examples: int, seed: int) -> str:
    site = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", "schemathesis.toml", "run"]
    command += [f"{site}/v1/openapi.json", "--url", site, "--header", f"Authorization: Bearer {TOKEN}"]
    command += ["--checks", "all", "--exclude-path", "/v1/events", "--max-examples", str(examples)]
    command += ["--seed", str(seed), "--continue-on-failure", "--no-shrink", "--warnings", "off"]
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(packages("pos-api")), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=LONGEST_S,
        check=False,
    )
    lines = (done.stdout + done.stderr).splitlines()
    return "\n".join(line[:LONGEST_LINE] for line in lines) if done.returncode else ""


def _hurried(desk: Desk, app: App) -> App:
    async def hurried(scope: Scope, receive: Receive, send: Send) -> None:
        desk.clock.at += BETWEEN_CALLS
        await app(scope, receive, send)

    return hurried


def _changed(app: App, change: Change) -> App:
    """Answer other than the application does."""

    async def changed(scope: Scope, receive: Receive, send: Send) -> None:
        messages: list[Any] = []

        async def keep(message: Any) -> None:
            messages.append(message)

        await app(scope, receive, keep)
        start, content = messages
        if b"openapi.json" not in scope["raw_path"]:
            status, body = change(start["status"], content["body"])
            kept = [pair for pair in start["headers"] if pair[0] != b"content-length"]
            length = (b"content-length", str(len(body)).encode())
            start = {**start, "status": status, "headers": [*kept, length]}
            content = {**content, "body": body}
        await send(start)
        await send(content)

    return changed
