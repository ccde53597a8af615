"""Planted bugs: each is a ledger's storage that behaves wrongly in one way, given where the sound one is.

A lab that finds none of them would prove nothing; `tests/faultlab/test_mutants.py` holds each against
the program that must find it.
"""

import contextlib
import re
from collections.abc import Callable
from typing import Any

from agent.ledger import first_run, receipts, witness
from agent.ledger.database import Connection, SqliteError
from agent.ledger.storage import Storage
from agent.ledger.witness import Witness

Plant = Callable[["Tampered", Connection, str, Any], Any]
IO_ERROR, FULL, BUSY = 10, 13, 5


class Tampered:
    """A storage that hands out connections whose statements pass through a planted bug."""

    def __init__(self, real: Storage, plant: "Plant | None" = None) -> None:
        self.real = real
        self._plant = plant
        self.is_waiting = False
        """A commit was answered and is still to come (late-commit)."""

    def connect(self, name: str, *, read_only: bool = False, immutable: bool = False) -> Connection:
        """Open a database of this folder."""
        connection = self.real.connect(name, read_only=read_only, immutable=immutable)
        return connection if read_only or self._plant is None else _Altered(connection, self, self._plant)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)


class _Altered:
    def __init__(self, real: Connection, storage: Tampered, plant: Plant) -> None:
        self._real = real
        self._storage = storage
        self._plant = plant

    def execute(self, sql: str, values: Any = ()) -> Any:
        return self._plant(self._storage, self._real, sql, values)

    def cursor(self) -> "_Altered":
        return self  # what passes through a cursor passes through the bug as well

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


def _replaced(pattern: str, by: str) -> Plant:
    def plant(_: Tampered, db: Connection, sql: str, values: Any) -> Any:
        return db.execute(re.sub(pattern, by, sql, flags=re.IGNORECASE), values)

    return plant


def _late_commit(storage: Tampered, db: Connection, sql: str, values: Any) -> Any:
    if sql == "COMMIT":
        storage.is_waiting = True
        return None
    if storage.is_waiting and (sql.startswith("BEGIN") or "checkpoint" in sql):
        storage.is_waiting = False
        db.execute("COMMIT")
    return db.execute(sql, values)


def _repeat_is_new(_: Tampered, db: Connection, sql: str, values: Any) -> Any:
    if sql == receipts.GET and db.in_transaction:
        return db.execute(sql, ("a receipt that nobody ever paid",))
    return db.execute(sql, values)


def _go_on(_: Tampered, db: Connection, sql: str, values: Any) -> Any:
    try:
        return db.execute(sql, values)
    except SqliteError as failure:
        if getattr(failure, "sqlite_errorcode", 0) & 0xFF == IO_ERROR:
            failure.sqlite_errorcode = BUSY  # type: ignore[attr-defined]
        raise


def _shrug_at_full(_: Tampered, db: Connection, sql: str, values: Any) -> Any:
    try:
        return db.execute(sql, values)
    except SqliteError as failure:
        if sql != "COMMIT" or getattr(failure, "sqlite_errorcode", 0) & 0xFF != FULL:
            raise
        if db.in_transaction:
            db.execute("ROLLBACK")


def _witness_ahead(storage: Tampered, db: Connection, sql: str, values: Any) -> Any:
    if sql == "COMMIT":
        with contextlib.suppress(SqliteError, TypeError):  # a ledger that is still being made has no head
            seq, row_hash = db.execute("SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1").fetchone()
            name = db.execute("SELECT text FROM mark WHERE name = 'incarnation'").fetchone()[0]
            witness.write_witness(storage.real, Witness(name, seq, row_hash))
    return db.execute(sql, values)


def _stamp_first(_: Tampered, db: Connection, sql: str, values: Any) -> Any:
    answer = db.execute(sql, values)
    version = db.execute("PRAGMA user_version").fetchone()[0] if "secure_delete" in sql else 0
    if version:
        db.execute(f"PRAGMA user_version = {version + 1}")
    return answer


class _TwoTransactions(Tampered):
    """Commits the entries of a sale, then how its receipt stands."""

    def connect(self, name: str, *, read_only: bool = False, immutable: bool = False) -> Connection:
        real = self.real.connect(name, read_only=read_only, immutable=immutable)
        return (
            real
            if read_only
            else _EntriesFirst(real, self, lambda _, db, sql, values: db.execute(sql, values))
        )


class _EntriesFirst(_Altered):
    def executemany(self, sql: str, rows: list[Any]) -> None:
        self._real.executemany(sql, [(*row[:-1], b"") for row in rows])
        self._real.execute("COMMIT")
        self._real.execute("BEGIN IMMEDIATE")
        for seq, *_, answered in rows:
            self._real.execute("UPDATE journal SET answered = ? WHERE seq = ?", (answered, seq))


class _TidyLog(Tampered):
    """Removes a "leftover" log before opening."""

    def connect(self, name: str, *, read_only: bool = False, immutable: bool = False) -> Connection:
        if not read_only:
            self.real.remove(f"{name}-wal")
        return super().connect(name, read_only=read_only, immutable=immutable)


class _InPlace(Tampered):
    """Makes a first ledger under its final name."""

    def connect(self, name: str, *, read_only: bool = False, immutable: bool = False) -> Connection:
        return super().connect(_final(name), read_only=read_only, immutable=immutable)

    def remove(self, name: str) -> None:
        self.real.remove(_final(name))

    def flush(self, name: str) -> None:
        self.real.flush(_final(name))

    def replace(self, source: str, target: str) -> None:
        if _final(source) != target:
            self.real.replace(source, target)


class _CarelessFlush(Tampered):
    """Goes on with a directory whose flush failed."""

    def flush(self, name: str) -> None:
        with contextlib.suppress(OSError) if name.startswith("members-") else contextlib.nullcontext():
            self.real.flush(name)


def _final(name: str) -> str:
    return name.replace(first_run.DRAFT, first_run.NAME)


MUTANTS: dict[str, Callable[[Storage], Storage]] = {
    "": lambda storage: storage,
    "normal-sync": lambda storage: Tampered(storage, _replaced(r"(synchronous\s*=\s*)FULL", r"\1NORMAL")),
    "no-sync": lambda storage: Tampered(storage, _replaced(r"(synchronous\s*=\s*)FULL", r"\1OFF")),
    "no-sync-growing": lambda storage: Tampered(storage, _replaced(r"(synchronous\s*=\s*)NORMAL", r"\1OFF")),
    "auto-checkpoint": lambda storage: Tampered(
        storage, _replaced(r"(wal_autocheckpoint\s*=\s*)0", r"\g<1>1")
    ),
    "late-commit": lambda storage: Tampered(storage, _late_commit),
    "two-transactions": _TwoTransactions,
    "repeat-is-new": lambda storage: Tampered(storage, _repeat_is_new),
    "go-on": lambda storage: Tampered(storage, _go_on),
    "shrug-at-full": lambda storage: Tampered(storage, _shrug_at_full),
    "stamp-first": lambda storage: Tampered(storage, _stamp_first),
    "witness-ahead": lambda storage: Tampered(storage, _witness_ahead),
    "tidy-log": _TidyLog,
    "in-place": _InPlace,
    "careless-flush": _CarelessFlush,
}
"""Planted bugs by name; the empty name is the sound ledger."""
