"""A shop in one process: a real head office, a pool and two tills with real ledgers; the lines are calls.

Lines lose, repeat and delay what they carry as a test says; every message goes through its bytes.
"""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from agent.errors import SyncError
from agent.headoffice import allowances, delta
from agent.headoffice.booking import book_some
from agent.headoffice.member_import import import_members
from agent.headoffice.office import Office
from agent.headoffice.stock import Order, place
from agent.headoffice.store import audit
from agent.headoffice.store.allowances import free_lots
from agent.journal.entry import Draft, Entry, entry_from
from agent.ledger.ledger import Ledger, open_ledger
from agent.ledger.transaction import Transaction
from agent.ledger.writer import LogPlan
from agent.pool.desk import PoolDesk
from agent.sync.allowance import ask_pool
from agent.sync.pool_peers import PoolPeers
from agent.sync.pool_session import PoolSession
from agent.sync.wire import (
    Allowance,
    AllowanceRequest,
    Delta,
    Pull,
)
from tests.headoffice.till_end import StillClock, TillEnd, agree
from tests.pool.line import Line

T = TypeVar("T")
OWNED = 800
MEMBERS = (
    f"member,wallet,balance,expires_on\nm-1,points,300,2027-01-31\nm-1,points,{OWNED - 300},2027-06-30\n"
)
SMALL_LOG = LogPlan(grown_bytes=64 * 1024)


class Journal:
    """One till: its ledger, its key and what head office has of it."""

    def __init__(self, shop: "Shop", name: str, number: int) -> None:
        self.shop, self.name = shop, name
        self.folder = shop.folder / name
        self._id = f"{number:032x}"
        self.open()
        self.end = TillEnd(name, self.ledger.incarnation)
        self.end.enrol(shop.office)
        self.end.greet(shop.office)
        self.sales = 0

    def open(self) -> None:
        """Open the ledger, as at every start."""
        self.ledger: Ledger = open_ledger(
            self.folder, clock=self.shop.clock, new_id=lambda: self._id, plan=SMALL_LOG
        )

    def write(self, change: Callable[[Transaction], T]) -> T:
        return self.ledger.write(change).result(timeout=10)

    def entries(self) -> list[Entry]:
        return [entry_from(body) for _, body, _ in self.ledger.read.entries(0, 100_000)]

    def usable(self) -> int:
        return self.ledger.read.usable("m-1", self.shop.clock.now().date()).get("points", 0)

    def redeem(self, points: int, *, closes: bool = True) -> int:
        """Sell for points, as far as there are any; return how many."""
        self.sales += 1
        receipt, day = f"{self.name}-{self.sales}", self.shop.clock.now().date()

        def change(tx: Transaction) -> int:
            taken = tx.take("m-1", "points", points, day)
            tx.append(Draft("RECEIPT", receipt=receipt, account="m-1", data={}))
            for number in sorted({one.allowance for one in taken}):
                lots = [(one.lot, -one.amount) for one in taken if one.allowance == number]
                tx.append(
                    Draft(
                        "REDEEM", receipt=receipt, part=f"points/{number}", account="m-1", unit="points",
                        amount=sum(amount for _, amount in lots), lots=lots, allowance=number,
                    )
                )  # fmt: skip
            if closes:
                tx.close_allowances("m-1", receipt)
            return sum(one.amount for one in taken)

        return self.write(change)

    def void_last(self) -> None:
        """Undo the last redemption that was not undone."""
        undone = {tuple(one.data["of"]) for one in self.entries() if one.kind == "REVERSE"}
        spent = [
            one for one in self.entries() if one.kind == "REDEEM" and (one.incarnation, one.seq) not in undone
        ]
        if spent:
            of = spent[-1]
            lots = [(lot, -amount) for lot, amount in of.lots]
            data = {"undoes": "REDEEM", "of": [of.incarnation, of.seq]}
            self.write(
                lambda tx: tx.append(
                    Draft(
                        "REVERSE", receipt=of.receipt, part=of.part, account="m-1", unit="points",
                        amount=-of.amount, lots=lots, data=data,
                    )
                )
            )  # fmt: skip

    def close_all(self) -> None:
        self.write(lambda tx: tx.close_allowances("m-1", ""))

    def push(self, count: int = 1000) -> None:
        """Send head office up to so many entries."""
        self.end.bodies = [body for _, body, _ in self.ledger.read.entries(0, 100_000)]
        first = self.shop.office.segments.received(self.ledger.incarnation)[0] + 1
        last = min(first + count - 1, len(self.end.bodies))
        if last >= first:
            self.end.push(self.shop.office, first, last)

    def book(self) -> None:
        while book_some(self.shop.office.store, self.shop.office.segments, self.ledger.incarnation, agree):
            pass


class Shop:
    """Head office, the pool and two tills; member m-1 owns 800 points in two lots."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.clock = folder, StillClock()
        self.office = Office(folder / "office", self.clock, serving=True)
        import_members(self.office, MEMBERS, name="members.csv")
        self.pool = Journal(self, "12-1", 0xA1)
        self.tills = [Journal(self, "12-2", 0xB2), Journal(self, "12-3", 0xC3)]
        self.lines = [Line(lambda: self.desk, till.name) for till in self.tills]
        self.requests = 0
        self.restart_pool(first=True)
        self.tell_peers()
        self.sessions = [
            PoolSession(till.ledger, line, clock=self.clock, program_version="0")
            for till, line in zip(self.tills, self.lines, strict=True)
        ]

    def run(self, work: Any) -> Any:
        return asyncio.run(work)

    def restart_pool(self, *, first: bool = False) -> None:
        if not first:
            self.pool.ledger.close()
            self.pool.open()
        self.desk = PoolDesk(self.pool.ledger, today=lambda: self.clock.now().date())

    def tell_peers(self) -> None:
        """Let head office tell the pool who its tills are, as with its news."""
        publisher = self.office.publisher.public_key().public_bytes_raw()
        peers = PoolPeers(self.pool.ledger, "12", publisher_key=publisher)
        page = delta.page(self.office, "12-1", Pull(self.pool.ledger.incarnation, 0, peers=peers.known()))
        assert isinstance(page, Delta)
        self.run(peers.take(page.peers))

    def give(self, amount: int) -> int:
        """Let head office set points aside for the pool; return how many."""
        self.requests += 1
        request = AllowanceRequest(self.pool.ledger.incarnation, f"r{self.requests}", "m-1", "points", amount)
        told = allowances.answer(self.office, "12-1", request)
        if not isinstance(told, Allowance):
            return 0
        assert self.pool.write(lambda tx: tx.accept_allowance(told))
        return told.amount

    def place(self, amount: int) -> int:
        """Let head office place stock with the pool, which hears of it with its next news."""
        self.requests += 1
        order = Order(self.pool.ledger.incarnation, "m-1", "points", amount, f"s{self.requests}")
        return place(self.office, [order], honour=timedelta(days=90))

    def pull(self) -> None:
        """Let the pool hear its news: stock placed with it, and stock wanted back."""
        reader = self.pool.ledger.read
        pull = Pull(reader.incarnation, reader.mark("cursor"), stock=reader.mark("stock"))
        page = delta.page(self.office, "12-1", pull)
        assert isinstance(page, Delta)
        # Members' figures are not what this is about: an entry of theirs may not be booked yet.
        told = msgspec.structs.replace(page, members=[], booked_seq=-1)
        self.pool.write(lambda tx: tx.apply_delta(told))

    def ask_head_office(self, at: int, minimum: int) -> int:
        """Let a till ask head office for points, which recalls stock where too few are free."""
        till = self.tills[at]
        self.requests += 1
        request = AllowanceRequest(
            till.ledger.incarnation, f"o{self.requests}", "m-1", "points", 1000, minimum=minimum
        )
        told = allowances.answer(self.office, till.name, request)
        if not isinstance(told, Allowance):
            return 0
        assert till.write(lambda tx: tx.accept_allowance(told))
        return told.amount

    def ask(self, at: int, fate: str = "heard") -> int:
        """Let a till ask the pool at a card read; return how many loans came."""
        self.lines[at].fate = fate
        asked = ask_pool(self.tills[at].ledger, self.lines[at], "m-1", ["points"], deadline_s=5.0)
        return int(self.run(asked).given)

    def talk(self, at: int, fate: str = "heard") -> None:
        """Let a till greet and push to the pool."""
        self.lines[at].fate = fate
        try:
            self.run(self.sessions[at].turn())
        except SyncError as failure:
            self.sessions[at].hang_up(str(failure))

    def sync(self) -> None:
        """Let everybody hear everything, the pool first."""
        for at in range(2):
            self.talk(at)
        for journal in [self.pool, *self.tills]:
            journal.push()
            journal.book()

    @property
    def journals(self) -> list[Journal]:
        return [self.pool, *self.tills]

    def free(self) -> int:
        return sum(int(row["free"]) for row in free_lots(self.office.store, "m-1", "points"))

    def spent(self) -> int:
        """Return what was spent at all tills and not given back by a reversal that is booked."""
        entries = [one for journal in self.journals for one in journal.entries()]
        spent = -sum(one.amount for one in entries if one.kind == "REDEEM")
        row = self.office.store.row(
            "SELECT COALESCE(sum(amount), 0) AS points FROM entry WHERE kind = 'REVERSE' AND parked = 0"
        )
        assert row is not None
        return spent - int(row["points"])

    def broken(self) -> list[str]:
        """Name every invariant that does not hold now."""
        store = self.office.store
        found = [
            f"{name}: {tuple(row)}"
            for name, rows in {
                "I1 allowance": audit.overspent_allowances(store),
                "I1 loans": audit.uneven_loans(store),
                "I1 sum": audit.uneven_allowances(store),
                "I2": audit.uneven_accounts(store),
                "I3": audit.set_aside_beyond_owned(store),
                "parked": store.rows(
                    # Receipts here carry no basket, which is all that is wrong with them.
                    "SELECT seq, entry.kind, detail FROM entry JOIN difference USING (incarnation, seq)"
                    " WHERE parked <> 0 AND entry.kind <> 'RECEIPT'"
                ),
            }.items()
            for row in rows
        ]
        free, usable, spent = self.free(), sum(one.usable() for one in self.journals), self.spent()
        if free < 0:
            found.append(f"I1: free {free}")
        if free + usable + spent > OWNED:
            found.append(f"I3: {free} free + {usable} usable + {spent} spent > {OWNED}")
        return found

    def close(self) -> None:
        for journal in self.journals:
            journal.ledger.close()
        self.office.close()
