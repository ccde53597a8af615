"""The schema of the books: numbered migrations, only ever added to (sqlite-utils keeps the list)."""

from typing import Any

SCHEMA_1 = """
CREATE TABLE setting (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE till (
    till TEXT PRIMARY KEY, store TEXT NOT NULL, public_key BLOB, code_hash BLOB, code_expires_ms INTEGER,
    enrolled_ms INTEGER, next_epoch INTEGER NOT NULL DEFAULT 1
) WITHOUT ROWID;
CREATE TABLE incarnation (
    incarnation TEXT PRIMARY KEY, till TEXT NOT NULL, epoch INTEGER NOT NULL, state TEXT NOT NULL,
    booked_seq INTEGER NOT NULL DEFAULT 0, next_number INTEGER NOT NULL DEFAULT 1,
    last_contact_ms INTEGER NOT NULL DEFAULT 0, program_version TEXT NOT NULL DEFAULT '',
    told_seq INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE member (
    member TEXT PRIMARY KEY, status TEXT NOT NULL, tier TEXT NOT NULL, segments TEXT NOT NULL,
    version INTEGER NOT NULL, reason TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;
CREATE INDEX member_version ON member (version);
CREATE TABLE card (
    tag BLOB PRIMARY KEY, member TEXT NOT NULL, blocked INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX card_member ON card (member);
CREATE TABLE lot (
    member TEXT NOT NULL, wallet TEXT NOT NULL, lot TEXT NOT NULL, opened INTEGER NOT NULL,
    remaining INTEGER NOT NULL, free INTEGER NOT NULL, active_from TEXT NOT NULL, expires_on TEXT NOT NULL,
    ends_at TEXT NOT NULL, PRIMARY KEY (member, wallet, lot)
) WITHOUT ROWID;
CREATE TABLE counted (
    member TEXT NOT NULL, rule TEXT NOT NULL, position INTEGER NOT NULL, day TEXT NOT NULL,
    today INTEGER NOT NULL, lifetime INTEGER NOT NULL, PRIMARY KEY (member, rule)
) WITHOUT ROWID;
CREATE TABLE voucher (
    member TEXT NOT NULL, id TEXT NOT NULL, voucher TEXT NOT NULL, active_from TEXT NOT NULL,
    expires_on TEXT NOT NULL, used INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (member, id)
) WITHOUT ROWID;
CREATE TABLE allowance (
    incarnation TEXT NOT NULL, number INTEGER NOT NULL, request_id TEXT NOT NULL, member TEXT NOT NULL,
    wallet TEXT NOT NULL, issued INTEGER NOT NULL, spent INTEGER NOT NULL DEFAULT 0, state TEXT NOT NULL,
    lots TEXT NOT NULL, honour_until_ms INTEGER NOT NULL, PRIMARY KEY (incarnation, number),
    UNIQUE (incarnation, request_id)
) WITHOUT ROWID;
CREATE INDEX allowance_open ON allowance (member, wallet) WHERE state = 'OPEN';
CREATE TABLE entry (
    position INTEGER PRIMARY KEY, incarnation TEXT NOT NULL, seq INTEGER NOT NULL, kind TEXT NOT NULL,
    receipt TEXT NOT NULL, part TEXT NOT NULL, account TEXT NOT NULL, unit TEXT NOT NULL,
    amount INTEGER NOT NULL, body BLOB NOT NULL, hash BLOB NOT NULL, accepted_ms INTEGER NOT NULL,
    UNIQUE (incarnation, seq)
);
CREATE INDEX entry_receipt ON entry (receipt);
CREATE INDEX entry_account ON entry (account, kind);
CREATE TABLE receipt (
    receipt TEXT PRIMARY KEY, incarnation TEXT NOT NULL, seq INTEGER NOT NULL, store TEXT NOT NULL,
    till TEXT NOT NULL, cashier TEXT NOT NULL, sold_at TEXT NOT NULL, member TEXT NOT NULL,
    entry_mode TEXT NOT NULL, items INTEGER NOT NULL, gross_minor INTEGER NOT NULL,
    due_minor INTEGER NOT NULL, rebate_minor INTEGER NOT NULL, offline INTEGER NOT NULL,
    programme TEXT NOT NULL, version INTEGER NOT NULL, state TEXT NOT NULL DEFAULT 'committed'
) WITHOUT ROWID;
CREATE TABLE receipt_rule (
    receipt TEXT NOT NULL, rule TEXT NOT NULL, rebate_minor INTEGER NOT NULL, points INTEGER NOT NULL,
    PRIMARY KEY (receipt, rule)
) WITHOUT ROWID;
CREATE TABLE difference (
    id INTEGER PRIMARY KEY, incarnation TEXT NOT NULL, seq INTEGER NOT NULL, receipt TEXT NOT NULL,
    kind TEXT NOT NULL, detail TEXT NOT NULL
);
CREATE TABLE programme (
    id TEXT NOT NULL, version INTEGER NOT NULL, sha256 TEXT NOT NULL, signature BLOB NOT NULL,
    text BLOB NOT NULL, published_ms INTEGER NOT NULL, change INTEGER NOT NULL, PRIMARY KEY (id, version)
) WITHOUT ROWID;
"""


def first_books(db: Any) -> None:
    """Make the tables of version 1."""
    # One statement after another: executescript would end the transaction that a migration runs in.
    for statement in SCHEMA_1.split(";\n"):
        if statement.strip():
            db.execute(statement)


STEPS = (("0001_first_books", first_books),)
