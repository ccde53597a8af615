"""Hundreds of clients that open a connection and never finish: the POS beside them must not notice.

Each sort in equal parts: silent, a request line cut short, a head that drips, a body that drips.  They come
from many processes, since one caller may hold 8 connections and no more.  The door is the real one on a Unix
socket; the POS asks for a quote over and over, on a new connection each time.
"""

import multiprocessing
import select
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import uvicorn

from agent.daemon.server import CONNECTIONS_OF_A_PEER, Server, make_server
from agent.daemon.sockets import open_unix
from agent.till.api import build_app
from scripts.faulting.line import Run, hush
from tests.till.desk import Desk, basket
from tests.till.serving import Door, serving

SORTS = (
    b"",
    b"PUT /v1/receipts/r1/quote HT",
    b"PUT /v1/receipts/r1/quote HTTP/1.1\r\nHost: x\r\nX-Slow: ",
    b"PUT /v1/receipts/r1/quote HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n{",
)
DRIPS = (False, False, True, True)
DRIP_S = 0.5
LONGEST_S = 10.0
WATCHED_S = 11.0
P99_MS = 50.0


def run(count: int, seed: int) -> dict[str, Any]:
    """Let `count` of them loose; then show that uvicorn's own protocol would keep them."""
    told = Run("slow-clients", seed)
    hush()
    p99_ms, failed, still_open, last_s = besieged(count)
    told.say(
        f"p99 {p99_ms:.1f} ms, {failed} calls failed, {still_open} open, the last closed after {last_s:.1f} s"
    )
    kept = besieged(CONNECTIONS_OF_A_PEER, plain=True)[2]
    ok = p99_ms < P99_MS and not failed and not still_open and last_s < LONGEST_S
    line = told.line(attempts=count, teeth=kept > 0, ok=ok and kept > 0)
    return line | {"p99_ms": round(p99_ms, 1), "last_closed_s": round(last_s, 1), "failed_calls": failed}


def besieged(
    count: int, *, plain: bool = False, watched_s: float = WATCHED_S
) -> tuple[float, int, int, float]:
    """Return p99 of a POS call in ms, calls that failed, clients never closed, when the last was closed."""
    with tempfile.TemporaryDirectory() as place, ExitStack() as stack:
        address = str(Path(place) / "pos.sock")
        clients = stack.enter_context(slow_clients(address, count))
        desk = Desk(Path(place))
        stack.callback(desk.ledger.close)
        server = make_server(build_app(desk.checkout, list))
        if plain:
            server = Server(uvicorn.Config(server.config.app, lifespan="off", log_config=None, ws="none"))
        door = stack.enter_context(serving(server, open_unix(Path(address), mode=0o660)))
        call(door)
        for one in clients:
            one.send("go")
        took_ms, failed = [], 0
        until = time.monotonic() + watched_s
        while time.monotonic() < until:
            began = time.monotonic()
            failed += not call(door)
            took_ms.append(1000 * (time.monotonic() - began))
            time.sleep(0.01)  # a busy till, not a flood
        ended = [closings(one) for one in clients]
        closed_s = [second for one in ended for second in one]
        return (
            sorted(took_ms)[len(took_ms) * 99 // 100],
            failed,
            count - len(closed_s),
            max(closed_s, default=0.0),
        )


def call(door: Door) -> bool:
    """Ask for a quote as a POS does; say whether it was answered."""
    try:
        return door.call("PUT", "/v1/receipts/r1/quote", basket())[0] == 200
    except OSError:
        return False


@contextmanager
def slow_clients(address: str, count: int) -> Iterator[list[Connection]]:
    """Start them; each process tells after how many seconds its clients were closed."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    ends, processes = [], []
    for first in range(0, count, CONNECTIONS_OF_A_PEER):
        near, far = context.Pipe()
        numbers = range(first, min(first + CONNECTIONS_OF_A_PEER, count))
        process = context.Process(target=dawdle, args=(address, numbers, far), daemon=True)
        process.start()
        ends.append(near)
        processes.append(process)
    for end in ends:
        end.recv()  # it is ready
    try:
        yield ends
    finally:
        for process in processes:
            process.terminate()
            process.join()


def closings(end: Connection) -> list[float]:
    """Ask a process after how many seconds its clients were closed."""
    end.send("tell")
    closed: list[float] = end.recv()
    return closed


def dawdle(address: str, numbers: range, told: Connection) -> None:
    """Be a process of slow clients until it is asked when they were closed."""
    told.send("ready")
    told.recv()
    began = time.monotonic()
    open_now: dict[socket.socket, bool] = {}
    closed_s: list[float] = []
    for number in numbers:
        one = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        one.connect(address)
        one.sendall(SORTS[number % len(SORTS)])
        open_now[one] = DRIPS[number % len(SORTS)]
    drip_at = began + DRIP_S
    while not told.poll():
        ended, _, _ = select.select(list(open_now), [], [], DRIP_S / 5)
        for one in ended:
            if not heard(one):
                closed_s.append(time.monotonic() - began)
                del open_now[one]
                one.close()
        if time.monotonic() >= drip_at:
            drip_at += DRIP_S
            for one in (one for one, drips in open_now.items() if drips):
                drip(one)
    told.send(closed_s)


def heard(one: socket.socket) -> bool:
    """Read what came; an error document is no end yet."""
    try:
        return bool(one.recv(65536))
    except OSError:
        return False


def drip(one: socket.socket) -> None:
    """Send one more byte."""
    try:
        one.send(b" ")
    except OSError:
        return
