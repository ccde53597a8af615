"""The books' file: head office's only door to SQLite.

WAL with synchronous=FULL; every change is a short BEGIN IMMEDIATE transaction, so that the server and
a command may work side by side.  SQLite older than 3.51.3 is refused: its WAL can corrupt with two
writing connections (sqlite.org/wal.html, the WAL-reset bug).
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from pysqlite3 import dbapi2 as sqlite

from agent.errors import ConfigurationError, LedgerDamaged, LedgerForeign, LedgerReadOnly
from agent.headoffice.store.migrations import STEPS

T = TypeVar("T")
SOUND_VERSION = (3, 51, 3)
APPLICATION_ID = 0x4C4F5948  # "LOYH"
BUSY_MS = 10_000


class Database:
    """One connection to the books, used under a lock by one process's threads."""

    def __init__(self, path: Path) -> None:
        _refuse_unsound_sqlite()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite.connect(
                str(path), isolation_level=None, check_same_thread=False, cached_statements=256
            )
        except (OSError, sqlite.Error) as failure:
            raise ConfigurationError(f"cannot open {path}: {failure}", remedy="check paths.state") from None
        self._lock = threading.RLock()
        self._prepare(path)
        self._connection.row_factory = sqlite.Row  # only now: sqlite-utils reads plain tuples

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        """Return all rows of a query."""
        with self._lock:
            return list(self._connection.execute(sql, values))

    def row(self, sql: str, values: Sequence[Any] = ()) -> Any:
        """Return the first row of a query, or None."""
        with self._lock:
            return self._connection.execute(sql, values).fetchone()

    def run(self, sql: str, values: Sequence[Any] = ()) -> int:
        """Run one statement inside `writing`; return how many rows it changed."""
        return int(self._connection.execute(sql, values).rowcount)

    def run_many(self, sql: str, values: Sequence[Sequence[Any]]) -> None:
        """Run one statement for each row of values, inside `writing`."""
        self._connection.executemany(sql, values)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Open a transaction that is durable when the block ends, and undone if it raises.

        Raises:
            LedgerReadOnly: the disk is full or cannot be written.
        """
        with self._lock:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                try:
                    yield
                except BaseException:
                    if self._connection.in_transaction:
                        self._connection.execute("ROLLBACK")
                    raise
                self._connection.execute("COMMIT")
            except sqlite.OperationalError as failure:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise LedgerReadOnly(f"the books cannot be written: {failure}", remedy="make room") from None

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Hold one view of the books for several queries."""
        with self._lock:
            self._connection.execute("BEGIN")
            try:
                yield
            finally:
                self._connection.execute("COMMIT")

    def write(self, change: Callable[[], T]) -> T:
        """Run `change` inside one transaction."""
        with self.writing():
            return change()

    def backup(self, path: Path) -> None:
        """Copy the books while they are in use."""
        with sqlite.connect(str(path)) as target:
            self._connection.backup(target)
        target.close()

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._connection.close()

    def _prepare(self, path: Path) -> None:
        try:
            known = self._connection.execute("PRAGMA application_id").fetchone()[0]
            has_tables = self._connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        except sqlite.DatabaseError as failure:
            raise LedgerDamaged(f"{path} is no database: {failure}", remedy="restore a backup") from None
        if has_tables and known != APPLICATION_ID:
            raise LedgerForeign(f"{path} holds somebody else's tables", remedy="choose another paths.state")
        self._connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
        mode = self._connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        if mode != "wal":
            # SQLite answers the old mode instead of raising when it cannot switch.
            raise LedgerReadOnly(f"{path} cannot use a write-ahead log (it stays in mode {mode})")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute("PRAGMA foreign_keys = ON")
        self._connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        self._migrate()

    def _migrate(self) -> None:
        version = self._connection.execute("PRAGMA user_version").fetchone()[0]
        if version > len(STEPS):
            raise LedgerForeign("a newer program wrote these books", remedy="install that version again")
        if version == len(STEPS):
            return
        import sqlite_utils  # noqa: PLC0415 - 0.3 s that only a migration should pay

        plan = sqlite_utils.Migrations("headoffice")
        for name, step in STEPS:
            plan(name=name)(step)
        plan.apply(sqlite_utils.Database(self._connection))
        self._connection.execute(f"PRAGMA user_version = {len(STEPS)}")


def _refuse_unsound_sqlite() -> None:
    version = tuple(int(part) for part in sqlite.sqlite_version.split("."))
    if version < SOUND_VERSION:
        raise ConfigurationError(
            f"SQLite {sqlite.sqlite_version} can corrupt a write-ahead log",
            remedy="install pysqlite3 0.6.1 or newer",
        )
