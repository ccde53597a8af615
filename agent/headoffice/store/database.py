"""The books' file: head office's only door to SQLite.

WAL with synchronous=FULL; every change is a short BEGIN IMMEDIATE transaction, so that the server and
a command may work side by side.  SQLite older than 3.51.3 is refused: its WAL can corrupt with two
writing connections (sqlite.org/wal.html, the WAL-reset bug).
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pysqlite3 import dbapi2 as sqlite

from agent.errors import ConfigurationError, LedgerDamaged, LedgerError, LedgerForeign, LedgerReadOnly
from agent.headoffice.store.migrations import STEPS

SOUND_VERSION = (3, 51, 3)
APPLICATION_ID = 0x4C4F5948  # "LOYH"
BUSY_MS = 10_000
CANNOT_WRITE = frozenset(
    {sqlite.SQLITE_FULL, sqlite.SQLITE_IOERR, sqlite.SQLITE_READONLY, sqlite.SQLITE_CANTOPEN}
    | {sqlite.SQLITE_BUSY, sqlite.SQLITE_LOCKED}
)
IntegrityError: type[Exception] = sqlite.IntegrityError


class Database:
    """One connection to the books, used under a lock by the threads of one process.

    `vfs` names another layer between SQLite and the file (where faults are planted).
    """

    def __init__(self, path: Path, *, vfs: str = "") -> None:
        _refuse_unsound_sqlite()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite.connect(
                f"{path.absolute().as_uri()}{f'?vfs={vfs}' if vfs else ''}",
                uri=True,
                isolation_level=None,
                check_same_thread=False,
                cached_statements=256,
            )
        except (OSError, sqlite.Error) as failure:
            raise ConfigurationError(f"cannot open {path}: {failure}", remedy="check paths.state") from None
        self._lock = threading.RLock()
        self.changes_from = 0
        try:
            _prepare(self._connection, path)
        except sqlite.DatabaseError as failure:
            self._connection.close()
            raise _as_ours(failure, path) from None
        except LedgerError:
            self._connection.close()
            raise
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
            LedgerReadOnly: the disk is full, cannot be written, or another process writes for too long.
        """
        with self._lock:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                yield
                self._connection.execute("COMMIT")
            except BaseException as failure:
                # A failed COMMIT may have rolled back by itself.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                if getattr(failure, "sqlite_errorcode", -1) & 0xFF in CANNOT_WRITE:
                    raise LedgerReadOnly(
                        f"the books cannot be written: {failure}", remedy="make room, look at the disk"
                    ) from None
                raise

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Hold one view of the books for several queries."""
        with self._lock:
            self._connection.execute("BEGIN")
            try:
                yield
            finally:
                self._connection.execute("COMMIT")

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Inside `writing`, undo only this block if it raises, and let the error rise."""
        self._connection.execute("SAVEPOINT attempt")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK TO attempt")
            self._connection.execute("RELEASE attempt")
            raise
        self._connection.execute("RELEASE attempt")

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._connection.close()


def new_file(path: Path) -> Any:
    """Open a file that is made in one go, and again after a crash: nothing of it is durable before that."""
    db = sqlite.connect(str(path), isolation_level=None)
    for pragma in ("journal_mode = OFF", "synchronous = OFF", "temp_store = FILE"):
        db.execute(f"PRAGMA {pragma}")
    return db


def _prepare(connection: Any, path: Path) -> None:
    connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
    known = connection.execute("PRAGMA application_id").fetchone()[0]
    has_tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if has_tables and known != APPLICATION_ID:
        raise LedgerForeign(f"{path} holds somebody else's tables", remedy="choose another paths.state")
    mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
    if mode != "wal":
        # SQLite answers the old mode instead of raising when it cannot switch.
        raise LedgerReadOnly(f"{path} cannot use a write-ahead log (it stays in mode {mode})")
    connection.execute("PRAGMA synchronous = FULL")
    if known != APPLICATION_ID:
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    _migrate(connection)


def _migrate(connection: Any) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > len(STEPS):
        raise LedgerForeign("a newer program wrote these books", remedy="install that version again")
    if version == len(STEPS):
        return
    import sqlite_utils  # noqa: PLC0415 - 0.3 s that only a migration should pay

    plan = sqlite_utils.Migrations("headoffice")
    for name, step in STEPS:
        plan(name=name)(step)
    plan.apply(sqlite_utils.Database(connection))
    connection.execute(f"PRAGMA user_version = {len(STEPS)}")


def _as_ours(failure: Exception, path: Path) -> LedgerError:
    if getattr(failure, "sqlite_errorcode", -1) & 0xFF in CANNOT_WRITE:
        return LedgerReadOnly(f"{path} cannot be used: {failure}", remedy="look at the disk and its rights")
    return LedgerDamaged(f"{path} is no database: {failure}", remedy="restore a backup")


def _refuse_unsound_sqlite() -> None:
    version = tuple(int(part) for part in sqlite.sqlite_version.split("."))
    if version < SOUND_VERSION:
        raise ConfigurationError(
            f"SQLite {sqlite.sqlite_version} can corrupt a write-ahead log",
            remedy="install pysqlite3 0.6.1 or newer",
        )
