"""The one thread that writes: changes queue up, each is one durable transaction, then its future resolves.

After a failed sync the kernel forgets which pages were lost, so nothing is acknowledged any more: every
later change is refused and `on_fatal` ends the program; the next start finds out what the disk holds.
"""

import itertools
import queue
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, NamedTuple, TypeVar

from agent.errors import LedgerReadOnly
from agent.ledger.appending import Head
from agent.ledger.database import Connection, SqliteError, as_ledger_error, is_fatal
from agent.ledger.transaction import Transaction

T = TypeVar("T")
QUEUE_LIMIT = 1000
IDLE_S = 0.5
BUSY_MS = 5000
Job = tuple[Callable[[Transaction], Any], "Future[Any]"]
SALES, NEWS, END = range(3)
"""Lanes: a sale overtakes news that wait, so it waits for one piece of them at most."""


class Waiting(NamedTuple):
    """A place in the queue; the earlier lane first, then who came first."""

    lane: int
    number: int
    job: Job | None


class LogPlan(NamedTuple):
    """How large the write-ahead log is, and after how many commits it is copied into the database."""

    grown_bytes: int = 2 * 1024 * 1024
    """The log is grown to this once: appending to a file costs a commit half as much again."""
    checkpoint_after: int = 60
    """Commits until a checkpoint as soon as no sale waits; they fill about half of the grown log."""
    checkpoint_at_latest: int = 400
    checkpoint_pages: int = 1024
    """The same by pages in the log: a piece of news writes hundreds where a sale writes four."""
    pages_at_latest: int = 8192


class Writer:
    """Owns the writing connection: every commit and every checkpoint happens on its thread."""

    def __init__(
        self,
        db: Connection,
        head: Head,
        *,
        transaction: Transaction,
        after_commit: Callable[[Transaction], None],
        on_idle: Callable[[], None],
        on_fatal: Callable[[BaseException], None],
        grow_log: Callable[[Connection], None],
        plan: LogPlan,
    ) -> None:
        self._db = db
        # One for all commits: making a cursor costs as much as an append.
        self._cursor = db.cursor()
        self._grow_log = grow_log
        self._must_wipe = False
        self._head = head
        self._plan = plan
        self._transaction = transaction
        self._after_commit = after_commit
        self._on_idle = on_idle
        self._on_fatal = on_fatal
        self._jobs: queue.PriorityQueue[Waiting] = queue.PriorityQueue(QUEUE_LIMIT)
        self._numbers = itertools.count()
        self._since_checkpoint = 0
        self._closing = False
        self._door = threading.Lock()
        self.poisoned = ""
        self._start()

    def submit(self, change: Callable[[Transaction], T], *, lane: int = SALES) -> "Future[T]":
        """Queue a change; its future resolves once it is durable.

        Raises:
            LedgerReadOnly: the queue is full, or the ledger was closed or failed.
        """
        future: Future[T] = Future()
        with self._door:  # or a change could queue up behind the end and never be answered
            if self.poisoned or self._closing:
                raise LedgerReadOnly(
                    f"the ledger takes no more changes: {self.poisoned or 'it is closed'}",
                    remedy="restart the service",
                )
            try:
                self._jobs.put_nowait(Waiting(lane, next(self._numbers), (change, future)))
            except queue.Full:
                raise LedgerReadOnly(f"{QUEUE_LIMIT} changes wait already", remedy="repeat it") from None
        return future

    def close(self) -> None:
        """Finish what is queued, then end the thread."""
        with self._door:
            is_first, self._closing = not self._closing, True
        if is_first:
            self._jobs.put(Waiting(END, next(self._numbers), None))
        self._thread.join()

    def _start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="ledger-writer", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        is_idle = False
        while True:
            try:
                job = self._jobs.get(timeout=None if is_idle and not self._must_wipe else IDLE_S).job
            except queue.Empty:
                is_idle = True
                self._rest()
                continue
            if job is None:
                return
            is_idle = False
            self._do(*job)

    def _do(self, change: Callable[[Transaction], Any], future: "Future[Any]") -> None:
        if not future.set_running_or_notify_cancel():
            return
        if self.poisoned:
            future.set_exception(LedgerReadOnly(f"the ledger failed: {self.poisoned}"))
            return
        try:
            result = self._commit(change)
        except SqliteError as failure:
            future.set_exception(as_ledger_error(failure))
            self._judge(failure)
            return
        except BaseException as failure:  # noqa: BLE001 - a change's own exception belongs to its caller
            future.set_exception(failure)
            return
        future.set_result(result)
        transaction = self._transaction
        self._tell(transaction)
        self._since_checkpoint += 1
        if transaction.erased:
            self._wipe_log()
        elif self._is_checkpoint_due():
            self._checkpoint()

    def _tell(self, transaction: Transaction) -> None:
        try:
            self._after_commit(transaction)
        except Exception:  # noqa: BLE001 - a listener's fault (its loop has ended, say) must not stop the tills' only writer
            threading.excepthook(threading.ExceptHookArgs((*sys.exc_info(), threading.current_thread())))

    def _commit(self, change: Callable[[Transaction], T]) -> T:
        transaction, head = self._transaction, Head(self._head.seq, self._head.hash)
        self._cursor.execute("BEGIN IMMEDIATE")
        try:
            transaction.begin(head)
            result = change(transaction)
            transaction.finish()
            self._cursor.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise
        self._head = head
        transaction.is_durable()
        return result

    def _is_checkpoint_due(self) -> bool:
        commits, plan = self._since_checkpoint, self._plan
        pages = self._log_pages()
        if self._jobs.queue and self._jobs.queue[0].lane == SALES:
            return commits >= plan.checkpoint_at_latest or pages >= plan.pages_at_latest
        return commits >= plan.checkpoint_after or pages >= plan.checkpoint_pages

    def _log_pages(self) -> int:
        """Return how many pages of the log the database has not got: NOOP only tells, in 2 us."""
        try:
            ((_, written, copied),) = self._db.execute("PRAGMA wal_checkpoint(NOOP)").fetchall()
        except SqliteError as failure:
            self._judge(failure)
            return 0
        return int(written) - int(copied)

    def _checkpoint(self) -> None:
        self._since_checkpoint = 0
        for step in (self._file, self._copy_log):  # a disk too full for the one may have room for the other
            try:
                step()
            except SqliteError as failure:
                self._judge(failure)

    def _file(self) -> None:
        self._commit(lambda tx: tx.file_receipts())

    def _copy_log(self) -> None:
        # PASSIVE waits for no reader; a completed one lets the next commit reuse the log from its start.
        self._db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def _wipe_log(self) -> None:
        """Take erased bytes out of the log as well: empty it, and grow it again.

        Somebody who reads an older view is not waited for, the sales are: it is tried again when idle.
        """
        try:
            self._db.execute("PRAGMA busy_timeout = 0")
            ((is_busy, *_),) = self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            self._db.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
            self._must_wipe = bool(is_busy)
            if not is_busy:
                self._since_checkpoint = 0
                self._grow_log(self._db)
        except SqliteError as failure:
            self._judge(failure)

    def _rest(self) -> None:
        if self.poisoned:
            return
        if self._must_wipe:
            self._wipe_log()
        elif self._since_checkpoint:
            self._checkpoint()
        self._on_idle()

    def _judge(self, failure: Exception) -> None:
        if is_fatal(failure) and not self.poisoned:
            self.poisoned = str(failure)
            self._on_fatal(failure)
