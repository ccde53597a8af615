"""The ledger as the rest of the till sees it: read at once, write through one thread, close."""

import contextlib
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import NamedTuple, TypeVar

from agent.clock import Clock
from agent.errors import LedgerReadOnly
from agent.ledger.appending import Head
from agent.ledger.arriving import Arriving, Piece
from agent.ledger.database import (
    Connection,
    SqliteError,
    as_ledger_error,
    check_ours,
    is_fatal,
    migrate,
    prepare_for_writing,
)
from agent.ledger.directory import MARK, Directory, open_shelf, remove_older
from agent.ledger.first_run import NAME, make_ledger
from agent.ledger.lock import Lock
from agent.ledger.marks import write_mark
from agent.ledger.migrations import STEPS
from agent.ledger.reader import Reader, drop_damaged, open_archives
from agent.ledger.records import LedgerStatus
from agent.ledger.recovery import recover
from agent.ledger.slices import IdleCheck
from agent.ledger.storage import DiskStorage, Storage
from agent.ledger.transaction import Transaction
from agent.ledger.unbooked import read_unbooked
from agent.ledger.witness import Witness, forget_witness, write_witness
from agent.ledger.writer import SALES, LogPlan, Writer

T = TypeVar("T")
PAGE_BYTES = 4096
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Parts(NamedTuple):
    """What a ledger is put together from: a simulation writes without a thread, and plants its bugs here."""

    writer: type[Writer] = Writer
    transaction: type[Transaction] = Transaction


class Ledger:
    """One till's ledger, open.  `read` belongs to the event loop's thread; `write` may be called anywhere."""

    def __init__(
        self,
        folder: Path,
        storage: Storage,
        clock: Clock,
        *,
        lock: Lock,
        on_fatal: Callable[[BaseException], None],
        plan: LogPlan,
        parts: Parts,
    ) -> None:
        self._folder, self._storage, self._parts = folder, storage, parts
        self._clock = clock
        self._lock = lock
        self._boot = _boot_id()
        self.on_commit: list[Callable[[], None]] = []
        # A start that fails leaves nothing open and no thread behind: the writer comes last.
        with contextlib.ExitStack() as undo:
            self._db, reading, checking = (
                undo.enter_context(contextlib.closing(storage.connect(NAME, read_only=read_only)))
                for read_only in (False, True, True)
            )
            self.incarnation, head, frozen = _prepare(self._db, folder, storage, plan)
            self._witnessed = -1
            self._frozen_at_start = bool(frozen)
            self._newest = head
            self._unbooked = read_unbooked(self._db)
            self._shelf = open_shelf(folder, _mark(self._db, MARK), storage)
            self.read = Reader(
                reading,
                clock,
                self.incarnation,
                archives=open_archives(folder, clock),
                unbooked=self._unbooked,
                shelf=self._shelf,
            )
            self.idle_check = IdleCheck(checking, self.incarnation, clock)
            undo.pop_all()
        self._writer = parts.writer(
            self._db,
            head,
            transaction=self._transaction(),
            after_commit=self._after_commit,
            on_idle=self._bear_witness,
            on_fatal=on_fatal,
            grow_log=lambda db: _grow_log(db, plan),
            plan=plan,
        )
        self._bear_witness()

    def write(self, change: Callable[[Transaction], T], *, lane: int = SALES) -> "Future[T]":
        """Run a change in one transaction on the writer's thread; the future resolves once it is durable.

        What the change raises undoes it and is raised by the future.  In the lane `NEWS` it lets every
        sale go first.

        Raises:
            LedgerReadOnly: the queue is full, or the ledger failed or was closed.
        """
        return self._writer.submit(change, lane=lane)

    def put_directory(self, directory: Directory) -> None:
        """Answer from this directory from now on, after `use_directory` named it; the older ones go."""
        self._shelf.put(directory)
        remove_older(self._folder, self._storage, directory.cursor)

    def arriving(self, cursor: int, pieces: Sequence[Piece]) -> Arriving:
        """Begin to take a directory in, or go on where it stopped."""
        return Arriving(self._folder, self._storage, cursor, pieces)

    def drop_damaged(self) -> None:
        """Remove ledgers that a restore put aside as damaged, 25 days later."""
        drop_damaged(self._folder, self._clock.now())

    def status(self) -> LedgerStatus:
        """Return how the ledger stands."""
        return self.read.status()._replace(writable=not self._writer.poisoned)

    def file_bytes(self) -> int:
        """Return what the ledger and its log take on the disk."""
        paths = (self._folder / NAME, self._folder / f"{NAME}-wal")
        return sum(path.stat().st_size for path in paths if path.exists())

    def close(self) -> None:
        """Finish what is queued and let go of the file."""
        self._writer.close()
        if not self._writer.poisoned:
            self._bear_witness()
            with contextlib.suppress(SqliteError):
                self._db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        self.idle_check.close()
        self.read.close()
        self._db.close()
        self._lock.release()

    def _transaction(self) -> Transaction:
        return self._parts.transaction(
            self._db,
            self._clock,
            self.incarnation,
            boot=self._boot,
            unbooked=self._unbooked,
            shelf=self._shelf,
        )

    def _after_commit(self, transaction: Transaction) -> None:
        self._newest = Head(*transaction.head())
        if transaction.acknowledged:
            self._bear_witness()
        if transaction.appended:
            for told in self.on_commit:
                told()

    def _bear_witness(self) -> None:
        # A frozen ledger keeps the witness that contradicts it: it is evidence.
        newest = self._newest
        if self._frozen_at_start or newest.seq == self._witnessed:
            return
        if write_witness(self._storage, Witness(self.incarnation, newest.seq, newest.hash)):
            self._witnessed = newest.seq


def open_ledger(
    folder: Path,
    *,
    clock: Clock,
    new_id: Callable[[], str],
    storage: Storage | None = None,
    on_fatal: Callable[[BaseException], None] = lambda _: None,
    plan: LogPlan = LogPlan(),  # noqa: B008 - a tuple of numbers
    parts: Parts = Parts(),  # noqa: B008 - a tuple of classes
) -> Ledger:
    """Open a till's ledger; the first time, make it.

    `on_fatal` is called on the writer's thread when the disk failed: the program should end.

    Raises:
        LedgerBusy: another process writes it.
        LedgerForeign: the file is not ours, or of a newer program; it is left untouched.
        LedgerDamaged: what lies there contradicts itself.
        LedgerReadOnly: the folder cannot be written.
    """
    place = storage or DiskStorage(folder)
    lock = Lock(folder, place)
    try:
        if not place.exists(NAME):
            forget_witness(place)  # it names a journal that is gone; the new one starts without allowances
            make_ledger(place, new_id())
        return Ledger(folder, place, clock, lock=lock, on_fatal=on_fatal, plan=plan, parts=parts)
    except SqliteError as failure:
        lock.release()
        raise as_ledger_error(failure) from failure
    except OSError as failure:
        lock.release()
        raise LedgerReadOnly(f"cannot use {folder}: {failure}", remedy="look at the disk") from failure
    except BaseException:
        lock.release()
        raise


def _prepare(db: Connection, folder: Path, storage: Storage, plan: LogPlan) -> tuple[str, Head, str]:
    """Make an opened file fit to be written; return incarnation, head, and why spending must stop."""
    version = check_ours(db, folder / NAME, len(STEPS))
    prepare_for_writing(db)
    if version < len(STEPS):
        migrate(db, STEPS)
    incarnation = str(db.execute("SELECT text FROM mark WHERE name = 'incarnation'").fetchone()[0])
    head, frozen = recover(db, incarnation, storage)
    if frozen:
        write_mark(db, "frozen", frozen)
    _grow_log(db, plan)
    # SQLite flushes the folder after making a log, but says nothing when that fails.
    storage.flush_directory()
    return incarnation, head, frozen


def _mark(db: Connection, name: str) -> int:
    row = db.execute("SELECT number FROM mark WHERE name = ?", (name,)).fetchone()
    return int(row[0]) if row else 0


def _grow_log(db: Connection, plan: LogPlan) -> None:
    """Write the log to its working size once, then let the next commit begin at its start.

    One page is written over and over: pages freed in the file would cost later commits a page more each.
    """
    try:
        db.execute("PRAGMA wal_checkpoint(RESTART)").fetchall()
        db.execute("INSERT INTO room SELECT x'00' WHERE NOT EXISTS (SELECT 1 FROM room)")
        # Nothing of worth is written here, but the log's new header must be on the disk before its old
        # frames are overwritten, or a power cut replays half of them over what was copied since: not OFF.
        db.execute("PRAGMA synchronous = NORMAL")
        for _ in range(plan.grown_bytes // PAGE_BYTES):
            db.execute("UPDATE room SET filler = randomblob(8)")
    except SqliteError as failure:
        # On a full disk a small log must do; after a failed sync nothing may go on.
        if db.in_transaction:
            db.execute("ROLLBACK")
        if is_fatal(failure):
            raise
    finally:
        db.execute("PRAGMA synchronous = FULL")
    try:
        db.execute("PRAGMA wal_checkpoint(RESTART)").fetchall()
    except SqliteError as failure:
        if is_fatal(failure):
            raise


def _boot_id() -> str:
    try:
        return BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return ""
