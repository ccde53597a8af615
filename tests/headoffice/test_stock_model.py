"""Two tills and a head office, all lost, late, twice, out of turn: nothing is overspent, all comes home.

I1 spent ≤ issued, I2 an account is the sum of its entries, I3 what is set aside is owned: after every step.
"""

import shutil
import tempfile
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from agent.headoffice import allowances, delta, stock
from agent.headoffice.booking import book_all
from agent.headoffice.member_import import import_members
from agent.headoffice.office import Office
from agent.headoffice.publish import publish
from agent.headoffice.stock import Order
from agent.headoffice.store import audit
from agent.headoffice.store.allowances import free_lots
from agent.journal.entry import Draft, entry_from
from agent.ledger.ledger import Ledger, open_ledger
from agent.ledger.transaction import Transaction
from agent.ledger.verify import verify
from agent.sync.pull import pieces
from agent.sync.wire import Allowance, AllowanceRequest, Delta, Pull
from tests.headoffice.conftest import MEMBERS
from tests.headoffice.till_end import PROGRAMME, StillClock, TillEnd, agree, differences, rows

OPENING = 800
TILL = st.sampled_from([0, 1])
POINTS = st.integers(1, 400)
RARELY = st.sampled_from([False, False, True])
FAR_MS = 2**50
MEMORY = Path("/dev/shm")


class Lane:
    """A till with a real ledger; `mail` is what head office said and the network has not brought yet."""

    def __init__(self, office: Office, folder: Path, at: int, clock: StillClock) -> None:
        self.office, self.clock, self.folder, self.at = office, clock, folder / f"till-{at}", at
        self.open()
        self.end = TillEnd(f"12-{at}", self.ledger.incarnation)
        self.end.enrol(office)
        self.end.greet(office)
        self.mail: list[Allowance | Delta] = []
        self.requests = self.receipts = self.spent = 0
        self.held = ""

    def open(self) -> None:
        self.ledger: Ledger = open_ledger(self.folder, clock=self.clock, new_id=lambda: f"{self.at + 1:032x}")

    def do(self, change: Callable[[Transaction], Any]) -> Any:
        return self.ledger.write(change).result(10)

    def fetch(self) -> Delta:
        read = self.ledger.read
        page = delta.page(
            self.office, self.end.name, Pull(read.incarnation, read.mark("cursor"), stock=read.mark("stock"))
        )
        assert isinstance(page, Delta)
        return page

    def take_in(self, told: Allowance | Delta) -> None:
        if isinstance(told, Allowance):
            self.do(lambda tx: tx.accept_allowance(told))
            return
        for piece in pieces(told):
            self.do(partial(Transaction.apply_delta, delta=piece))

    def spend(self, points: int, receipt: str) -> None:
        def pay(tx: Transaction) -> int:
            taken = tx.take_held(receipt, "m-1", {"points": points})["points"]
            tx.release_hold(receipt)
            for number in sorted({one.allowance for one in taken}):
                lots = [(one.lot, -one.amount) for one in taken if one.allowance == number]
                amount = sum(points for _, points in lots)
                tx.append(
                    Draft(
                        "REDEEM", receipt=receipt, part=f"points/{number}", account="m-1", unit="points",
                        amount=amount, lots=lots, allowance=number,
                    )
                )  # fmt: skip
            tx.close_allowances("m-1", receipt)
            return sum(one.amount for one in taken)

        self.spent += self.do(pay)

    def push(self) -> None:
        self.end.bodies = [body for _, body, _ in self.ledger.read.entries(0, 100_000)]
        if len(self.end.bodies) > self.office.segments.received(self.end.incarnation)[0]:
            self.end.push(self.office)
        book_all(self.office.store, self.office.segments, agree)


class StockMachine(RuleBasedStateMachine):
    """Place, ask, recall, spend, hold, declare, wait; what was said comes late, twice or never."""

    def __init__(self) -> None:
        super().__init__()
        # In memory where there is such a folder: here it is the order that matters, not the disk.
        self.folder = Path(tempfile.mkdtemp(dir=MEMORY if MEMORY.is_dir() else None))
        self.clock = StillClock()
        self.office = Office(self.folder / "state", self.clock, serving=True)
        publish(self.office, PROGRAMME, name="household-club.toml")
        import_members(self.office, MEMBERS, name="members.csv")
        self.lanes = [Lane(self.office, self.folder, at, self.clock) for at in (0, 1)]
        self.orders = self.earned = 0

    @initialize()
    def tell(self) -> None:
        for lane in self.lanes:
            lane.take_in(lane.fetch())

    @rule(at=TILL, points=POINTS, days=st.integers(2, 40), is_late=RARELY)
    def place(self, at: int, points: int, days: int, *, is_late: bool) -> None:
        self.orders += 1
        order = Order(self.lanes[at].end.incarnation, "m-1", "points", points, f"s-{self.orders}")
        stock.place(self.office, [order, order], honour=timedelta(days=days))
        self.fetch(at, is_late=is_late)

    @rule(at=TILL)
    def want_all(self, at: int) -> None:
        """More than there is: whatever lies with the other till is recalled."""
        self.ask(at, 10_000, is_new=True, is_late=True)

    @rule(at=TILL, minimum=POINTS, is_new=st.booleans(), is_late=RARELY)
    def ask(self, at: int, minimum: int, *, is_new: bool, is_late: bool) -> None:
        lane = self.lanes[at]
        lane.requests += is_new
        request = AllowanceRequest(
            lane.end.incarnation, f"r-{lane.requests}", "m-1", "points", 2 * minimum, minimum
        )
        answer = allowances.answer(self.office, lane.end.name, request)
        if isinstance(answer, Allowance):
            lane.mail.append(answer)
            if not is_late:
                lane.take_in(answer)

    @rule(at=TILL, is_late=RARELY)
    def fetch(self, at: int, *, is_late: bool) -> None:
        page = self.lanes[at].fetch()
        self.lanes[at].mail.append(page)
        if not is_late:
            self.lanes[at].take_in(page)

    @rule(at=TILL, which=st.integers(0, 9))
    def deliver(self, at: int, which: int) -> None:
        """Bring something that was said before, in any order, and perhaps not for the first time."""
        mail = self.lanes[at].mail
        if mail:
            self.lanes[at].take_in(mail[which % len(mail)])

    @precondition(lambda self: any(self.usable(at) for at in (0, 1)))
    @rule(at=TILL, points=POINTS, is_pushed=st.booleans())
    def spend(self, at: int, points: int, *, is_pushed: bool) -> None:
        at = at if self.usable(at) else 1 - at
        self.lanes[at].receipts += 1
        self.lanes[at].spend(points, f"{at}-{self.lanes[at].receipts}")
        if is_pushed:
            self.lanes[at].push()

    @precondition(lambda self: any(self.usable(at) for at in (0, 1)))
    @rule(at=TILL, points=POINTS)
    def hold(self, at: int, points: int) -> None:
        at = at if self.usable(at) else 1 - at
        lane, points = self.lanes[at], min(points, self.usable(at))
        if not lane.held:
            lane.receipts += 1
            lane.held = f"{at}-{lane.receipts}"
            lane.do(lambda tx: tx.place_hold(lane.held, "m-1", {"points": points}, until_ms=FAR_MS))

    @precondition(lambda self: any(lane.held for lane in self.lanes))
    @rule(is_paid=st.booleans(), points=POINTS)
    def end_hold(self, points: int, *, is_paid: bool) -> None:
        """Pay what is held, or give it back, whatever was recalled or ended meanwhile."""
        for lane in self.lanes:
            if lane.held and is_paid:
                lane.spend(points, lane.held)
                lane.push()
            elif lane.held:
                lane.do(partial(Transaction.release_hold, receipt_id=lane.held))
            lane.held = ""

    def usable(self, at: int) -> int:
        return self.lanes[at].ledger.read.usable("m-1", self.clock.now().date()).get("points", 0)

    @rule(at=TILL, points=POINTS)
    def earn(self, at: int, points: int) -> None:
        lane = self.lanes[at]
        lane.receipts += 1
        draft = Draft(
            "EARN",
            receipt=f"{at}-{lane.receipts}",
            part="points/",
            account="m-1",
            unit="points",
            amount=points,
        )
        lane.do(lambda tx: tx.append(draft))

    @rule(at=TILL, is_restarted=RARELY)
    def push(self, at: int, *, is_restarted: bool) -> None:
        if is_restarted:
            self.lanes[at].ledger.close()
            self.lanes[at].open()
        self.lanes[at].push()

    @rule(at=TILL)
    def declare(self, at: int) -> None:
        """Declare what WELCOME told, whether or not the news came: safe either way."""
        lane = self.lanes[at]
        highest = lane.end.greet(self.office).highest_number
        lane.do(partial(Transaction.declare, highest=highest))
        lane.push()

    @rule(at=TILL)
    def give_back(self, at: int) -> None:
        self.lanes[at].do(Transaction.close_due)
        self.lanes[at].push()

    @rule(days=st.integers(1, 5))
    def wait(self, days: int) -> None:
        self.clock.advance(days=days)

    @invariant()
    def nothing_is_overspent(self) -> None:
        store = self.office.store
        for broken in (audit.overspent_allowances, audit.uneven_accounts, audit.set_aside_beyond_owned):
            assert [tuple(row) for row in broken(store)] == [], broken.__name__
        assert differences(self.office) == [], "no entry of an honest till is parked"
        ((earned,),) = rows(self.office, "SELECT coalesce(sum(amount), 0) FROM entry WHERE kind = 'EARN'")
        assert sum(lane.spent for lane in self.lanes) <= OPENING + earned
        assert all(row["free"] >= 0 for row in free_lots(store, "m-1", "points"))

    def teardown(self) -> None:
        """Let all come once more, too late, and be spent if it can; then all the rest is free again."""
        try:
            for at in (0, 1):
                self.declare(at)
            self.end_hold(400, is_paid=True)
            for at, lane in enumerate(self.lanes):
                for told in (*lane.mail, *lane.mail, lane.fetch()):
                    lane.take_in(told)
                self.spend(at, 10_000, is_pushed=True)
                self.nothing_is_overspent()
            self.clock.advance(days=50)
            for at, lane in enumerate(self.lanes):
                self.declare(at)
                self.give_back(at)
                assert lane.ledger.read.held_by_purpose() == {}
            self.nothing_is_overspent()
            earned = sum(
                entry.amount
                for lane in self.lanes
                for entry in (entry_from(body) for body in lane.end.bodies)
                if entry.kind == "EARN"
            )
            free = sum(row["free"] for row in free_lots(self.office.store, "m-1", "points"))
            assert free == OPENING + earned - sum(lane.spent for lane in self.lanes)
            assert rows(self.office, "SELECT count(*) FROM allowance WHERE state = 'OPEN'") == [(0,)]
        finally:
            for lane in self.lanes:
                lane.ledger.close()
            self.office.close()
        reports = [verify(lane.folder) for lane in self.lanes]
        shutil.rmtree(self.folder)
        assert all(report.ok for report in reports), reports


TestStockMachine = pytest.mark.long(StockMachine.TestCase)
TestStockMachine.settings = settings(max_examples=60, stateful_step_count=30)
