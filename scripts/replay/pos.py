"""A POS as vendors write them: one connection for calls, one for events, and patience when paid.

It follows the project's own table of calls and failures: a commit is repeated with the same id until it
is answered; without an answer to a quote it sells at its own prices.
"""

import http.client
import json
import socket
import time
from pathlib import Path
from typing import Any

PATIENCE_S = 60.0


class Gone(Exception):  # noqa: N818 - a state of the other end, no fault of ours
    """Nobody answers at the door just now."""


class Connection(http.client.HTTPConnection):
    """HTTP over the Unix socket of the till."""

    def __init__(self, path: Path, timeout_s: float = 10.0) -> None:
        super().__init__("localhost", timeout=timeout_s)
        self._path = path

    def connect(self) -> None:
        """Open the socket."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


class Pos:
    """The calls of one POS."""

    def __init__(self, door: Path) -> None:
        self._door = door
        self._connection: Connection | None = None
        self.was_gone = False
        """Whether nobody answered some attempt of the last call that had to succeed."""

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, dict[str, Any]]:
        """Make one call; a connection that was closed meanwhile is opened anew once.

        Raises:
            Gone: no answer.
        """
        content = b"" if body is None else json.dumps(body).encode()
        for attempt in (1, 2):
            try:
                if self._connection is None:
                    self._connection = Connection(self._door)
                self._connection.request(method, path, content, {"Content-Type": "application/json"})
                response = self._connection.getresponse()
                return response.status, json.loads(response.read() or b"{}")
            except (OSError, http.client.HTTPException, json.JSONDecodeError) as failure:
                self.hang_up()
                if attempt == 2:
                    raise Gone(str(failure)) from None
        raise Gone("unreachable")

    def until_done(self, method: str, path: str, body: Any) -> dict[str, Any]:
        """Repeat a call that must succeed until it does: the customer has paid.

        Raises:
            RuntimeError: it was refused, or not answered for a minute.
        """
        deadline = time.monotonic() + PATIENCE_S
        self.was_gone = False
        while time.monotonic() < deadline:
            try:
                status, answer = self.call(method, path, body)
            except Gone:
                self.was_gone = True
                time.sleep(0.1)
                continue
            if status == 200:
                return answer
            if status not in {429, 503}:
                raise RuntimeError(f"{path} was refused: {status} {answer}")
            time.sleep(0.1)
        raise RuntimeError(f"{path} was not answered for {PATIENCE_S} s")

    def hang_up(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class EventStream:
    """The till's events, read as they come; resumes where it was after a broken connection."""

    def __init__(self, door: Path) -> None:
        self._door = door
        self._last_id = ""
        self._connection: Connection | None = None
        self._lines: Any = None

    def open(self) -> None:
        """Connect, and wait until the stream has begun."""
        self._connection = Connection(self._door, timeout_s=1.0)
        headers = {"Last-Event-ID": self._last_id} if self._last_id else {}
        self._connection.request("GET", "/v1/events", headers=headers)
        self._lines = self._connection.getresponse()
        self._lines.readline()

    def next(self, kinds: frozenset[str]) -> dict[str, Any] | None:
        """Return the next event of these kinds, None if none came within a second."""
        kind, data = "", ""
        try:
            if self._lines is None:
                self.open()
            while line := self._lines.readline():
                text = line.decode().rstrip("\n")
                if text.startswith("id: "):
                    self._last_id = text[4:]
                elif text.startswith("event: "):
                    kind = text[7:]
                elif text.startswith("data: "):
                    data = text[6:]
                elif not text and kind in kinds:
                    return {"kind": kind, **json.loads(data)}
        except (OSError, http.client.HTTPException):
            pass
        self.close()
        return None

    def close(self) -> None:
        """Hang up."""
        if self._connection is not None:
            self._connection.close()
        self._connection, self._lines = None, None
