"""Old entries that head office has booked leave the till; what is left is as sound as before."""

from pathlib import Path

import pytest

from agent.errors import LedgerDamaged
from agent.journal.entry import Draft
from agent.ledger.backup import backup, restore
from agent.ledger.database import connect
from agent.ledger.ledger import Ledger
from agent.ledger.transaction import Transaction
from agent.ledger.verify import verify
from tests.ledger.rigs import DAY, ToldClock, allowance, do, facts, ids, opened, tell

DAY_MS = 86_400_000


def sell(ledger: Ledger, receipt: str, *, spend: int = 0) -> None:
    def change(tx: Transaction) -> None:
        tx.append(Draft("RECEIPT", receipt=receipt, account="m1", data={"basket": {"lines": []}}))
        tx.append(Draft("EARN", receipt=receipt, part="points/", account="m1", unit="points", amount=7))
        for one in tx.take("m1", "points", spend, DAY):
            tx.append(
                Draft(
                    "REDEEM", receipt=receipt, part=str(one.allowance), account="m1", unit="points",
                    amount=-one.amount, lots=[(one.lot, -one.amount)], allowance=one.allowance,
                )
            )  # fmt: skip
        tx.put_receipt(receipt, state="committed", content_hash=b"h", answer={"of": receipt}, member="m1")

    do(ledger, change)


def book(ledger: Ledger, seq: int) -> None:
    """Let head office acknowledge and book everything up to an entry."""
    held = ledger.read.hash_of(seq)
    assert held is not None
    do(ledger, lambda tx: tx.acknowledge(ledger.incarnation, seq, held))
    do(ledger, lambda tx: tx.set_mark("booked", seq))


def let_go(ledger: Ledger, clock: ToldClock, *, days: int = 90, kept: int = 3) -> int:
    before_ms = int(clock.now().timestamp() * 1000) - days * DAY_MS
    total = 0
    while gone := do(ledger, lambda tx: tx.let_go(before_ms, kept=kept)):
        total += gone
    return total


def test_a_journal_that_begins_later_verifies_opens_sells_and_is_copied(tmp_path: Path) -> None:
    clock = ToldClock()
    with opened(tmp_path / "state", clock) as ledger:
        tell(ledger, facts(e20=500))
        for number in range(10):
            sell(ledger, f"r{number}")
        head = ledger.read.head()
        book(ledger, 12)
        clock.move(days=100)
        assert let_go(ledger, clock) == 12
        assert ledger.read.head() == head
        assert [seq for seq, _, _ in ledger.read.entries(0, 1)] == [13]
        assert ledger.idle_check.step() is False
        assert ledger.idle_check.as_json() == {"verified_seq": 20, "rounds": 1, "problem": ""}
        sell(ledger, "later")
    report = verify(tmp_path / "state")
    assert (report.ok, report.entries, report.last) == (True, 10, 22)
    assert report.as_text().endswith("all as written (the first 12 were let go)")
    with opened(tmp_path / "state", clock) as ledger:
        sell(ledger, "again")
        backup(tmp_path / "state", tmp_path / "copy.db")
    restore(tmp_path / "state", tmp_path / "copy.db", clock=clock, new_id=ids(7))
    with opened(tmp_path / "state", clock) as ledger:
        found = ledger.read.receipt("again")
        assert found is not None
        assert ledger.read.receipt("r0") is None


def test_only_what_is_old_acknowledged_and_booked_goes(tmp_path: Path) -> None:
    clock = ToldClock()
    with opened(tmp_path, clock) as ledger:
        for number in range(5):
            sell(ledger, f"r{number}")
        clock.move(days=50)
        sell(ledger, "young")
        clock.move(days=50)
        for number in range(5):
            sell(ledger, f"s{number}")
        assert let_go(ledger, clock) == 0
        book(ledger, 4)
        assert let_go(ledger, clock) == 4
        book(ledger, ledger.read.head()[0])
        assert let_go(ledger, clock) == 6, "an entry of 50 days is kept for 90"
        assert let_go(ledger, clock, days=1) == 2, "the last ones stay"


def test_a_receipt_that_lost_an_entry_is_unknown_and_cannot_be_paid_again(tmp_path: Path) -> None:
    clock = ToldClock()
    with opened(tmp_path, clock) as ledger:
        sell(ledger, "old")
        clock.move(days=100)
        do(ledger, lambda tx: tx.append(Draft("RETURN", receipt="old", part="b1", account="m1")))
        sell(ledger, "new")
        book(ledger, ledger.read.head()[0])
        assert let_go(ledger, clock, kept=0) == 2
        assert ledger.read.receipt("old") is None
        with pytest.raises(Exception, match="has its RECEIPT"):
            sell(ledger, "old")
    assert verify(tmp_path).ok


def test_what_let_go_entries_spent_stays_spent_and_is_proved(tmp_path: Path) -> None:
    clock = ToldClock()
    with opened(tmp_path, clock) as ledger:
        tell(ledger, facts(e20=500))
        given = allowance(ledger, 1, a=100)
        do(ledger, lambda tx: tx.accept_allowance(given))
        sell(ledger, "spent", spend=60)
        book(ledger, ledger.read.head()[0])
        clock.move(days=100)
        do(ledger, lambda tx: tx.close_allowances("m1", ""))
        assert let_go(ledger, clock, kept=1) == 3
        assert ledger.read.usable("m1", DAY) == {}
    assert verify(tmp_path).ok
    db = connect(tmp_path / "ledger.db")
    db.execute("UPDATE allowance_base SET spent = 59")
    db.close()
    assert [one.where for one in verify(tmp_path).problems] == [
        "table allowance_lot, row 1",
        "table allowance_base, row 1",
    ]


def test_a_hold_that_lapsed_long_ago_does_not_keep_the_journal(tmp_path: Path) -> None:
    clock = ToldClock()
    with opened(tmp_path, clock) as ledger:
        tell(ledger, facts(e20=500))
        given = allowance(ledger, 1, a=100)
        do(ledger, lambda tx: tx.accept_allowance(given))
        until_ms = int(clock.now().timestamp() * 1000)
        do(ledger, lambda tx: tx.place_hold("left", "m1", {"points": 10}, until_ms=until_ms, day=DAY))
        sell(ledger, "after")
        book(ledger, ledger.read.head()[0])
        clock.move(days=100)
        assert let_go(ledger, clock, kept=1) == 3
        assert ledger.read.hold("left") is None
    assert verify(tmp_path).ok


def test_a_journal_whose_beginning_was_forgotten_is_damaged(tmp_path: Path) -> None:
    clock = ToldClock()
    with opened(tmp_path, clock) as ledger:
        for number in range(3):
            sell(ledger, f"r{number}")
        book(ledger, 6)
        clock.move(days=100)
        assert let_go(ledger, clock) == 3
    db = connect(tmp_path / "ledger.db")
    db.execute("DELETE FROM mark WHERE name = 'compacted_hash'")
    db.close()
    assert not verify(tmp_path).ok
    with pytest.raises(LedgerDamaged, match="after which the journal begins"), opened(tmp_path, clock):
        pass
