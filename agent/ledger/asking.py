"""Asking one connection: under a lock, with one view for several questions; and what is kept under a name."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from threading import RLock
from typing import Any

from agent.clock import Clock
from agent.ledger.database import Connection


class Asking:
    """A connection and its clock; `own_views`: several questions may be asked of one view."""

    def __init__(self, db: Connection, clock: Clock, *, own_views: bool) -> None:
        self._db = db
        self._clock = clock
        self._own_views = own_views
        self._lock = RLock()

    def mark(self, name: str) -> int:
        """Return a number to remember, 0 if never set."""
        row = self._one("SELECT number FROM mark WHERE name = ?", name)
        return int(row[0]) if row else 0

    def text_mark(self, name: str) -> str:
        """Return a text to remember, empty if never set."""
        row = self._one("SELECT text FROM mark WHERE name = ?", name)
        return str(row[0]) if row else ""

    def frozen(self) -> str:
        """Say why spending is stopped, or nothing."""
        row = self._one("SELECT number, text FROM mark WHERE name = 'frozen'")
        if row is None or not (row[0] or row[1]):
            return ""
        return str(row[1]) or "head office and this ledger disagree"

    @contextmanager
    def _view(self) -> Iterator[None]:
        """Hold one view of the ledger for several questions."""
        with self._lock:
            if not self._own_views or self._db.in_transaction:
                with nullcontext():
                    yield
                return
            self._db.execute("BEGIN")
            try:
                yield
            finally:
                self._db.execute("COMMIT")

    def one(self, sql: str, *values: str | int | bytes) -> Any:
        """Return the first row of a question of this room's own files."""
        return self._one(sql, *values)

    def rows(self, sql: str, *values: str | int | bytes) -> list[Any]:
        """Return all rows of a question of this room's own files."""
        return self._rows(sql, *values)

    def _one(self, sql: str, *values: Any) -> Any:
        with self._lock:
            return self._db.execute(sql, values).fetchone()

    def _rows(self, sql: str, *values: Any) -> list[Any]:
        with self._lock:
            return list(self._db.execute(sql, values).fetchall())
