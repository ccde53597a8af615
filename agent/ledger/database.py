"""The till's only door to SQLite: which version, which pragmas, which errors mean what.

pysqlite3 carries its own SQLite; Debian 12's 3.40.1 has the WAL-reset race and is refused.  Two copies
of SQLite on one file in a process break its locks, so nothing here touches the standard library's.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from pysqlite3 import dbapi2 as sqlite

from agent.errors import ConfigurationError, LedgerDamaged, LedgerError, LedgerForeign, LedgerReadOnly

Connection = Any
"""A DB-API connection in autocommit mode; pysqlite3 ships no types."""

SOUND_VERSION = (3, 51, 3)
APPLICATION_ID = 0x4C4F5954  # "LOYT"
FULL, IO_ERROR, NOT_A_DATABASE, CORRUPT = 13, 10, 26, 11
SqliteError: type[Exception] = sqlite.Error


def sqlite_version() -> str:
    """Return the version of the SQLite that answers here."""
    return str(sqlite.sqlite_version)


def version_is_sound(version: str) -> bool:
    """Say whether this version is free of the WAL-reset race.

    >>> version_is_sound("3.53.4"), version_is_sound("3.40.1")
    (True, False)
    """
    return tuple(int(part) for part in version.split(".")) >= SOUND_VERSION


def connect(path: Path, *, read_only: bool = False, immutable: bool = False, vfs: str = "") -> Connection:
    """Open a database file in autocommit mode; a read-only connection refuses to write.

    `vfs` names another layer between SQLite and the file (where faults are planted).

    Raises:
        ConfigurationError: this SQLite can corrupt a write-ahead log.
        LedgerReadOnly: the file cannot be opened.
    """
    if not version_is_sound(sqlite_version()):
        raise ConfigurationError(
            f"SQLite {sqlite_version()} can corrupt a write-ahead log",
            remedy="install pysqlite3 0.6.1 or newer",
        )
    asked = [*(("mode=ro", "immutable=1") if immutable else ()), *((f"vfs={vfs}",) if vfs else ())]
    mode = "?" + "&".join(asked) if asked else ""
    try:
        connection = sqlite.connect(
            f"{path.absolute().as_uri()}{mode}",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=128,
        )
        if read_only:
            connection.execute("PRAGMA query_only = ON")
    except sqlite.Error as failure:
        raise LedgerReadOnly(f"cannot open {path}: {failure}", remedy="check the state folder") from None
    return connection


def in_memory() -> Connection:
    """Open an empty database that lies in memory only."""
    return sqlite.connect(":memory:", isolation_level=None)


def prepare_for_writing(connection: Connection) -> None:
    """Set what makes a commit durable: WAL, FULL, and no checkpoint behind our back.

    Raises:
        LedgerReadOnly: the write-ahead log cannot be used; SQLite answers the old mode instead of raising.
    """
    mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
    if mode != "wal":
        raise LedgerReadOnly(f"the ledger cannot use a write-ahead log (it stays in mode {mode})")
    connection.execute("PRAGMA synchronous = FULL")
    # The automatic checkpoint swallows a failed sync; ours raises.
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    connection.execute("PRAGMA secure_delete = ON")


def check_ours(connection: Connection, path: Path, newest: int) -> int:
    """Return the schema version of our file, untouched.

    Raises:
        LedgerForeign: somebody else's file, or one of a newer program.
        LedgerDamaged: no database at all.
    """
    try:
        known = connection.execute("PRAGMA application_id").fetchone()[0]
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    except sqlite.DatabaseError as failure:
        raise LedgerDamaged(
            f"{path} is no database: {failure}", remedy="loyalty-agent restore BACKUP"
        ) from None
    if known != APPLICATION_ID:
        raise LedgerForeign(f"{path} is not a ledger of ours", remedy="choose another paths.state")
    if version > newest:
        raise LedgerForeign(f"a newer program wrote {path}", remedy="install that version again")
    return version


def migrate(connection: Connection, steps: tuple[tuple[str, Callable[[Any], None]], ...]) -> None:
    """Bring the schema up to date; each step is applied once and only adds."""
    import sqlite_utils  # noqa: PLC0415 - 0.3 s that only a first run or a migration should pay

    plan = sqlite_utils.Migrations("ledger")
    for name, step in steps:
        plan(name=name)(step)
    plan.apply(sqlite_utils.Database(connection))
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {len(steps)}")


def is_fatal(failure: Exception) -> bool:
    """Say whether after this error nothing on this connection may be believed (a failed sync, say)."""
    return getattr(failure, "sqlite_errorcode", 0) & 0xFF in (IO_ERROR, NOT_A_DATABASE, CORRUPT)


def as_ledger_error(failure: Exception) -> LedgerError:
    """Return our error for one of SQLite's."""
    primary = getattr(failure, "sqlite_errorcode", 0) & 0xFF
    if primary == FULL:
        return LedgerReadOnly("the disk is full", remedy="make room; the POS repeats the call")
    if primary in (NOT_A_DATABASE, CORRUPT):
        return LedgerDamaged(f"the ledger is damaged: {failure}", remedy="loyalty-agent ledger verify")
    return LedgerReadOnly(f"the ledger cannot be written: {failure}", remedy="look at the disk and its mount")
