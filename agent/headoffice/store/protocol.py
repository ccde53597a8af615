"""What the SQL of this folder needs of a database; embedded SQLite offers it, a PostgreSQL can.

The texts keep to what both speak: upserts, plain joins, `?` for values.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

Row = Any
"""A row whose columns are read by name; no driver ships a type for it."""


class Store(Protocol):
    """The books: queries at any time, changes inside `writing`."""

    changes_from: int
    """Changes made through this opening are numbered from here at least."""

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        """Return all rows of a query."""
        ...

    def row(self, sql: str, values: Sequence[Any] = ()) -> Row | None:
        """Return the first row of a query, None if there is none."""
        ...

    def run(self, sql: str, values: Sequence[Any] = ()) -> int:
        """Run one statement; return how many rows it changed."""
        ...

    def run_many(self, sql: str, values: Sequence[Sequence[Any]]) -> None:
        """Run one statement for each row of values."""
        ...

    def writing(self) -> AbstractContextManager[None]:
        """Open a transaction: durable when the block ends, undone if it raises."""
        ...

    def reading(self) -> AbstractContextManager[None]:
        """Hold one view for several queries."""
        ...

    def attempt(self) -> AbstractContextManager[None]:
        """Inside `writing`: undo only this block if it raises, and let the error rise."""
        ...
