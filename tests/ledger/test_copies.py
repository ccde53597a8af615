"""Verifying sees every change; a backup is whole; a restored journal answers but never writes again."""

from functools import partial
from pathlib import Path
from random import Random

import pytest

from agent.clock import SystemClock
from agent.errors import LedgerBusy, LedgerDamaged, LedgerError
from agent.journal.entry import Draft
from agent.ledger.backup import backup, restore
from agent.ledger.database import connect
from agent.ledger.tools import balances, export_lines, open_to_read
from agent.ledger.transaction import Transaction
from agent.ledger.verify import verify
from agent.sync.wire import Delta, MemberRow
from tests.ledger.rigs import TAG, ToldClock, allowance, do, earn, facts, ids, opened, tell

FLIPS = 60


def fill(folder: Path, receipts: int = 3) -> None:
    with opened(folder) as ledger:
        tell(ledger, facts(e9=50))
        do(ledger, lambda tx: tx.accept_allowance(allowance(ledger, 1, e9=40)))

        def change(tx: Transaction) -> None:
            for number in range(receipts):
                for draft in earn(5, f"r{number}"):
                    tx.append(draft)
                tx.put_receipt(
                    f"r{number}", state="committed", content_hash=b"h", answer={"n": number}, member="m1"
                )
            tx.place_hold("open", "m1", {"points": 7}, until_ms=4_000_000_000_000)

        do(ledger, change)
        do(ledger, lambda tx: tx.file_receipts())


@pytest.mark.parametrize(
    ("sql", "where"),
    [
        ("UPDATE journal SET body = CAST(body || x'00' AS BLOB) WHERE seq = 3", "entry 3"),
        ("UPDATE journal SET account = 'm2' WHERE seq = 4", "entry 4"),
        ("DELETE FROM journal WHERE seq = 2", "entry 3"),
        ("UPDATE allowance_lot SET held = 0", "table allowance_lot, row 1"),
        ("DELETE FROM hold", "table hold, row open"),
        ("UPDATE allowance SET closed = 3", "table allowance, row 1"),
        ("UPDATE receipt SET effects = (SELECT effects FROM receipt WHERE receipt = 'r2')", "receipt open"),
        ("UPDATE receipt SET receipt = 'r9' WHERE receipt = 'r1'", "receipt r9"),
        ("DELETE FROM receipt WHERE receipt = 'r1'", "receipts"),
        ("INSERT INTO mark VALUES ('acknowledged', 99, '', x'')", "mark acknowledged"),
        ("UPDATE receipt SET answer = x'7b7d' WHERE receipt = 'r1'", "table receipt, row r1"),
        ("UPDATE allowance_lot SET amount = 41", "table allowance_lot, row 1"),
        ("UPDATE member SET version = 9", "table member, row m1"),
        ("UPDATE mark SET number = 7 WHERE name = 'cursor'", "table mark, row cursor"),
        ("ALTER TABLE hold ADD COLUMN note TEXT", "schema of hold"),
        ("DELETE FROM _sqlite_migrations", "migrations"),
    ],
)
def test_verify_names_the_first_bad_row_and_what_to_do(tmp_path: Path, sql: str, where: str) -> None:
    fill(tmp_path)
    assert verify(tmp_path).ok
    db = connect(tmp_path / "ledger.db")
    db.execute(sql)
    db.close()
    report = verify(tmp_path)
    assert report.problems[0].where == where
    assert report.problems[0].remedy
    assert where in report.as_text()
    assert report.as_json()["ok"] is False


def test_verify_sees_a_tail_cut_off_by_the_witness(tmp_path: Path) -> None:
    fill(tmp_path)
    db = connect(tmp_path / "ledger.db")
    db.execute("DELETE FROM journal WHERE seq = 7")
    db.execute("DELETE FROM hold")
    db.execute("DELETE FROM receipt WHERE receipt = 'open'")
    db.execute("UPDATE allowance_lot SET held = 0")
    db.execute("DELETE FROM mark WHERE name = 'filed'")
    db.close()
    assert [one.where for one in verify(tmp_path).problems] == ["witness"]


def test_flipped_bits_change_no_figure_unseen(tmp_path: Path) -> None:
    fill(tmp_path / "good", 40)
    path = tmp_path / "copy.db"
    backup(tmp_path / "good", path)
    (tmp_path / "bad").mkdir()
    clean, chance = path.read_bytes(), Random(1)
    expected = list(export_lines(tmp_path / "good", 0))
    for _ in range(FLIPS):
        flipped = bytearray(clean)
        flipped[chance.randrange(len(flipped))] ^= 1 << chance.randrange(8)
        (tmp_path / "bad" / "ledger.db").write_bytes(flipped)
        try:
            is_seen = not verify(tmp_path / "bad").ok
            is_same = is_seen or list(export_lines(tmp_path / "bad", 0)) == expected
        except LedgerError:
            continue
        assert is_seen or is_same


def test_a_backup_of_a_ledger_in_use_is_whole(tmp_path: Path) -> None:
    fill(tmp_path)
    with opened(tmp_path) as ledger:
        do(ledger, lambda tx: tx.append(Draft("NOTE")))
        report = backup(tmp_path, tmp_path / "copy.db")
        assert (report.ok, report.entries) == (True, 8)
    assert not list(tmp_path.glob("copy.db?*"))


def test_a_restored_journal_answers_and_a_new_incarnation_sells_without_allowances(tmp_path: Path) -> None:
    fill(tmp_path)
    backup(tmp_path, tmp_path / "copy.db")
    with opened(tmp_path) as ledger:
        old = ledger.incarnation
        for draft in earn(9, "later"):
            do(ledger, partial(Transaction.append, draft=draft))
        with pytest.raises(LedgerBusy):
            restore(tmp_path, tmp_path / "copy.db", clock=SystemClock(), new_id=ids(7))
    new = restore(tmp_path, tmp_path / "copy.db", clock=SystemClock(), new_id=ids(7))
    with opened(tmp_path) as ledger:
        assert (ledger.incarnation, ledger.read.head()[0]) == (new, 0)
        assert ledger.read.journals() == [(new, 0), (old, 9)], "the longer journal stays as evidence"
        stored = ledger.read.receipt("r1")
        assert stored is not None
        assert (stored.answer, stored.incarnation) == ({"n": 1}, old)
        assert ledger.read.member_of(TAG) is not None
        assert ledger.read.usable("m1", ToldClock().now().date()) == {}
        rows = ledger.read.entries(0, 100, incarnation=old)
        assert len(rows) == 9
        do(ledger, lambda tx: tx.acknowledge(old, 9, rows[-1][2]))
        assert ledger.read.journals() == [(new, 0)]
        assert not ledger.read.frozen()
    assert verify(tmp_path).ok


def test_a_damaged_backup_restores_nothing(tmp_path: Path) -> None:
    fill(tmp_path)
    backup(tmp_path, tmp_path / "copy.db")
    db = connect(tmp_path / "copy.db")
    db.execute("UPDATE journal SET hash = zeroblob(32) WHERE seq = 2")
    db.close()
    with pytest.raises(LedgerDamaged):
        restore(tmp_path, tmp_path / "copy.db", clock=SystemClock(), new_id=ids(7))
    with opened(tmp_path) as ledger:
        assert ledger.read.head()[0] == 7


def test_a_backup_replaces_a_damaged_ledger_which_is_kept_aside(tmp_path: Path) -> None:
    fill(tmp_path)
    backup(tmp_path, tmp_path / "copy.db")
    (tmp_path / "ledger.db").write_bytes(b"nonsense")
    restore(tmp_path, tmp_path / "copy.db", clock=SystemClock(), new_id=ids(7))
    with opened(tmp_path) as ledger:
        assert ledger.read.receipt("r1") is not None
    assert (tmp_path / "archive" / "damaged-0").read_bytes() == b"nonsense"


def test_a_damaged_ledger_is_evidence_for_25_days(tmp_path: Path) -> None:
    clock = ToldClock()
    fill(tmp_path)
    backup(tmp_path, tmp_path / "copy.db")
    (tmp_path / "ledger.db").write_bytes(b"nonsense")
    restore(tmp_path, tmp_path / "copy.db", clock=clock, new_id=ids(7))
    with opened(tmp_path, clock) as ledger:
        clock.move(days=25)
        ledger.drop_damaged()
        assert (tmp_path / "archive" / "damaged-0").exists()
        clock.move(seconds=1)
        ledger.drop_damaged()
        assert [path.suffix for path in (tmp_path / "archive").iterdir()] == [".db"]


def test_tools_show_balances_and_every_entry(tmp_path: Path) -> None:
    fill(tmp_path)
    clock = ToldClock()
    assert balances(tmp_path, "m1", clock=clock) == [("m1", "points", 65, 4)]
    assert balances(tmp_path, None, clock=clock) == [("", "points", 65, 4)]
    lines = list(export_lines(tmp_path, 5))
    assert [line["seq"] for line in lines] == [6, 7]
    with pytest.raises(LedgerError):
        balances(tmp_path / "nowhere", None)


def test_a_member_row_that_waited_is_not_lost_by_a_restore(tmp_path: Path) -> None:
    fill(tmp_path)
    with opened(tmp_path) as ledger:
        early = Delta(1, 2, more=True, booked_seq=-1, members=[MemberRow("m1", 2, [TAG], facts(a=500))])
        do(ledger, lambda tx: tx.apply_delta(early))
    backup(tmp_path, tmp_path / "copy.db")
    restore(tmp_path, tmp_path / "copy.db", clock=SystemClock(), new_id=ids(7))
    with opened(tmp_path) as ledger:
        assert (ledger.read.mark("cursor"), ledger.read.balance("m1", "points")) == (2, 500)


def test_a_restore_does_not_begin_while_somebody_reads_the_old_log(tmp_path: Path) -> None:
    fill(tmp_path)
    backup(tmp_path, tmp_path / "copy.db")
    reader = open_to_read(tmp_path, ToldClock())
    assert reader.head()[0] == 7
    with pytest.raises(LedgerBusy):
        restore(tmp_path, tmp_path / "copy.db", clock=SystemClock(), new_id=ids(7))
    reader.close()
    restore(tmp_path, tmp_path / "copy.db", clock=SystemClock(), new_id=ids(7))
    with opened(tmp_path) as ledger:
        assert ledger.read.head()[0] == 0


def test_an_archived_journal_keeps_no_member_whom_an_erasure_would_not_reach(tmp_path: Path) -> None:
    state = tmp_path / "state"
    fill(state)
    backup(state, tmp_path / "copy.db")
    restore(state, tmp_path / "copy.db", clock=SystemClock(), new_id=ids(50))
    archived = list((state / "archive").glob("*.db"))
    assert archived
    assert [path for path in archived if TAG in path.read_bytes()] == []
    with opened(state) as ledger:
        assert ledger.read.member_of(TAG) is not None
        assert ledger.read.receipt("r1") is not None
    restore(state, archived[0], clock=SystemClock(), new_id=ids(60))
    with opened(state) as ledger:
        assert ledger.read.receipt("r1") is not None
        assert ledger.read.mark("cursor") == (0 if ledger.read.member_of(TAG) is None else 1)
    assert verify(state).ok
