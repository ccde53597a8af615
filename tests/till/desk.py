"""One till for the tests: real ledger, real programme; only clock and head office are ours."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from agent.config.till import Numbers, Paths, Till, TillConfig
from agent.daemon.programmes import CurrentProgramme
from agent.daemon.wiring import Link, build_till
from agent.journal.tag import tag_of
from agent.ledger.ledger import Ledger, open_ledger
from agent.loyalty.member import Lot, MemberFacts, WalletFacts
from agent.sync.wire import Allowance, Delta, LotSlice, MemberRow

CLUB = Path(__file__).resolve().parents[2] / "config" / "programmes" / "household-club.toml"
FLEET_KEY = b"k" * 32
CARD = "2990000000019"
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


class SetClock:
    def __init__(self) -> None:
        self.at = NOON

    def now(self) -> datetime:
        return self.at

    def monotonic_s(self) -> float:
        return (self.at - NOON).total_seconds()


class Counter:
    """Gives incarnations that differ."""

    def __init__(self, first: int = 0) -> None:
        self.count = first

    def __call__(self) -> str:
        self.count += 1
        return f"{self.count:032x}"


class Desk:
    """One till, opened and opened again on the same folder."""

    def __init__(
        self, folder: Path, *, fleet_key: bytes = FLEET_KEY, first_id: int = 0, programme: bytes = b""
    ) -> None:
        self.folder = folder
        self.programme = programme or CLUB.read_bytes()
        self.fleet_key = fleet_key
        self.clock = SetClock()
        self.new_id = Counter(first_id)
        self.open()

    def open(self) -> None:
        self.ledger: Ledger = open_ledger(self.folder, clock=self.clock, new_id=self.new_id)
        programme = CurrentProgramme()
        programme.use(self.programme, CLUB.name)
        self.link = Link()
        config = TillConfig(
            till=Till("1", "1-1", "USD"),
            paths=Paths(state=str(self.folder)),
            numbers=[Numbers("card", "299", 13)],
        )
        till = build_till(
            config, self.ledger, programme, self.link, clock=self.clock, fleet_key=self.fleet_key
        )
        self.checkout, self.cards, self.idle, self.quoter = till.checkout, till.cards, till.idle, till.quoter

    def reopen(self) -> None:
        self.ledger.close()
        self.open()

    def write(self, change: Any) -> Any:
        return self.ledger.write(change).result(10)

    def know_member(self, points: int) -> None:
        facts = MemberFacts("m1", wallets={"points": WalletFacts([Lot("l1", points)] if points else [])})
        row = MemberRow("m1", 1, [tag_of("card", CARD, FLEET_KEY)], facts)
        self.write(lambda tx: tx.apply_delta(Delta(0, 1, more=False, booked_seq=0, members=[row])))

    def allow(self, points: int) -> None:
        until = int((NOON + timedelta(days=1)).timestamp() * 1000)
        lots = [LotSlice("l1", points)]
        given = Allowance(self.ledger.incarnation, 1, "m1", "points", points, lots, until)
        assert self.write(lambda tx: tx.accept_allowance(given))

    def call(self, name: str, *arguments: Any) -> Any:
        return asyncio.run(getattr(self.checkout, name)(*arguments))

    def identify(self, number: str = CARD) -> dict[str, Any]:
        return self.call("identify", json.dumps({"value": number}).encode())  # type: ignore[no-any-return]

    def kinds(self, receipt_id: str) -> list[str]:
        return [entry.kind for entry in self.ledger.read.entries_of(receipt_id)]


def basket(receipt_id: str = "r1", **more: Any) -> dict[str, Any]:
    return {
        "receipt_id": receipt_id,
        "sold_at": NOON.isoformat(),
        "store": "1",
        "till": "1-1",
        "currency": "USD",
        "lines": [
            {"line": 1, "sku": "milk", "group": "GROCERY", "quantity": "3", "amount_minor": 1000},
            {"line": 2, "sku": "plum", "group": "PRODUCE", "amount_minor": 550},
        ],
        **more,
    }


def sell(desk: Desk, sale: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    receipt_id = sale["receipt_id"]
    quote = desk.call("quote", receipt_id, json.dumps(sale).encode())
    if any(wallet.redeem for wallet in quote.wallets):
        desk.call("hold", receipt_id, json.dumps({"etag": quote.etag, "basket": sale}).encode())
    body = json.dumps({"etag": quote.etag, "basket": sale, "tenders": []}).encode()
    return quote, desk.call("commit", receipt_id, body)
