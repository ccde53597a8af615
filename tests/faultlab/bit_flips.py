"""Flip one bit of a ledger at rest and ask whether verifying sees it.

A flip matters if any row of any table reads differently afterwards, or cannot be read.  Most of a file is
free space or repeats itself; what matters must be seen by the start or by `ledger verify`, every time.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from agent.errors import LedgerError
from agent.ledger.database import SqliteError, connect
from agent.ledger.first_run import NAME
from agent.ledger.verify import VerifyReport

WITHOUT_MEANING = frozenset({"room", "_sqlite_migrations"})
"""Filler that grew the log; sqlite-utils' own notes, of which verifying reads the names."""
Verify = Callable[[Path], VerifyReport]


@dataclass
class Outcome:
    """What the flips did."""

    flips: int = 0
    mattered: int = 0
    undetected: int = 0
    tables: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)


def bit_flips(
    clean: Path,
    work: Path,
    *,
    flips: int,
    seed: int,
    verify: Verify,
    tell: Callable[[Outcome], bool] = lambda _: False,
) -> Outcome:
    """Flip one random bit of a closed ledger file so often, each time in a fresh copy of it in `work`."""
    chance, outcome = Random(seed), Outcome()
    image, expected = clean.read_bytes(), rows_of(clean)
    path = work / NAME
    for _ in range(flips):
        at, bit = chance.randrange(len(image)), chance.randrange(8)
        damaged = bytearray(image)
        damaged[at] ^= 1 << bit
        path.write_bytes(damaged)
        outcome.flips += 1
        changed = _changed(expected, path)
        if changed:
            outcome.mattered += 1
            if not _is_seen(verify, work):
                outcome.undetected += 1
                outcome.tables[changed] += 1
                outcome.examples.append(f"seed {seed}, byte {at}, bit {bit}: table {changed}")
        if tell(outcome):
            break
    return outcome


def rows_of(path: Path) -> dict[str, list[Any]]:
    """Return every row of every table, and the schema itself.

    Raises:
        SqliteError: a page cannot be read.
    """
    db = connect(path, read_only=True)
    db.text_factory = bytes
    try:
        tables = [
            str(name, "utf-8")
            for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        ]
        found = {
            name: db.execute(f'SELECT * FROM "{name}"').fetchall()  # noqa: S608 - names of our own schema
            for name in tables
            if name not in WITHOUT_MEANING
        }
        schema = db.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema").fetchall()
        steps = db.execute("SELECT name FROM _sqlite_migrations").fetchall()
        ours = [row for row in schema if row[2] != b"_sqlite_migrations"]
        return {"schema": ours, "steps": steps, **found}
    finally:
        db.close()


def _changed(expected: dict[str, list[Any]], path: Path) -> str:
    """Return the first table that reads differently, empty if none does."""
    try:
        now = rows_of(path)
    except (SqliteError, UnicodeDecodeError, LedgerError, MemoryError, OverflowError) as failure:
        return f"unreadable ({type(failure).__name__})"
    return next((name for name, rows in expected.items() if now.get(name) != rows), "")


def _is_seen(verify: Verify, folder: Path) -> bool:
    try:
        return not verify(folder).ok
    except LedgerError:
        return True
