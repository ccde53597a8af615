"""Own entries that head office has not booked yet count in what a member has, also after a restart."""

from pathlib import Path

from agent.ledger.database import connect
from agent.ledger.ledger import Ledger
from agent.ledger.transaction import Transaction
from agent.ledger.unbooked import Unbooked, read_unbooked
from tests.ledger.rigs import do, earn, facts, opened, tell


def sell(ledger: Ledger, *receipts: str) -> None:
    def change(tx: Transaction) -> None:
        for receipt in receipts:
            for draft in earn(5, receipt):
                tx.append(draft)

    do(ledger, change)


def test_entries_count_until_head_office_has_booked_them(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        tell(ledger, facts())
        sell(ledger, "r1", "r2")
        assert ledger.read.balance("m1", "points") == 10
        tell(ledger, facts(lot=5), version=2, booked=2)
        assert ledger.read.balance("m1", "points") == 10


def test_a_restart_finds_them_in_the_journal(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        tell(ledger, facts())
        sell(ledger, "r1", "r2")
    with opened(tmp_path) as again:
        assert again.read.balance("m1", "points") == 10
        sell(again, "r3")
        assert again.read.balance("m1", "points") == 15


def test_an_open_transaction_counts_its_own_entries(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        tell(ledger, facts())

        def change(tx: Transaction) -> int:
            for draft in earn(5, "r1"):
                tx.append(draft)
            return tx.balance("m1", "points")

        assert do(ledger, change) == 5


def test_what_was_undone_is_not_remembered(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        tell(ledger, facts())

        def change(tx: Transaction) -> None:
            for draft in earn(5, "r1"):
                tx.append(draft)
            raise KeyError

        failed = ledger.write(change).exception(timeout=10)
        assert isinstance(failed, KeyError)
        sell(ledger, "r2")
        assert ledger.read.balance("m1", "points") == 5


def test_a_reader_with_an_older_view_still_finds_what_was_booked_meanwhile() -> None:
    unbooked = Unbooked()
    for seq in (1, 2, 3):
        unbooked.add("m1", seq)
    unbooked.booked(2)
    assert unbooked.above("m1", 0) == [1, 2, 3]
    unbooked.booked(3)
    assert unbooked.above("m1", 0) == [3]
    unbooked.booked(3)
    assert unbooked.above("m1", 0) == []


def test_reading_starts_above_the_booked_mark(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        tell(ledger, facts())
        sell(ledger, "r1", "r2", "r3")
        last = ledger.read.head()[0]
        tell(ledger, facts(), version=2, booked=last - 1)
    found = read_unbooked(connect(tmp_path / "ledger.db", read_only=True))
    assert found.above("m1", 0) == [last]
