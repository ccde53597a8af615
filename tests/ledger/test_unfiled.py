"""A receipt is found whether it is filed, waits to be, or lies in a journal that was put away."""

from pathlib import Path

import pytest

from agent.clock import random_id
from agent.errors import Conflict, LedgerDamaged
from agent.ledger.backup import restore
from agent.ledger.database import connect
from agent.ledger.ledger import Ledger
from agent.ledger.transaction import Transaction
from agent.ledger.unfiled import answered_bytes, answered_from
from agent.ledger.verify import verify
from tests.ledger.rigs import ToldClock, do, earn, opened


def sell(ledger: Ledger, receipt: str, *, due: int = 3) -> None:
    def change(tx: Transaction) -> None:
        for draft in earn(5, receipt):
            tx.append(draft)
        tx.put_receipt(receipt, state="committed", content_hash=b"h", answer={"due": due}, member="m1")

    do(ledger, change)


def settle(ledger: Ledger, receipt: str, state: str) -> None:
    def change(tx: Transaction) -> None:
        tx.put_receipt(receipt, state=state, content_hash=b"h", answer={}, member="m1")

    do(ledger, change)


def file(ledger: Ledger) -> None:
    do(ledger, lambda tx: tx.file_receipts())


def in_table(folder: Path) -> list[str]:
    db = connect(folder / "ledger.db", read_only=True)
    return [row[0] for row in db.execute("SELECT receipt FROM receipt ORDER BY receipt")]


def state_of(ledger: Ledger, receipt: str) -> str:
    found = ledger.read.receipt(receipt)
    return found.state if found is not None else ""


def test_a_receipt_waits_in_memory_until_an_idle_moment_files_it(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        sell(ledger, "r1")
        assert (state_of(ledger, "r1"), in_table(tmp_path)) == ("committed", [])
        ledger._writer._checkpoint()
        assert (state_of(ledger, "r1"), in_table(tmp_path)) == ("committed", ["r1"])
    assert verify(tmp_path).ok


def test_after_a_restart_it_is_found_in_the_journal_and_counts_once(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        sell(ledger, "r1")
        file(ledger)
        sell(ledger, "r2")
    assert verify(tmp_path).ok
    with opened(tmp_path) as again:
        assert [state_of(again, one) for one in ("r1", "r2")] == ["committed", "committed"]
        for known in ("r1", "r2"):
            with pytest.raises(Conflict):
                sell(again, known)


def test_what_a_later_transaction_says_of_a_waiting_receipt_counts(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        sell(ledger, "r1")
        settle(ledger, "r1", "voided")  # without an entry
        assert state_of(ledger, "r1") == "voided"
    with opened(tmp_path) as again:
        assert state_of(again, "r1") == "voided"
        assert len(again.read.entries_of("r1")) == 2
    assert verify(tmp_path).ok


def test_a_receipt_that_has_no_entry_is_filed_at_once(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        settle(ledger, "r1", "voided")
        assert in_table(tmp_path) == ["r1"]
        sell(ledger, "r1")
        assert state_of(ledger, "r1") == "committed"
    with opened(tmp_path) as again:
        assert state_of(again, "r1") == "committed"


def test_questions_inside_a_transaction_do_not_keep_its_receipt_from_being_noted(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:

        def change(tx: Transaction) -> None:
            for draft in earn(5, "r1"):
                tx.append(draft)
                assert tx.head()[0] == tx.appended
                assert tx.entries_of("r1")  # the rows are written now, before the receipt is answered
            tx.put_receipt("r1", state="committed", content_hash=b"h", answer={}, member="m1")

        do(ledger, change)
    with opened(tmp_path) as again:
        assert state_of(again, "r1") == "committed"
    assert verify(tmp_path).ok


def test_what_was_undone_leaves_nothing_in_memory(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:

        def change(tx: Transaction) -> None:
            for draft in earn(5, "r1"):
                tx.append(draft)
            tx.put_receipt("r1", state="committed", content_hash=b"h", answer={}, member="m1")
            raise KeyError

        assert isinstance(ledger.write(change).exception(timeout=10), KeyError)
        assert state_of(ledger, "r1") == ""
        sell(ledger, "r1", due=4)
        assert state_of(ledger, "r1") == "committed"


def test_a_journal_put_away_still_answers_for_receipts_it_never_filed(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        sell(ledger, "r1")
    restore(tmp_path, tmp_path / "ledger.db", clock=ToldClock(), new_id=random_id)
    with opened(tmp_path) as again:
        assert state_of(again, "r1") == "committed"


def test_what_is_not_as_it_was_written_is_not_believed(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        sell(ledger, "r1")
    db = connect(tmp_path / "ledger.db")
    db.execute("UPDATE journal SET answered = CAST(answered || x'00' AS BLOB) WHERE seq = 2")
    db.close()
    assert [one.where for one in verify(tmp_path).problems] == ["file"]
    with pytest.raises(LedgerDamaged, match="entry 2"), opened(tmp_path):
        pass


def test_rot_beside_an_entry_that_is_long_filed_is_found_too(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        sell(ledger, "r1")
        file(ledger)
    db = connect(tmp_path / "ledger.db")
    db.execute("UPDATE journal SET answered = x'93' WHERE seq = 2")
    db.close()
    assert [one.where for one in verify(tmp_path).problems] == ["entry 2"]


def test_bytes_beside_an_entry_belong_to_one_receipt() -> None:
    stored = ("committed", b"h", b"{}", "m1", b"\x90")
    told = answered_bytes("r1", stored)
    assert answered_from("r1", told) == stored
    assert answered_from("r2", told) is None
    assert answered_from("r1", told[:-1]) is None
