"""Copies of a ledger in use, and bringing one back as evidence beside a fresh ledger.

A restored file never writes again: what happened after the copy is unknown, and its allowances may be
spent.  It answers questions about its receipts, its unsent tail is pushed, and a new incarnation sells.
"""

import os
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from agent.clock import Clock
from agent.errors import LedgerBusy, LedgerDamaged, LedgerError
from agent.ledger import members
from agent.ledger.database import Connection, connect
from agent.ledger.first_run import DRAFT, NAME, build, put_in_place
from agent.ledger.lock import Lock
from agent.ledger.reader import ARCHIVE
from agent.ledger.storage import DiskStorage
from agent.ledger.verify import VerifyReport, verify_file
from agent.ledger.witness import Witness, forget_witness, write_witness

PEOPLE = ("member", "card", "member_waiting", "attached", "box")
KEPT_TABLES = (*PEOPLE, "programme")
KEPT_MARKS = "name IN ('cursor', 'directory', 'sealing_key')"


def backup(folder: Path, path: Path) -> VerifyReport:
    """Copy the ledger of a state folder to `path`, while it may be in use, and verify the copy.

    Raises:
        LedgerDamaged: the copy does not verify; nothing stands at `path` then.
        LedgerError: there is no ledger.
    """
    if not (folder / NAME).exists():
        raise LedgerError(f"there is no ledger in {folder}", remedy="name the state folder with --state")
    return _copy(folder / NAME, path)


def restore(folder: Path, path: Path, *, clock: Clock, new_id: Callable[[], str]) -> str:
    """Bring a backup back; return the new incarnation that this till writes from now on.

    The backup is verified first.  Its journal and the present one go to archive/, read-only; where they
    are one journal, the longer stays.  Members (as of the copy: what was erased since is told
    again) and programme go on, allowances and holds do not; archived journals keep no members.  A damaged
    ledger is put aside untouched, as evidence, and goes after 25 days (`reader.drop_damaged`).

    Raises:
        LedgerBusy: the daemon runs, or another program reads the ledger.
        LedgerDamaged: the backup does not verify; nothing is changed.
    """
    place = DiskStorage(folder)
    lock = Lock(folder, place)
    try:
        checked = verify_file(path)
        if not checked.ok:
            raise LedgerDamaged(f"{path} does not verify: {checked.as_text()}", remedy="take an older backup")
        (folder / ARCHIVE).mkdir(exist_ok=True)
        source = _archive(folder, path, checked)
        if (folder / NAME).exists():
            source = _archive_present(folder, source, checked, clock.now())
        incarnation = new_id()
        _build_from(folder, source, incarnation)
        forget_witness(place)
        put_in_place(place)
        write_witness(place, Witness(incarnation, 0, b""))
        for archived in (folder / ARCHIVE).glob("*.db"):
            _without_members(archived)
        return incarnation
    finally:
        lock.release()


def _copy(source: Path, target: Path) -> VerifyReport:
    draft = target.with_name(f"{target.name}.new")
    draft.unlink(missing_ok=True)
    read, write = connect(source, read_only=True), connect(draft)
    try:
        read.backup(write)
        write.execute("PRAGMA journal_mode = DELETE")  # one file that can be carried away
    finally:
        write.close()
        read.close()
    report = verify_file(draft)
    if not report.ok:
        draft.unlink()
        raise LedgerDamaged(f"the copy does not verify: {report.as_text()}", remedy="check disk and memory")
    place = DiskStorage(target.parent)
    place.flush(draft.name)
    place.replace(draft.name, target.name)
    place.flush_directory()
    return report


def _archive(folder: Path, path: Path, checked: VerifyReport) -> Path:
    """Put a verified journal into the archive, unless a longer copy of it lies there."""
    target = folder / ARCHIVE / f"{checked.incarnation}.db"
    if not target.exists() or verify_file(target).last < checked.last:
        _copy(path, target)
    return target


def _without_members(archived: Path) -> None:
    """Take members out of an archived journal: no erasure reaches it, and it answers for receipts alone.

    Should it be brought back, it knows no news either, and is told everything again.
    """
    db = connect(archived)
    try:
        db.execute("PRAGMA secure_delete = ON")
        db.execute("BEGIN IMMEDIATE")
        for table in _there(db, "main", PEOPLE):
            db.execute(f"DELETE FROM {table}")  # noqa: S608 - our own names
        db.execute("DELETE FROM mark WHERE name IN ('cursor', 'directory')")
        db.execute("COMMIT")
    finally:
        db.close()


def _archive_present(folder: Path, source: Path, checked: VerifyReport, now: datetime) -> Path:
    """Put the ledger that is being replaced into the archive; return where members are best taken from."""
    present = folder / NAME
    try:
        report = verify_file(present)
        is_sound = report.ok
    except LedgerError:
        report, is_sound = checked, False
    if is_sound:
        db = connect(present)
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        db.close()  # the last connection removes the log, which would be replayed into the new file
        if (folder / f"{NAME}-wal").exists():
            raise LedgerBusy(f"a program still reads {present}", remedy="end it, then restore again")
        return _archive(folder, present, report)
    count = len(list((folder / ARCHIVE).glob("damaged-*")))
    for suffix in ("-wal", "-shm", ""):
        if (folder / f"{NAME}{suffix}").exists():
            aside = folder / ARCHIVE / f"damaged-{count}{suffix}"
            (folder / f"{NAME}{suffix}").rename(aside)
            os.utime(aside, (now.timestamp(), now.timestamp()))
    return source


def _build_from(folder: Path, source: Path, incarnation: str) -> None:
    db = build(DiskStorage(folder), incarnation)
    try:
        db.execute("ATTACH ? AS old", (f"{source.absolute().as_uri()}?mode=ro&immutable=1",))
        db.execute("BEGIN IMMEDIATE")
        for table in _there(db, "old", KEPT_TABLES):
            db.execute(f"INSERT INTO {table} SELECT * FROM old.{table}")  # noqa: S608 - our own names
        members.take_in_waiting(db)  # the new journal has no entries that they could contain
        db.execute(f"INSERT INTO mark SELECT * FROM old.mark WHERE {KEPT_MARKS}")  # noqa: S608 - our own names
        db.execute("COMMIT")
        db.execute("DETACH old")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    finally:
        db.close()
    assert not (folder / f"{DRAFT}-wal").exists(), "the draft was closed by its last connection"


def _there(db: Connection, schema: str, tables: Sequence[str]) -> list[str]:
    """Return which of these tables a file has: an older version lacks some."""
    rows = db.execute(f"SELECT name FROM {schema}.sqlite_schema WHERE type = 'table'")  # noqa: S608 - our own names
    known = {name for (name,) in rows}
    return [table for table in tables if table in known]
