"""An application behind the real door: uvicorn as the daemon runs it, a real socket, a standard client."""

import asyncio
import http.client
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.daemon.server import Server, make_server
from agent.daemon.sockets import open_unix


@dataclass(frozen=True)
class Door:
    """Where the application answers: a path, or a port of loopback."""

    address: str | tuple[str, int]

    def connect(self) -> socket.socket:
        family = socket.AF_UNIX if isinstance(self.address, str) else socket.AF_INET
        connection = socket.socket(family, socket.SOCK_STREAM)
        connection.settimeout(10)
        connection.connect(self.address)
        return connection

    def call(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[int, Any]:
        """Make one call on a connection of its own; `body` is bytes, or anything for JSON."""
        client = http.client.HTTPConnection("localhost")
        client.sock = self.connect()
        content = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        try:
            client.request(method, path, content, headers or {})
            response = client.getresponse()
            text = response.read()
        finally:
            client.close()
        return response.status, json.loads(text) if text.startswith(b"{") else text


def served(app: Any, door: socket.socket) -> AbstractContextManager[Door]:
    """Serve an application on this socket in a thread of its own, until the block ends."""
    return serving(make_server(app), door)


@contextmanager
def serving(server: Server, door: socket.socket) -> Iterator[Door]:
    """Let a server answer on this socket in a thread of its own, until the block ends."""
    ready = threading.Event()

    async def run() -> None:
        task = asyncio.ensure_future(server.serve(sockets=[door]))
        await server.answering.wait()
        ready.set()
        await task

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    try:
        assert ready.wait(10)
        yield Door(door.getsockname())
    finally:
        server.should_exit = True
        thread.join(10)


@contextmanager
def served_on_socket(app: Any, folder: Path) -> Iterator[Door]:
    with served(app, open_unix(folder / "pos.sock", mode=0o660)) as door:
        yield door
