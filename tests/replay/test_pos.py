"""The POS: a paid receipt is repeated until it is answered, against a server that answers by script."""

import contextlib
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.replay.pos import EventStream, Gone, Pos

HANG_UP = 0
COMMIT = "/v1/receipts/r1/commit"


class Scripted:
    """Answers each request with the next status of its script; 0 hangs up instead of answering."""

    def __init__(self, door: Path, script: list[int], stream: bytes = b"") -> None:
        self.requests: list[tuple[str, bytes]] = []
        self._script, self._stream = iter(script), stream
        self._server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._server.bind(str(door))
        self._server.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        """Close the door."""
        self._server.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._server.accept()
                with connection, contextlib.suppress(OSError):
                    self._talk(connection)

    def _talk(self, connection: socket.socket) -> None:
        file = connection.makefile("rb")
        while head := file.readline():
            length = 0
            while (header := file.readline().strip().lower()) != b"":
                if header.startswith(b"content-length:"):
                    length = int(header.split(b":")[1])
            self.requests.append((head.decode().rsplit(" ", 1)[0], file.read(length)))
            status = next(self._script)
            if status == HANG_UP:
                return
            if self._stream:
                connection.sendall(
                    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + self._stream
                )
                return
            body = json.dumps({"status": status}).encode()
            connection.sendall(b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n" % (status, len(body)) + body)


@pytest.fixture
def door(tmp_path: Path) -> Path:
    return tmp_path / "pos.sock"


@pytest.fixture
def pos(door: Path) -> Iterator[Pos]:
    pos = Pos(door)
    yield pos
    pos.hang_up()


@contextlib.contextmanager
def scripted(door: Path, script: list[int], stream: bytes = b"") -> Iterator[Scripted]:
    server = Scripted(door, script, stream)
    try:
        yield server
    finally:
        server.close()


def test_a_commit_is_repeated_word_for_word_until_it_is_answered_200(pos: Pos, door: Path) -> None:
    with scripted(door, [503, HANG_UP, 429, HANG_UP, HANG_UP, 200]) as server:
        assert pos.until_done("POST", COMMIT, {"fiscal": "F1"}) == {"status": 200}
    assert len(server.requests) == 6
    assert set(server.requests) == {(f"POST {COMMIT}", b'{"fiscal": "F1"}')}


def test_nothing_is_repeated_after_200(pos: Pos, door: Path) -> None:
    with scripted(door, [200, 200]) as server:
        pos.until_done("POST", COMMIT, {})
        assert len(server.requests) == 1


@pytest.mark.parametrize("status", [400, 409, 413])
def test_a_refused_commit_is_not_repeated(pos: Pos, door: Path, status: int) -> None:
    with scripted(door, [status, 200]) as server:
        with pytest.raises(RuntimeError, match=str(status)):
            pos.until_done("POST", COMMIT, {})
        assert len(server.requests) == 1


def test_a_pos_knows_whether_somebody_was_gone_meanwhile(pos: Pos, door: Path) -> None:
    with scripted(door, [HANG_UP, HANG_UP, 200, 503, 200]):
        pos.until_done("POST", COMMIT, {})
        assert pos.was_gone
        pos.until_done("POST", COMMIT, {})
        assert not pos.was_gone


def test_a_till_that_starts_later_still_gets_the_commit(pos: Pos, door: Path) -> None:
    done: list[dict[str, object]] = []
    waiting = threading.Thread(target=lambda: done.append(pos.until_done("POST", COMMIT, {})))
    waiting.start()
    with scripted(door, [200]):
        waiting.join(30)
    assert done == [{"status": 200}]


def test_without_an_answer_to_a_quote_the_till_is_gone(pos: Pos, door: Path) -> None:
    with pytest.raises(Gone):
        pos.call("PUT", "/v1/receipts/r1/quote", {})


def test_one_connection_serves_many_calls(pos: Pos, door: Path) -> None:
    with scripted(door, [200, 404, 200]):
        assert [pos.call("GET", "/v1/receipts/r1")[0] for _ in range(3)] == [200, 404, 200]


def test_only_events_of_the_kinds_asked_for_are_heard(door: Path) -> None:
    told = (
        b": open\n\nid: 1\nevent: accepting.changed\ndata: {}\n\n"
        b'id: 2\nevent: member.identified\ndata: {"result": "identified"}\n\n'
    )
    with scripted(door, [200], told):
        heard = EventStream(door).next(frozenset({"member.identified"}))
    assert heard == {"kind": "member.identified", "result": "identified"}
