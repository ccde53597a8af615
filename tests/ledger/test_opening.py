"""A ledger opens once at a time, refuses what is not its own untouched, and notices a lost past."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from agent.errors import LedgerBusy, LedgerDamaged, LedgerForeign
from agent.journal.entry import Draft
from agent.ledger.database import connect, sqlite_version, version_is_sound
from agent.ledger.ledger import open_ledger
from agent.ledger.storage import DiskStorage
from agent.ledger.witness import read_witness
from tests.ledger.rigs import ToldClock, do, ids, opened


def write_notes(folder: Path, count: int) -> None:
    with opened(folder) as ledger:
        for _ in range(count):
            do(ledger, lambda tx: tx.append(Draft("NOTE")))


def open_again(folder: Path) -> None:
    open_ledger(folder, clock=ToldClock(), new_id=ids()).close()


def test_the_sqlite_inside_is_sound() -> None:
    assert version_is_sound(sqlite_version())


def test_a_second_process_is_told_who_writes(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from tests.ledger.rigs import opened\n"
        "with opened(Path(sys.argv[1])): print('open', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "open\n"
        with pytest.raises(LedgerBusy, match=str(other.pid)):
            open_again(tmp_path)
        other.communicate()
    open_again(tmp_path)


def test_a_foreign_file_is_left_untouched(tmp_path: Path) -> None:
    db = connect(tmp_path / "ledger.db")
    db.execute("CREATE TABLE theirs (x)")
    db.close()
    before = (tmp_path / "ledger.db").read_bytes()
    with pytest.raises(LedgerForeign):
        open_again(tmp_path)
    assert (tmp_path / "ledger.db").read_bytes() == before


def test_a_newer_programs_file_is_left_untouched(tmp_path: Path) -> None:
    write_notes(tmp_path, 1)
    db = connect(tmp_path / "ledger.db")
    db.execute("PRAGMA user_version = 99")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    db.close()
    before = (tmp_path / "ledger.db").read_bytes()
    with pytest.raises(LedgerForeign):
        open_again(tmp_path)
    assert (tmp_path / "ledger.db").read_bytes() == before


def test_a_file_that_is_no_database_is_left_untouched(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_bytes(b"nonsense" * 1000)
    with pytest.raises(LedgerDamaged):
        open_again(tmp_path)
    assert (tmp_path / "ledger.db").read_bytes() == b"nonsense" * 1000


def test_a_log_without_its_ledger_is_damage_and_no_first_run(tmp_path: Path) -> None:
    (tmp_path / "ledger.db-wal").write_bytes(b"x")
    with pytest.raises(LedgerDamaged):
        open_again(tmp_path)


def test_an_interrupted_first_run_begins_again(tmp_path: Path) -> None:
    (tmp_path / "ledger.db.new").write_bytes(b"half")
    (tmp_path / "ledger.db.new-wal").write_bytes(b"half")
    write_notes(tmp_path, 1)
    with opened(tmp_path) as ledger:
        assert ledger.read.head()[0] == 1


def test_an_old_copy_that_comes_back_spends_nothing(tmp_path: Path) -> None:
    write_notes(tmp_path, 3)
    old = (tmp_path / "ledger.db").read_bytes()
    write_notes(tmp_path, 2)
    for suffix in ("", "-wal", "-shm"):
        (tmp_path / f"ledger.db{suffix}").unlink(missing_ok=True)
    (tmp_path / "ledger.db").write_bytes(old)
    with opened(tmp_path) as ledger:
        assert "old copy" in ledger.read.frozen()
        do(ledger, lambda tx: tx.append(Draft("NOTE")))
    witness = read_witness(DiskStorage(tmp_path))
    assert witness is not None
    assert witness.seq == 5, "the witness that contradicts is kept as evidence"


def test_a_changed_tail_is_refused(tmp_path: Path) -> None:
    write_notes(tmp_path, 3)
    db = connect(tmp_path / "ledger.db")
    db.execute("UPDATE journal SET hash = zeroblob(32) WHERE seq = 2")
    db.close()
    with pytest.raises(LedgerDamaged):
        open_again(tmp_path)


def test_what_lies_on_disk_survives_a_process_that_ends_without_a_word(tmp_path: Path) -> None:
    child = os.fork()
    if child == 0:
        ledger = open_ledger(tmp_path, clock=ToldClock(), new_id=ids())
        ledger.write(lambda tx: tx.append(Draft("NOTE"))).result()
        os._exit(0)
    os.waitpid(child, 0)
    with opened(tmp_path) as ledger:
        assert ledger.read.head()[0] == 1
        assert not ledger.read.frozen()
