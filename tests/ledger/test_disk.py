"""A full or failing disk: no answer that is not true, nothing lost, and healing where healing is safe."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.errors import LedgerError, LedgerReadOnly
from agent.journal.entry import Draft
from agent.ledger.database import Connection
from agent.ledger.ledger import open_ledger
from agent.ledger.storage import DiskStorage
from agent.ledger.tools import open_to_read
from agent.ledger.transaction import Transaction
from agent.ledger.verify import verify
from tests.ledger.rigs import ToldClock, do, ids, opened
from tests.parts import MissingPart, part_or_skip

FILLER = {"filler": "x" * 3000}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    def mount() -> Path:
        if os.geteuid() != 0:
            raise MissingPart("mounting a small disk needs root")
        made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", tmp_path], check=False)
        if made.returncode:
            raise MissingPart("this machine mounts no tmpfs")
        return tmp_path

    yield part_or_skip("small_disk", mount)
    subprocess.run(["umount", tmp_path], check=True)


def note(tx: Transaction) -> int:
    return tx.append(Draft("NOTE", data=FILLER)).seq


def test_a_full_disk_refuses_loses_nothing_and_heals(small_disk: Path) -> None:
    with opened(small_disk) as ledger:
        written = refused = 0
        while refused < 51:
            try:
                written = do(ledger, note)
            except LedgerReadOnly:
                refused += 1
        assert written > 0
        assert ledger.read.head()[0] == written
        subprocess.run(["mount", "-o", "remount,size=16m", small_disk], check=True)
        assert do(ledger, note) == written + 1
        assert ledger.status().writable
    assert verify(small_disk).ok


class FailingConnection:
    """A connection whose next COMMIT fails as a disk does."""

    def __init__(self, real: Connection, failure: Exception) -> None:
        self._real = real
        self._failure = failure
        self.is_broken = False

    def execute(self, sql: str, values: object = ()) -> object:
        if self.is_broken and sql == "COMMIT":
            raise self._failure
        return self._real.execute(sql, values)

    def cursor(self) -> "FailingConnection":
        return self

    def __getattr__(self, name: str) -> object:
        return getattr(self._real, name)


class FailingStorage(DiskStorage):
    """A folder whose writing connection can be broken."""

    broken: FailingConnection

    def connect(self, name: str, *, read_only: bool = False, immutable: bool = False) -> Connection:
        real = super().connect(name, read_only=read_only, immutable=immutable)
        if read_only or name != "ledger.db":
            return real
        failure = _failure_with_code(real)
        self.broken = FailingConnection(real, failure)
        return self.broken


def _failure_with_code(real: Connection) -> Exception:
    try:
        real.execute("SELECT nothing")
    except Exception as failure:  # noqa: BLE001 - SQLite's own, to be given the code of a failed sync
        failure.sqlite_errorcode = 1034  # type: ignore[attr-defined]  # SQLITE_IOERR_FSYNC
        return failure
    raise AssertionError("SQLite answered nonsense")


def test_after_a_failed_sync_nothing_is_acknowledged_and_the_program_is_told(tmp_path: Path) -> None:
    told: list[BaseException] = []
    storage = FailingStorage(tmp_path)
    ledger = open_ledger(tmp_path, clock=ToldClock(), new_id=ids(), storage=storage, on_fatal=told.append)
    do(ledger, note)
    storage.broken.is_broken = True
    with pytest.raises(LedgerReadOnly):
        do(ledger, note)
    storage.broken.is_broken = False
    with pytest.raises(LedgerReadOnly):
        do(ledger, note)
    assert len(told) == 1
    assert not ledger.status().writable
    ledger.close()
    with opened(tmp_path) as again:
        assert again.read.head()[0] == 1


def test_a_page_that_cannot_be_read_is_told_as_ours(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        for _ in range(200):
            do(ledger, note)
    path = tmp_path / "ledger.db"
    pages = bytearray(path.read_bytes())
    pages[3 * 4096 :] = b"\xa5" * (len(pages) - 3 * 4096)
    path.write_bytes(pages)
    (tmp_path / "ledger.db-wal").write_bytes(b"")
    with pytest.raises(LedgerError):
        open_to_read(tmp_path, ToldClock())
