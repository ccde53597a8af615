"""The line to head office: passes bytes on, breaks when it is cut, and heals."""

import contextlib
import socket
import threading
from collections.abc import Iterator

import pytest

from scripts.replay.network import Line


@pytest.fixture
def echo() -> Iterator[int]:
    """Answer every connection with what it says."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    threading.Thread(target=talk, args=(connection,), daemon=True).start()

        def talk(connection: socket.socket) -> None:
            with connection, contextlib.suppress(OSError):
                while data := connection.recv(4096):
                    connection.sendall(data)

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]


def dial(line: Line) -> socket.socket:
    return socket.create_connection(("127.0.0.1", line.port), timeout=10)


def says(connection: socket.socket, data: bytes) -> bytes:
    """Send, and return what comes back; nothing where the line is broken."""
    try:
        connection.sendall(data)
        return connection.recv(4096)
    except ConnectionError:
        return b""


def test_bytes_pass_both_ways(echo: int) -> None:
    with dial(Line(echo)) as connection:
        assert says(connection, b"hello") == b"hello"


def test_a_cut_breaks_what_is_connected(echo: int) -> None:
    line = Line(echo)
    with dial(line) as connection:
        assert says(connection, b"before") == b"before"
        line.cut()
        with contextlib.suppress(ConnectionError):
            assert connection.recv(4096) == b""


def test_while_it_is_cut_nobody_gets_through(echo: int) -> None:
    line = Line(echo)
    line.cut()
    for _ in range(3):
        with dial(line) as connection:
            assert says(connection, b"anybody?") == b""


def test_a_healed_line_lets_new_connections_through(echo: int) -> None:
    line = Line(echo)
    for turn in range(3):
        line.cut()
        line.heal()
        with dial(line) as connection:
            assert says(connection, b"turn %d" % turn) == b"turn %d" % turn


def test_head_office_gone_looks_like_a_broken_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with dial(Line(port)) as connection:
        assert says(connection, b"anybody?") == b""
