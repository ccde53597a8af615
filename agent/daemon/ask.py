"""Ask the running daemon: a small HTTP client over its admin socket, for the commands."""

import http.client
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agent.errors import ConfigurationError, Refused

DEADLINE_S = 30.0


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path, deadline_s: float = DEADLINE_S) -> None:
        super().__init__("localhost", timeout=deadline_s)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def ask(door: Path, method: str, path: str, body: Any = None) -> dict[str, Any]:
    """Return the daemon's answer as a dictionary.

    Raises:
        ConfigurationError: nobody answers at the door.
        Refused: the daemon said no; its sentence is passed on.
    """
    connection = _UnixConnection(door)
    try:
        content = None if body is None else json.dumps(body)
        connection.request(method, path, content, {"Content-Type": "application/json"})
        response = connection.getresponse()
        answer: dict[str, Any] = json.loads(response.read() or b"{}")
    except PermissionError:
        raise ConfigurationError(f"{door} is not open to you", remedy="run this as root") from None
    except (OSError, http.client.HTTPException, json.JSONDecodeError) as failure:
        raise ConfigurationError(
            f"no daemon answers at {door} ({failure})", remedy="start it: systemctl start loyalty-agent"
        ) from None
    finally:
        connection.close()
    if response.status >= http.HTTPStatus.BAD_REQUEST:
        raise Refused(answer.get("code", "refused"), answer.get("detail", f"status {response.status}"))
    return answer


def follow(door: Path, *, silence_s: float = DEADLINE_S) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what happens at the till, kind and data, until nobody interrupts; the stream keeps itself alive.

    A sign of life has no kind: the first says that from here on nothing is missed.

    Raises:
        ConfigurationError: nobody answers at the door, or it fell silent.
    """
    connection = _UnixConnection(door, silence_s)
    try:
        connection.request("GET", "/v1/events")
        kind = ""
        for line in connection.getresponse():
            name, _, text = line.decode().rstrip("\n").partition(": ")
            if line.startswith(b":"):
                yield "", {}
            elif name == "event":
                kind = text
            elif name == "data":
                yield kind, json.loads(text)
    except (OSError, http.client.HTTPException) as failure:
        raise ConfigurationError(
            f"no daemon answers at {door} ({failure})", remedy="start it: systemctl start loyalty-agent"
        ) from None
    finally:
        connection.close()
