"""A new ledger is whole or absent: built under another name, flushed, renamed, and the folder flushed."""

import re

from agent.errors import LedgerDamaged
from agent.ledger.database import Connection, migrate, prepare_for_writing
from agent.ledger.marks import write_mark
from agent.ledger.migrations import STEPS
from agent.ledger.storage import Storage

NAME = "ledger.db"
DRAFT = "ledger.db.new"
SIDE_FILES = ("", "-wal", "-shm", "-journal")


def make_ledger(storage: Storage, incarnation: str) -> None:
    """Make an empty ledger with this incarnation.

    Raises:
        LedgerDamaged: a write-ahead log lies there without its ledger: entries were lost.
    """
    if storage.exists(f"{NAME}-wal"):
        raise LedgerDamaged(
            "a write-ahead log lies here without its ledger.db", remedy="loyalty-agent restore BACKUP"
        )
    build(storage, incarnation).close()
    put_in_place(storage)


def build(storage: Storage, incarnation: str) -> Connection:
    """Make an empty ledger under its temporary name and return the connection to it."""
    if not re.fullmatch("[0-9a-f]{32}", incarnation):
        raise ValueError(f"an incarnation is 32 hexadecimal digits, not {incarnation!r}")
    for suffix in SIDE_FILES:  # a leftover would be replayed into the new file
        storage.remove(DRAFT + suffix)
    db = storage.connect(DRAFT)
    prepare_for_writing(db)
    migrate(db, STEPS)
    write_mark(db, "incarnation", incarnation)
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return db


def put_in_place(storage: Storage) -> None:
    """Give the closed draft its real name, durably."""
    storage.flush(DRAFT)
    storage.replace(DRAFT, NAME)
    storage.flush_directory()
