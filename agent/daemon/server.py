"""One door served by uvicorn: without its signal handlers, with a deadline for half-open requests, and caps.

uvicorn keeps a connection that never finishes its request line for ever (400 of 400 after 6 s were
still held), so the protocol here closes it.  Nobody holds all connections: a peer has 8 of the 64, and
when all are taken the one that has been sending its request the longest makes room.
"""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Iterator
from typing import Any

import structlog
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

log = structlog.get_logger()
HEAD_DEADLINE_S = 5.0
CONNECTIONS = 64
CONNECTIONS_OF_A_PEER = 8
CROWD = 512
"""So many at once for a moment, and no more."""
A_MOMENT_S = 0.1
"""A POS has sent its request and hung up by then; it may open a connection for each call."""
KEEP_ALIVE_S = 75


_CREDENTIALS = struct.Struct("3i")
"""struct ucred of unix(7): process, user, group."""


class PatientProtocol(HttpToolsProtocol):
    """Closes a connection whose request head does not arrive in time, and refuses too many at once."""

    _head_timer: asyncio.TimerHandle | None = None
    peer = ""
    since_s = 0.0
    """When what it is sending began, on the loop's clock."""

    def connection_made(self, transport: Any) -> None:
        """Start the clock of the first request; the application hears who calls as its client."""
        super().connection_made(transport)
        self.peer = peer_of(transport.get_extra_info("socket"))
        self.client = (self.peer, 0)
        if len(self.connections) > CROWD:
            self.refuse()
            return
        if len(self.connections) > CONNECTIONS or self._of_this_peer() > CONNECTIONS_OF_A_PEER:
            self.loop.call_later(A_MOMENT_S, self._judge)
        self._await_head()

    def data_received(self, data: bytes) -> None:
        """Start the clock of a further request with its first byte."""
        cycle = getattr(self, "cycle", None)  # there is none before the first request
        if self._head_timer is None and (cycle is None or cycle.response_complete):
            self._await_head()
        super().data_received(data)

    def on_headers_complete(self) -> None:
        """Stop the clock: the head is here, the body has its own deadline."""
        self._stop_timer()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the clock."""
        self._stop_timer()
        super().connection_lost(exc)

    def _of_this_peer(self) -> int:
        return sum(getattr(one, "peer", None) == self.peer for one in self.connections)

    def _judge(self) -> None:
        """Close this connection if its peer still has too many; make room if all together have."""
        if self not in self.connections:
            return
        if self.peer and self._of_this_peer() > CONNECTIONS_OF_A_PEER:
            self.refuse()
        elif sum(not one.transport.is_closing() for one in self._others()) > CONNECTIONS:
            self._slowest().refuse()

    def _others(self) -> list["PatientProtocol"]:
        return [one for one in self.connections if isinstance(one, PatientProtocol)]

    def _slowest(self) -> "PatientProtocol":
        """Return whom to close when there are too many: who has been sending a request the longest, or this.

        A POS has sent its whole request in a moment; who drips would otherwise lock it out.
        """
        sending = [one for one in self._others() if one.is_sending()]
        return min(sending, key=lambda one: one.since_s, default=self)

    def is_sending(self) -> bool:
        """Say whether the request at this connection has not arrived wholly."""
        if self.transport.is_closing():
            return False
        cycle = getattr(self, "cycle", None)
        return self._head_timer is not None or (
            cycle is not None and cycle.more_body and not cycle.response_complete
        )

    def refuse(self) -> None:
        """Close it."""
        log.warning("connection refused", peer=self.peer)
        self.peer = ""  # it counts no more
        self.transport.close()

    def _await_head(self) -> None:
        self.since_s = self.loop.time()
        self._head_timer = self.loop.call_later(HEAD_DEADLINE_S, self._too_late)

    def _too_late(self) -> None:
        self._head_timer = None
        self.transport.close()

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None


def peer_of(connection: socket.socket) -> str:
    """Say who is at the other end: user and process of a Unix socket, the address of any other."""
    if connection.family == socket.AF_UNIX:
        told = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        process, user, _ = _CREDENTIALS.unpack(told)
        return f"user {user} process {process}"
    try:
        return str(connection.getpeername()[0])
    except OSError:  # gone already
        return ""


class Server(uvicorn.Server):
    """uvicorn without its own signal handlers (stopping is the daemon's affair); says when it answers."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.answering = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Open the door, and say so."""
        await super().startup(sockets)
        self.answering.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield


def make_server(app: Any, **tls: Any) -> Server:
    """Make a server for one door, `tls` uvicorn's settings of that name; `serve(sockets=[…])` runs it."""
    return Server(
        uvicorn.Config(
            app,
            http=PatientProtocol,
            ws="none",
            loop="asyncio",
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            date_header=False,
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=3,
            **tls,
        )
    )


def loopback_socket(port: int) -> socket.socket:
    """Open the loopback door: 127.0.0.1 and nothing else."""
    # asyncio sets TCP_NODELAY only where the protocol is named; without it each answer takes 44 ms, not 0.4.
    door = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_CLOEXEC, socket.IPPROTO_TCP)
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    door.bind(("127.0.0.1", port))
    door.listen(64)
    return door
