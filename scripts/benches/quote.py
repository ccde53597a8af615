"""What a quote costs over the Unix socket, beside what no till can save: `scripts/bench quote`.

The limit is a bare ASGI echo on the same uvicorn settings (same sizes of body and answer, its own process)
plus `evaluate` alone on the same basket.  Above it lie reading and checking the basket, opening the
identification, the member's facts from the ledger, the seal and the event for the screens.  The client is
the standard library's, over one connection, as a POS would be; it costs both the same.
"""

import http.client
import json
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from agent.loyalty.basket import Basket
from agent.loyalty.compile import compile_programme
from agent.loyalty.evaluate import evaluate
from agent.loyalty.language.read import load_programme
from agent.loyalty.member import WalletFacts
from scripts.benches.figures import Line, line, percentile
from scripts.benches.quote_server import CARD, MEMBER, club_text

ROOT = Path(__file__).resolve().parents[2]
GOAL = 1.5
LINES = 20
WARM_UP = 200
GROUPS = ("GROCERY", "PRODUCE", "DRUG GM", "MEAT", "DELI")


def measure(folder: Path, seconds: float = 6) -> list[Line]:
    """Return bench lines: a quote, an echo, an evaluation, and again, as calls come at a till: one at a time.

    Each by itself in a tight loop would find every cache warm, which no call at a till ever does.
    """
    with ExitStack() as stack:
        ours = stack.enter_context(_served("till", folder / "till.sock", str(folder)))
        told = {"value": CARD, "entry_mode": "Scanned"}
        known = json.loads(call(ours, "POST", "/v1/identifications", json.dumps(told).encode()))
        sale = basket_of(known["identification_id"])
        body, path = json.dumps(sale).encode(), f"/v1/receipts/{sale['receipt_id']}/quote"
        answer = call(ours, "PUT", path, body)
        bare = stack.enter_context(_served("echo", folder / "echo.sock", str(len(answer))))
        quotes: list[float] = []
        echoes: list[float] = []
        alone: list[float] = []
        turns: list[tuple[list[float], Callable[[], object]]] = [
            (quotes, partial(call, ours, "PUT", path, body)),
            (echoes, partial(call, bare, "PUT", path, body)),
            (alone, _evaluation(sale)),
        ]
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline or len(quotes) < 2 * WARM_UP:
            for taken, work in turns:
                taken.append(_timed(work))
    return _lines(quotes[WARM_UP:], echoes[WARM_UP:], alone[WARM_UP:])


def _lines(quotes: list[float], echoes: list[float], alone: list[float]) -> list[Line]:
    """Judge the median; the tail is shown, not judged."""
    limit = statistics.median(echoes) + statistics.median(alone)
    tail = percentile(echoes, 99) + percentile(alone, 99)
    return [
        line("quote_p50", statistics.median(quotes), "ASGI echo + evaluate, p50", limit, goal=GOAL),
        line("quote_p99", percentile(quotes, 99), "ASGI echo + evaluate, p99", tail),
        line("quote_echo_p50", statistics.median(echoes), "of that, the echo", None),
        line("quote_evaluate_p50", statistics.median(alone), "of that, evaluate", None),
    ]


def basket_of(identification_id: str) -> dict[str, Any]:
    """Return a basket of twenty lines."""
    goods = [
        {
            "line": number,
            "sku": f"40{number:011}",
            "group": GROUPS[number % len(GROUPS)],
            "quantity": str(1 + number % 3),
            "amount_minor": 199 + 37 * number,
        }
        for number in range(1, LINES + 1)
    ]
    return {
        "receipt_id": "bench-1",
        "sold_at": datetime.now(UTC).isoformat(),
        "store": "1",
        "till": "1-1",
        "cashier": "7",
        "currency": "USD",
        "lines": goods,
        "instruments": [identification_id],
    }


def _evaluation(sale: dict[str, Any]) -> Callable[[], object]:
    compiled = compile_programme(load_programme(club_text(), name="household-club.toml"))
    basket = msgspec.convert({**sale, "instruments": []}, Basket)
    known = WalletFacts(MEMBER.wallets["points"].lots, 0)  # as the till's ledger tells: no allowance is held
    member = msgspec.structs.replace(MEMBER, wallets={"points": known})
    return partial(evaluate, compiled, member, basket, basket.sold_at)


def _timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return (time.perf_counter() - begun) * 1000


class Door(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=30)
        self._path = path

    def connect(self) -> None:
        """Connect to it."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def call(door: Door, method: str, path: str, body: bytes) -> bytes:
    """Make one call on a connection that stays; anything but 200 is a fault."""
    door.request(method, path, body)
    response = door.getresponse()
    content = response.read()
    if response.status != http.HTTPStatus.OK:
        raise RuntimeError(f"{path}: {response.status} {content!r}")
    return content


@contextmanager
def _served(kind: str, door: Path, told: str) -> Iterator[Door]:
    """Start one server, wait until it answers, give a connection to it."""
    command = [sys.executable, "-m", "scripts.benches.quote_server", kind, str(door), told]
    # What the servers log is no figure.
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as process:
        connection = Door(door)
        try:
            _connect(connection, process)
            yield connection
        finally:
            connection.close()
            process.terminate()


def _connect(connection: Door, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            connection.connect()
        except OSError:
            connection.close()
            if process.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as place:
        for one in measure(Path(place)):
            print(json.dumps(one))
