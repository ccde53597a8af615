"""What one caller may take of the door, and what it hears when there is too much or too little of us."""

import asyncio
import json
import select
import socket
import subprocess
import sys
from contextlib import ExitStack
from copy import copy
from datetime import timedelta
from pathlib import Path
from typing import Any

from agent.loyalty.quote import Quote
from agent.till.api import MAX_CALLS, build_app
from agent.till.checkout import Checkout
from agent.till.guard import UNKNOWN_CARDS, UNKNOWN_CARDS_S
from tests.drivers.loyalty_numbers import card_number
from tests.till.desk import CARD, Desk, basket
from tests.till.serving import Door, served_on_socket

CHILD = """
import socket, sys, time
held = []
for _ in range(8):
    one = socket.socket(socket.AF_UNIX)
    one.connect(sys.argv[1])
    held.append(one)
time.sleep(0.5)
closed = 0
for one in held:
    one.setblocking(False)
    try:
        closed += one.recv(1) == b""
    except BlockingIOError:
        pass
print(closed, flush=True)
sys.stdin.read()
"""


def closed_of(connections: list[socket.socket], expected: int) -> int:
    """Count how many of these the door closes, before their deadline could."""
    closed = 0
    ended, _, _ = select.select(connections, [], [], 2)
    while ended and closed < expected:
        closed += sum(one.recv(1) == b"" for one in ended)
        connections = [one for one in connections if one not in ended]
        ended, _, _ = select.select(connections, [], [], 0.2)
    return closed


def test_one_peer_holds_eight_connections_and_no_more(door: Door) -> None:
    with ExitStack() as stack:
        idle = [stack.enter_context(door.connect()) for _ in range(20)]
        assert closed_of(idle, 12) == 12
        # Another process is another peer.
        code = "import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]);"
        code += "s.sendall(b'GET /healthz HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n'); print(s.recv(15))"
        other = subprocess.run(
            [sys.executable, "-c", code, str(door.address)], capture_output=True, text=True, check=True
        )
        assert "200" in other.stdout
    assert door.call("GET", "/v1/hello")[0] == 200


def test_all_peers_together_hold_sixty_four(door: Door) -> None:
    with ExitStack() as stack:
        peers = [
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", CHILD, str(door.address)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            for _ in range(9)
        ]
        closed = [int(one.stdout.readline()) for one in peers if one.stdout is not None]
        for one in peers:
            one.communicate()
    assert sum(closed) == 8


def test_a_peer_that_goes_through_card_numbers_is_stopped_for_a_minute(desk: Desk, door: Door) -> None:
    desk.know_member(5)

    def ask(number: int) -> tuple[int, Any]:
        return door.call("POST", "/v1/identifications", {"value": card_number(1000 + number)})

    assert {ask(number)[1]["result"] for number in range(UNKNOWN_CARDS)} == {"unknown"}
    status, told = ask(UNKNOWN_CARDS)
    assert (status, told["code"], told["retry_after_s"]) == (429, "too_many_unknown_cards", 60)
    assert door.call("POST", "/v1/identifications", {"value": CARD})[0] == 429
    assert door.call("PUT", "/v1/receipts/r1/quote", basket())[0] == 200
    desk.clock.at += timedelta(seconds=UNKNOWN_CARDS_S)
    assert door.call("POST", "/v1/identifications", {"value": CARD})[1]["result"] == "identified"


def test_too_many_calls_at_once_are_told_to_come_again(desk: Desk) -> None:
    goes_on = asyncio.Event()

    class Waiting(Checkout):
        async def recall(self, receipt_id: str) -> dict[str, Any]:
            await goes_on.wait()
            return {"receipt_id": receipt_id}

    waiting = copy(desk.checkout)
    waiting.__class__ = Waiting
    app = build_app(waiting, list)
    scope = {"type": "http", "method": "GET", "path": "/v1/receipts/r1"}

    async def call() -> list[Any]:
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b""}

        async def send(message: Any) -> None:
            sent.append(message)

        await app(dict(scope), receive, send)
        return sent

    async def crowd() -> tuple[list[Any], Any]:
        under_way = [asyncio.create_task(call()) for _ in range(MAX_CALLS)]
        await asyncio.sleep(0)
        refused = await call()
        goes_on.set()
        return [one[0]["status"] for one in await asyncio.gather(*under_way)], refused

    others, (start, body) = asyncio.run(crowd())
    assert (start["status"], json.loads(body["body"])["code"]) == (429, "too_many_connections")
    assert dict(start["headers"])[b"retry-after"] == b"1"
    assert set(others) == {200}


def test_a_fault_of_ours_and_a_ledger_that_cannot_write_are_answers(desk: Desk, tmp_path: Path) -> None:
    class Broken(Checkout):
        async def quote(self, receipt_id: str, body: bytes) -> Quote:
            raise ZeroDivisionError(receipt_id, body)

    broken = copy(desk.checkout)
    broken.__class__ = Broken
    with served_on_socket(build_app(broken, list), tmp_path) as door:
        status, told = door.call("PUT", "/v1/receipts/r1/quote", basket())
        assert (status, told["code"], told["cashier_action"]) == (503, "busy", "retry")
        assert "ZeroDivision" not in str(told)
        desk.ledger._writer.close()
        status, told = door.call("POST", "/v1/receipts/r1/commit", {"basket": basket()})
        assert (status, told["code"], told["retry_after_s"]) == (503, "ledger_read_only", 1)
