"""The schema of the ledger: numbered migrations, only ever added to (sqlite-utils keeps the list)."""

from typing import Any

from agent.ledger.marks import write_mark
from agent.ledger.people import people_tables
from agent.ledger.unfiled import MARK as FILED

SCHEMA_1 = """
CREATE TABLE journal (
    seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, account TEXT NOT NULL, receipt TEXT NOT NULL,
    part TEXT NOT NULL, body BLOB NOT NULL, hash BLOB NOT NULL
) STRICT;
CREATE TABLE receipt (
    receipt TEXT PRIMARY KEY, state TEXT NOT NULL, content_hash BLOB NOT NULL, answer BLOB NOT NULL,
    member TEXT NOT NULL, effects BLOB NOT NULL, seal BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE allowance (
    number INTEGER PRIMARY KEY, member TEXT NOT NULL, wallet TEXT NOT NULL,
    honour_until_ms INTEGER NOT NULL, closed INTEGER NOT NULL DEFAULT 0, seal BLOB NOT NULL
) STRICT;
CREATE INDEX allowance_open ON allowance (member) WHERE closed = 0;
CREATE TABLE allowance_lot (
    number INTEGER NOT NULL, lot TEXT NOT NULL, amount INTEGER NOT NULL, active_from TEXT NOT NULL,
    expires_on TEXT NOT NULL, ends_at TEXT NOT NULL, spent INTEGER NOT NULL DEFAULT 0,
    held INTEGER NOT NULL DEFAULT 0, seal BLOB NOT NULL, PRIMARY KEY (number, lot)
) STRICT, WITHOUT ROWID;
CREATE TABLE hold (
    receipt TEXT PRIMARY KEY, member TEXT NOT NULL, until_ms INTEGER NOT NULL, part TEXT NOT NULL,
    slices BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX hold_member ON hold (member);
CREATE TABLE member (
    member TEXT PRIMARY KEY, version INTEGER NOT NULL, facts BLOB NOT NULL, seal BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE card (
    tag BLOB PRIMARY KEY, member TEXT NOT NULL, blocked INTEGER NOT NULL, seal BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX card_member ON card (member);
CREATE TABLE member_waiting (
    member TEXT PRIMARY KEY, version INTEGER NOT NULL, row BLOB NOT NULL, seal BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE programme (
    stored INTEGER PRIMARY KEY, id TEXT NOT NULL, version INTEGER NOT NULL, sha256 TEXT NOT NULL,
    signature BLOB NOT NULL, text BLOB NOT NULL, seal BLOB NOT NULL, UNIQUE (id, version)
) STRICT;
CREATE TABLE mark (
    name TEXT PRIMARY KEY, number INTEGER NOT NULL DEFAULT 0, text TEXT NOT NULL DEFAULT '',
    seal BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE room (filler BLOB) STRICT;
"""


def first_ledger(db: Any) -> None:
    """Make the tables of version 1."""
    # One statement after another: executescript would end the transaction that a migration runs in.
    for statement in SCHEMA_1.split(";\n"):
        if statement.strip():
            db.execute(statement)


def compaction(db: Any) -> None:
    """Keep what entries that were let go had spent of allowances."""
    db.execute(
        "CREATE TABLE allowance_base (number INTEGER NOT NULL, lot TEXT NOT NULL, spent INTEGER NOT NULL,"
        " closed INTEGER NOT NULL, seal BLOB NOT NULL, PRIMARY KEY (number, lot)) STRICT, WITHOUT ROWID"
    )


def purposes(db: Any) -> None:
    """Say of an allowance who gave it, what for, and whether it is wanted back."""
    for column in ("giver TEXT NOT NULL DEFAULT ''", "purpose TEXT NOT NULL DEFAULT 'BASKET'"):
        db.execute(f"ALTER TABLE allowance ADD COLUMN {column}")
    db.execute("ALTER TABLE allowance ADD COLUMN recalled INTEGER NOT NULL DEFAULT 0")


POOL = """
ALTER TABLE allowance_lot ADD COLUMN lent INTEGER NOT NULL DEFAULT 0;
CREATE TABLE borrowed (
    number INTEGER PRIMARY KEY, parent INTEGER NOT NULL, seal BLOB NOT NULL
) STRICT;
CREATE TABLE loan (
    number INTEGER PRIMARY KEY, holder TEXT NOT NULL, request TEXT NOT NULL, parent INTEGER NOT NULL,
    member TEXT NOT NULL, wallet TEXT NOT NULL, home INTEGER NOT NULL DEFAULT 0, seal BLOB NOT NULL,
    UNIQUE (holder, request)
) STRICT;
CREATE TABLE loan_lot (
    number INTEGER NOT NULL, lot TEXT NOT NULL, amount INTEGER NOT NULL, spent INTEGER NOT NULL,
    seal BLOB NOT NULL, PRIMARY KEY (number, lot)
) STRICT, WITHOUT ROWID;
CREATE TABLE loan_base (
    number INTEGER NOT NULL, lot TEXT NOT NULL, lent INTEGER NOT NULL, seal BLOB NOT NULL,
    PRIMARY KEY (number, lot)
) STRICT, WITHOUT ROWID;
CREATE TABLE borrower (
    incarnation TEXT PRIMARY KEY, till TEXT NOT NULL, seq INTEGER NOT NULL, hash BLOB NOT NULL,
    fenced INTEGER NOT NULL, seal BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE peer (till TEXT PRIMARY KEY, public_key BLOB NOT NULL, seal BLOB NOT NULL) STRICT, WITHOUT ROWID;
"""


def pool(db: Any) -> None:
    """Keep what a store's pool lends, and at a till what it borrowed."""
    for statement in POOL.split(";\n"):
        if statement.strip():
            db.execute(statement)


def offline_and_counter(db: Any) -> None:
    """Take everything in that came with spending offline, the store's pool and joining at the till."""
    purposes(db)
    pool(db)
    people_tables(db)


def answered(db: Any) -> None:
    """Let a journal row carry how its receipt stands until that is filed; what is there is filed."""
    db.execute("ALTER TABLE journal ADD COLUMN answered BLOB NOT NULL DEFAULT x''")
    (last,) = db.execute("SELECT coalesce(max(seq), 0) FROM journal").fetchone()
    if last:  # else every start would read the whole journal through for what is not filed
        write_mark(db, FILED, last)


STEPS = (
    ("0001_first_ledger", first_ledger),
    ("0002_compaction", compaction),
    ("0003_offline_and_counter", offline_and_counter),
    ("0004_answered", answered),
)


def has(version: int, name: str) -> bool:
    """Tell whether a file of this version has taken a step."""
    return any(step.endswith(f"_{name}") for step, _ in STEPS[:version])
