"""What a till keeps of people beside the journal: tags it attached itself, and boxes for head office.

An attached tag serves until head office's own row says whose card it is.  A box lies here until head
office has it; then it goes, out of the file and out of the log.
"""

from collections.abc import Sequence
from typing import Any

from agent.ledger.database import Connection
from agent.ledger.seal import seal

MOST_BOXES = 100
"""Handed over at once."""


def attach(db: Connection, tag: bytes, member: str) -> None:
    """Let a tag lead to a member here."""
    values = (tag, member)
    db.execute("INSERT OR REPLACE INTO attached VALUES (?, ?, ?)", (*values, seal(*values)))


def put_box(db: Connection, member: str, box: bytes) -> None:
    """Keep a box until head office has it."""
    db.execute("INSERT INTO box (member, box, seal) VALUES (?, ?, ?)", (member, box, seal(member, box)))


def drop_boxes(db: Connection, numbers: Sequence[int]) -> None:
    """Remove boxes that head office has."""
    db.executemany("DELETE FROM box WHERE number = ?", [(one,) for one in numbers])


def people_tables(db: Any) -> None:
    """Make the tables (a step of migrations.py)."""
    db.execute(
        "CREATE TABLE attached (tag BLOB PRIMARY KEY, member TEXT NOT NULL, seal BLOB NOT NULL)"
        " STRICT, WITHOUT ROWID"
    )
    db.execute("CREATE INDEX attached_member ON attached (member)")
    db.execute(
        "CREATE TABLE box (number INTEGER PRIMARY KEY, member TEXT NOT NULL, box BLOB NOT NULL,"
        " seal BLOB NOT NULL) STRICT"
    )
