"""Whatever happens in whatever order, the ledger agrees with a page of arithmetic."""

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from agent.errors import Refused
from agent.journal.entry import entry_from
from agent.ledger.ledger import Ledger, open_ledger
from agent.ledger.verify import verify
from tests.ledger.rigs import LATER_MS, ToldClock, allowance, balance, do, earn, facts, ids, pay, tell, usable


class LedgerMachine(RuleBasedStateMachine):
    """Earn, spend, hold, hear from head office, restart; `office` books as head office would."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.ledger: Ledger = open_ledger(self.folder, clock=ToldClock(), new_id=ids())
        self.total = 100
        self.office = 100
        self.allowed = self.held = self.number = self.receipts = self.version = 0
        self.first_lot_left = 100
        self.holder = ""

    @initialize()
    def enrol(self) -> None:
        self.version = 1
        tell(self.ledger, facts(a=100))

    @rule(points=st.integers(1, 50))
    def earn(self, points: int) -> None:
        self.receipts += 1
        drafts = earn(points, f"e{self.receipts}")
        do(self.ledger, lambda tx: [tx.append(draft) for draft in drafts])
        self.total += points

    @rule(points=st.integers(1, 60))
    def allow(self, points: int) -> None:
        """Head office sets aside no more than the first lot has left."""
        points = min(points, self.first_lot_left - self.allowed)
        if points > 0:
            self.number += 1
            given = allowance(self.ledger, self.number, a=points)
            assert do(self.ledger, lambda tx: tx.accept_allowance(given))
            assert not do(self.ledger, lambda tx: tx.accept_allowance(given))
            self.allowed += points

    @rule(points=st.integers(1, 120))
    def hold(self, points: int) -> None:
        if points > self.allowed:
            with pytest.raises(Refused) as refused:
                self._place(points)
            assert refused.value.values["max"] == self.allowed
        else:
            self._place(points)
            self.held = points

    def _place(self, points: int) -> None:
        do(self.ledger, lambda tx: tx.place_hold("h", "m1", {"points": points}, until_ms=LATER_MS))

    @rule()
    def release(self) -> None:
        assert do(self.ledger, lambda tx: tx.release_hold("h")) == (self.held > 0)
        self.held = 0

    @rule(points=st.integers(1, 120))
    def spend(self, points: int) -> None:
        """Pay another receipt; what is held elsewhere stays, and idle allowances go home."""
        self.receipts += 1
        taken = do(self.ledger, lambda tx: pay(tx, f"p{self.receipts}", points))
        assert taken == min(points, self.allowed - self.held)
        self.total -= taken
        self.first_lot_left -= taken
        rows = self.ledger.read.entries(0, 100_000)
        assert entry_from(rows[-1][1]).receipt == f"p{self.receipts}"
        self.allowed = self.held + usable(self.ledger)

    @rule()
    def pull(self) -> None:
        """Head office has booked all we wrote and says so."""
        self.version += 1
        head = self.ledger.read.head()[0]
        rest = self.total - self.first_lot_left
        tell(self.ledger, facts(a=self.first_lot_left, rest=rest), version=self.version, booked=head)

    @rule()
    def restart(self) -> None:
        self.ledger.close()
        self.ledger = open_ledger(self.folder, clock=ToldClock(), new_id=ids(99))

    @invariant()
    def figures_agree(self) -> None:
        if self.version:
            assert balance(self.ledger) == self.total
            assert usable(self.ledger) == self.allowed - self.held

    def teardown(self) -> None:
        self.ledger.close()
        report = verify(self.folder)
        shutil.rmtree(self.folder)
        assert report.ok, report.as_text()


TestLedgerMachine = LedgerMachine.TestCase
TestLedgerMachine.settings = settings(max_examples=25, stateful_step_count=25)
