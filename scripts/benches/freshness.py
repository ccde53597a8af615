"""From one till's commit to the next till and the feed: `scripts/bench freshness`.

A real head office process; 200 tills with a ledger, session, client and signature of their own, in a few
processes, each selling to a member of its own every few seconds.  Every sale is timed until the ledger of a
till elsewhere knows the member's new points, and until the feed of head office tells the receipt.
"""

import asyncio
import multiprocessing
import time
from datetime import UTC, datetime
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agent.clock import SystemClock, random_id
from agent.headoffice.feed import START, page
from agent.headoffice.store.database import Database
from agent.journal.entry import Draft
from agent.ledger.ledger import Ledger, open_ledger
from agent.ledger.transaction import Transaction
from agent.sync.client import Client, ClientSettings
from agent.sync.credentials import Credentials
from agent.sync.loop import SyncLoop
from scripts.benches.figures import Line, line, percentile
from scripts.benches.head_office import HeadOffice
from scripts.faulting.line import hush

TILLS, PROCESSES = 200, 2
SALES_S, EVERY_S, SETTLED_S = 30.0, 10.0, 5.0
PULL_INTERVAL_S = 1.0
GOAL_S = 2.0
POINTS = 7
Seen = dict[str, float]


def measure(folder: Path, tills: int = TILLS) -> list[Line]:
    """Return bench lines: the p99 at another till and in the feed, each beside 2 s."""
    members = {f"m-{number}": f"299{number:010d}" for number in range(tills)}
    office = HeadOffice(folder / "office", members=members, till_count=tills)
    context = multiprocessing.get_context("spawn")
    ends: list[Connection] = []
    with office:
        for number in range(PROCESSES):
            near, far = context.Pipe()
            mine = [(at, plain(office.tills[at])) for at in range(number, tills, PROCESSES)]
            place = folder / f"shop-{number}"
            context.Process(target=_shop, args=(place, mine, far), daemon=True).start()
            ends.append(near)
        for end in ends:
            assert end.recv() == "ready"
        for end in ends:
            end.send("go")
        in_feed = _watch_feed(folder / "office" / "state" / "books.db", SALES_S + SETTLED_S)
        told = [end.recv() for end in ends]
    sold = {receipt: at for one in told for receipt, at in one[0].items()}
    usable = {receipt: at for one in told for receipt, at in one[1].items()}
    lines = []
    for name, seen in (("freshness_till", usable), ("freshness_feed", in_feed)):
        late = [seen.get(receipt, float("inf")) - at for receipt, at in sold.items()]
        lines.append(line(f"{name}_p99", percentile(late, 99), "2 s", GOAL_S, unit="s", goal=1.0))
        lines.append(
            line(f"{name}_p50", percentile(late, 50), f"{len(sold)} sales, {tills} tills", None, unit="s")
        )
    return lines


def plain(credentials: Credentials) -> tuple[Any, bytes, bytes]:
    """Take credentials apart for another process: keys of cryptography do not travel."""
    return credentials.enrolment, credentials.key.private_bytes_raw(), credentials.fleet_key


def _watch_feed(books: Path, seconds: float) -> Seen:
    """Read the feed as a subscriber does, again and again; return when each receipt was first told."""
    store, seen, cursor = Database(books), Seen(), START
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        told, cursor = page(store, cursor, 1000)
        now = time.monotonic()
        for event in told:
            seen.setdefault(msgspec.json.decode(event)["data"].get("receipt", ""), now)
        time.sleep(0.05)
    store.close()
    return seen


def _shop(folder: Path, mine: list[tuple[int, Any]], parent: Connection) -> None:
    """Be half of the tills, in a process of their own."""
    hush()
    asyncio.run(_open(folder, mine, parent))


async def _open(folder: Path, mine: list[tuple[int, Any]], parent: Connection) -> None:
    tills = [Till(folder / str(number), number, plain) for number, plain in mine]
    running = [asyncio.create_task(one.loop.run()) for one in tills]
    while not all(one.is_ready() for one in tills):  # noqa: ASYNC110 - ledgers have no event to wait on
        await asyncio.sleep(0.1)
    parent.send("ready")
    await asyncio.to_thread(parent.recv)
    sold, usable = Seen(), Seen()
    selling = [
        asyncio.create_task(one.sell_on(tills[at - 1], sold, usable, folder.name))
        for at, one in enumerate(tills)
    ]
    await asyncio.gather(*selling)
    await asyncio.sleep(SETTLED_S)
    parent.send((sold, usable))
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    for one in tills:
        await one.close()


class Till:
    """One till without a POS: ledger, sync loop and client as they run, and a member who buys here."""

    def __init__(self, folder: Path, number: int, plain: tuple[Any, bytes, bytes]) -> None:
        enrolment, key, _ = plain
        self._member, self._chance, self._sales = f"m-{number}", Random(number), 0
        self.ledger: Ledger = open_ledger(folder, clock=SystemClock(), new_id=random_id)
        private = Ed25519PrivateKey.from_private_bytes(key)
        self._client = Client(ClientSettings(enrolment.url), till=enrolment.till, key=private)
        self.loop = SyncLoop(
            self.ledger,
            self._client,
            clock=SystemClock(),
            chance=Random(number),
            publisher_key=bytes.fromhex(enrolment.publisher_key),
            pull_interval_s=PULL_INTERVAL_S,
            program_version="bench",
            on_programme=lambda _text, _name: None,
        )

    def is_ready(self) -> bool:
        """Tell whether it knows its member."""
        return self.ledger.read.balance(self._member, "points") > 0

    async def sell_on(self, elsewhere: "Till", sold: Seen, usable: Seen, shop: str) -> None:
        """Sell every few seconds; note when each sale was durable here, and when `elsewhere` had it."""
        watching: list[asyncio.Task[None]] = []
        balance = self.ledger.read.balance(self._member, "points")
        until = time.monotonic() + SALES_S
        await asyncio.sleep(self._chance.uniform(0, EVERY_S))
        while time.monotonic() < until:
            self._sales += 1
            receipt = f"{shop}-{self._member}-{self._sales}"
            await asyncio.wrap_future(self.ledger.write(partial(sale, receipt, self._member)))
            sold[receipt] = time.monotonic()
            self.loop.wake()
            balance += POINTS
            watching.append(asyncio.create_task(self._watch(elsewhere.ledger, balance, receipt, usable)))
            await asyncio.sleep(self._chance.uniform(EVERY_S / 2, EVERY_S * 3 / 2))
        await asyncio.wait_for(asyncio.gather(*watching), 60)

    async def _watch(self, ledger: Ledger, balance: int, receipt: str, usable: Seen) -> None:
        while ledger.read.balance(self._member, "points") < balance:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.02)
        usable[receipt] = time.monotonic()

    async def close(self) -> None:
        """Close it."""
        await self._client.close()
        self.ledger.close()


def sale(receipt: str, member: str, tx: Transaction) -> None:
    """Write what a small sale leaves in the journal."""
    common: dict[str, Any] = {"receipt": receipt, "account": member}
    dates = {"active_from": "2026-01-01", "expires_on": "2199-12-31"}
    tx.append(Draft("RECEIPT", **common, data=_receipt(receipt, tx.now_ms())))
    tx.append(Draft("EARN", **common, part="points/2199-12-31", unit="points", amount=POINTS, data=dates))


def _receipt(receipt: str, now_ms: int) -> dict[str, Any]:
    """Return a receipt that head office books: its store becomes home, where points are placed."""
    at = datetime.fromtimestamp(now_ms / 1000, UTC).isoformat()
    line_of_goods = {"line": 1, "sku": "1", "group": "GROCERY", "amount_minor": 700}
    basket = {
        "receipt_id": receipt, "sold_at": at, "store": "1", "till": "1", "cashier": "c", "currency": "USD",
        "lines": [line_of_goods],
    }  # fmt: skip
    return {"basket": basket, "at": at}
