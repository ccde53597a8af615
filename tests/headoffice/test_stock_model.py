"""Two tills and a head office, all lost, late and out of turn: nothing is overspent, and all comes home.

I1 spent ≤ issued, I2 an account is the sum of its entries, I3 what is set aside is owned: after every step.
"""

import shutil
import tempfile
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

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
POINTS = st.integers(1, 900)
FAR_MS = 2**50


class Lane:
    """A till with a real ledger; `mail` is what head office said and the network has not brought yet."""

    def __init__(self, office: Office, folder: Path, at: int, clock: StillClock) -> None:
        self.office, self.clock, self.folder, self.at = office, clock, folder / f"till-{at}", at
        self.open()
        self.end = TillEnd(f"12-{at}", self.ledger.incarnation)
        self.end.enrol(office)
        self.highest = self.end.greet(office).highest_number
        self.mail: list[Allowance | Delta] = []
        self.requests = self.receipts = self.spent = 0

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
    """Place, ask, recall, spend, hold, declare, wait; pages and answers come whenever they like."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
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

    @rule(at=TILL, points=POINTS, days=st.integers(1, 40))
    def place(self, at: int, points: int, days: int) -> None:
        self.orders += 1
        order = Order(self.lanes[at].end.incarnation, "m-1", "points", points, f"s-{self.orders}")
        stock.place(self.office, [order, order], honour=timedelta(days=days))

    @rule(at=TILL, minimum=POINTS, is_new=st.booleans())
    def ask(self, at: int, minimum: int, *, is_new: bool) -> None:
        lane = self.lanes[at]
        lane.requests += is_new
        request = AllowanceRequest(
            lane.end.incarnation, f"r-{lane.requests}", "m-1", "points", 10_000, minimum
        )
        answer = allowances.answer(self.office, lane.end.name, request)
        if isinstance(answer, Allowance):
            lane.mail.append(answer)

    @rule(at=TILL)
    def fetch(self, at: int) -> None:
        self.lanes[at].mail.append(self.lanes[at].fetch())

    @rule(at=TILL, which=st.integers(0, 9), is_kept=st.booleans())
    def deliver(self, at: int, which: int, *, is_kept: bool) -> None:
        mail = self.lanes[at].mail
        if mail:
            told = mail[which % len(mail)] if is_kept else mail.pop(which % len(mail))
            self.lanes[at].take_in(told)

    @rule(at=TILL, which=st.integers(0, 9))
    def lose(self, at: int, which: int) -> None:
        mail = self.lanes[at].mail
        if mail:
            mail.pop(which % len(mail))

    @rule(at=TILL, points=POINTS)
    def spend(self, at: int, points: int) -> None:
        self.lanes[at].receipts += 1
        self.lanes[at].spend(points, f"{at}-{self.lanes[at].receipts}")

    @rule(at=TILL, points=POINTS)
    def hold(self, at: int, points: int) -> None:
        lane = self.lanes[at]
        usable = lane.ledger.read.usable("m-1", self.clock.now().date()).get("points", 0)
        if usable:
            points = min(points, usable)
            lane.do(lambda tx: tx.place_hold(f"{at}-h", "m-1", {"points": points}, until_ms=FAR_MS))

    @rule(at=TILL)
    def let_go(self, at: int) -> None:
        self.lanes[at].do(lambda tx: tx.release_hold(f"{at}-h"))

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

    @rule(at=TILL)
    def push(self, at: int) -> None:
        self.lanes[at].push()

    @rule(at=TILL)
    def greet(self, at: int) -> None:
        self.lanes[at].highest = self.lanes[at].end.greet(self.office).highest_number

    @rule(at=TILL)
    def declare(self, at: int) -> None:
        """Declare what WELCOME told, whether or not the news came: safe either way."""
        lane = self.lanes[at]
        lane.do(lambda tx: tx.declare(lane.highest))

    @rule(at=TILL)
    def give_back(self, at: int) -> None:
        self.lanes[at].do(Transaction.close_due)

    @rule(at=TILL)
    def restart(self, at: int) -> None:
        self.lanes[at].ledger.close()
        self.lanes[at].open()

    @rule(days=st.integers(1, 20))
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
        """Let everything arrive and every honour-until pass: all that is not spent is free again."""
        try:
            self.clock.advance(days=50)
            for lane in self.lanes:
                for told in lane.mail:
                    lane.take_in(told)
                lane.highest = lane.end.greet(self.office).highest_number
                lane.take_in(lane.fetch())
                lane.do(partial(Transaction.declare, highest=lane.highest))
                lane.do(partial(Transaction.release_hold, receipt_id=f"{lane.at}-h"))
                lane.do(Transaction.close_due)
                lane.push()
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


TestStockMachine = StockMachine.TestCase
TestStockMachine.settings = settings(max_examples=20, stateful_step_count=30)
