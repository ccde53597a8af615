"""The schema of the books, as numbered migrations that are only ever added to (sqlite-utils keeps the list).

What head office decided itself (tills, members, cards, opening lots, allowances, programmes) stands
beside what is derived from the journals (`entry` and everything booked from it); `verify` makes the
latter anew and compares.
"""

from typing import Any

from agent.headoffice.store.counter import add_counter_tables
from agent.headoffice.store.debts import INDEX
from agent.headoffice.store.erasures import add_tables
from agent.headoffice.store.placements import INDEX as VISITS

OWN_1 = """
CREATE TABLE setting (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE till (
    till TEXT PRIMARY KEY, store TEXT NOT NULL, public_key BLOB, code_hash BLOB, code_expires_ms INTEGER,
    enrolled_ms INTEGER, next_epoch INTEGER NOT NULL DEFAULT 1
) WITHOUT ROWID;
CREATE TABLE till_key (
    till TEXT NOT NULL, public_key BLOB NOT NULL, enrolled_ms INTEGER NOT NULL, PRIMARY KEY (till, public_key)
) WITHOUT ROWID;
CREATE TABLE incarnation (
    incarnation TEXT PRIMARY KEY, till TEXT NOT NULL, store TEXT NOT NULL, epoch INTEGER NOT NULL,
    state TEXT NOT NULL, booked_seq INTEGER NOT NULL DEFAULT 0, booked_hash BLOB NOT NULL,
    next_number INTEGER NOT NULL DEFAULT 1,
    last_contact_ms INTEGER NOT NULL DEFAULT 0, program_version TEXT NOT NULL DEFAULT '',
    told_seq INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE member (
    member TEXT PRIMARY KEY, status TEXT NOT NULL, tier TEXT NOT NULL, segments TEXT NOT NULL,
    choices TEXT NOT NULL, reason TEXT NOT NULL DEFAULT '', version INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX member_version ON member (version);
CREATE TABLE card (
    tag BLOB PRIMARY KEY, member TEXT NOT NULL, blocked INTEGER NOT NULL DEFAULT 0,
    reason TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;
CREATE INDEX card_member ON card (member);
CREATE TABLE allowance (
    incarnation TEXT NOT NULL, number INTEGER NOT NULL, request_id TEXT NOT NULL, member TEXT NOT NULL,
    wallet TEXT NOT NULL, issued INTEGER NOT NULL, issued_ms INTEGER NOT NULL,
    honour_until_ms INTEGER NOT NULL, state TEXT NOT NULL,
    PRIMARY KEY (incarnation, number), UNIQUE (incarnation, request_id)
) WITHOUT ROWID;
CREATE INDEX allowance_open ON allowance (member, wallet) WHERE state = 'OPEN';
CREATE TABLE allowance_lot (
    incarnation TEXT NOT NULL, number INTEGER NOT NULL, lot TEXT NOT NULL, amount INTEGER NOT NULL,
    spent INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (incarnation, number, lot)
) WITHOUT ROWID;
CREATE TABLE programme (
    id TEXT NOT NULL, version INTEGER NOT NULL, sha256 TEXT NOT NULL, signature BLOB NOT NULL,
    text BLOB NOT NULL, published_ms INTEGER NOT NULL, change INTEGER NOT NULL, PRIMARY KEY (id, version)
) WITHOUT ROWID;
"""
DERIVED_1 = """
CREATE TABLE entry (
    position INTEGER PRIMARY KEY, incarnation TEXT NOT NULL, seq INTEGER NOT NULL, kind TEXT NOT NULL,
    receipt TEXT NOT NULL, part TEXT NOT NULL, undoes TEXT NOT NULL, account TEXT NOT NULL,
    unit TEXT NOT NULL, amount INTEGER NOT NULL, at TEXT NOT NULL, body BLOB NOT NULL, hash BLOB NOT NULL,
    accepted_ms INTEGER NOT NULL, parked INTEGER NOT NULL DEFAULT 0, UNIQUE (incarnation, seq)
);
CREATE INDEX entry_receipt ON entry (receipt, kind, part);
CREATE INDEX entry_account ON entry (account, unit) WHERE amount <> 0;
CREATE TABLE lot (
    member TEXT NOT NULL, wallet TEXT NOT NULL, lot TEXT NOT NULL, imported INTEGER NOT NULL DEFAULT 0,
    opened INTEGER NOT NULL DEFAULT 0, remaining INTEGER NOT NULL, active_from TEXT NOT NULL DEFAULT '',
    expires_on TEXT NOT NULL DEFAULT '', ends_at TEXT NOT NULL DEFAULT '', PRIMARY KEY (member, wallet, lot)
) WITHOUT ROWID;
CREATE TABLE counted (
    member TEXT NOT NULL, rule TEXT NOT NULL, position INTEGER NOT NULL, day TEXT NOT NULL,
    today INTEGER NOT NULL, lifetime INTEGER NOT NULL, PRIMARY KEY (member, rule)
) WITHOUT ROWID;
CREATE TABLE voucher (
    member TEXT NOT NULL, id TEXT NOT NULL, voucher TEXT NOT NULL DEFAULT '',
    imported INTEGER NOT NULL DEFAULT 0, active_from TEXT NOT NULL DEFAULT '',
    expires_on TEXT NOT NULL DEFAULT '', given INTEGER NOT NULL DEFAULT 0, used INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (member, id)
) WITHOUT ROWID;
CREATE TABLE receipt (
    receipt TEXT PRIMARY KEY, incarnation TEXT NOT NULL, seq INTEGER NOT NULL, store TEXT NOT NULL,
    till TEXT NOT NULL, cashier TEXT NOT NULL, at TEXT NOT NULL, sold_at TEXT NOT NULL, day TEXT NOT NULL,
    currency TEXT NOT NULL, member TEXT NOT NULL, entry_mode TEXT NOT NULL, items INTEGER NOT NULL,
    gross_minor INTEGER NOT NULL, rebate_minor INTEGER NOT NULL, due_minor INTEGER NOT NULL,
    offline INTEGER NOT NULL, programme TEXT NOT NULL, version INTEGER NOT NULL, state TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE receipt_rule (
    receipt TEXT NOT NULL, rule TEXT NOT NULL, rebate_minor INTEGER NOT NULL, points INTEGER NOT NULL,
    PRIMARY KEY (receipt, rule)
) WITHOUT ROWID;
CREATE TABLE difference (
    id INTEGER PRIMARY KEY, incarnation TEXT NOT NULL, seq INTEGER NOT NULL, receipt TEXT NOT NULL,
    kind TEXT NOT NULL, detail TEXT NOT NULL
);
CREATE INDEX difference_entry ON difference (incarnation, seq);
"""


def _run(db: Any, script: str) -> None:
    """Run one statement after another: executescript would end the transaction a migration runs in."""
    for statement in script.split(";\n"):
        if statement.strip():
            db.execute(statement)


def first_books(db: Any) -> None:
    """Make the tables of version 1."""
    _run(db, OWN_1 + DERIVED_1)


DIRECTORY_2 = """
CREATE TABLE directory (
    cursor INTEGER PRIMARY KEY, sha256 TEXT NOT NULL, signature BLOB NOT NULL, members INTEGER NOT NULL,
    bytes INTEGER NOT NULL, made_ms INTEGER NOT NULL
)
"""


def directories(db: Any) -> None:
    """Make the list of member directories."""
    db.execute(DIRECTORY_2)


def repeated_enrolment(db: Any) -> None:
    """Remember which key a code was spent on, so that a lost answer can be given again."""
    db.execute("ALTER TABLE till ADD COLUMN code_key BLOB")


def own_journal(db: Any) -> None:
    """Know how far head office's own journals are in the books, and which numbers tills say they hold."""
    db.execute(
        "CREATE TABLE own_journal (incarnation TEXT PRIMARY KEY, began INTEGER NOT NULL,"
        " booked_seq INTEGER NOT NULL, booked_hash BLOB NOT NULL) WITHOUT ROWID"
    )
    db.execute("ALTER TABLE incarnation ADD COLUMN told_number INTEGER NOT NULL DEFAULT 0")


def settled_returns(db: Any) -> None:
    """Undo a sale here for a return whose till did not know it."""
    db.execute(
        "CREATE TABLE settlement (id INTEGER PRIMARY KEY, incarnation TEXT NOT NULL, seq INTEGER NOT NULL,"
        " of_incarnation TEXT NOT NULL, of_seq INTEGER NOT NULL, undoes TEXT NOT NULL, member TEXT NOT NULL,"
        " wallet TEXT NOT NULL, lot TEXT NOT NULL, amount INTEGER NOT NULL)"
    )
    db.execute("CREATE INDEX settlement_return ON settlement (incarnation, seq)")
    db.execute("CREATE INDEX settlement_of ON settlement (of_incarnation, of_seq)")
    db.execute("ALTER TABLE difference ADD COLUMN settled INTEGER NOT NULL DEFAULT 0")
    db.execute("CREATE INDEX difference_open ON difference (receipt) WHERE kind = 'return_to_settle'")


def vouchers_of_hours(db: Any) -> None:
    """Let a voucher end at an instant, as a lot does."""
    db.execute("ALTER TABLE voucher ADD COLUMN ends_at TEXT NOT NULL DEFAULT ''")


MEASURES_7 = """
CREATE TABLE measured (
    member TEXT NOT NULL, measure TEXT NOT NULL, opening INTEGER NOT NULL DEFAULT 0, amount INTEGER NOT NULL,
    PRIMARY KEY (member, measure)
) WITHOUT ROWID;
CREATE TABLE noted (
    member TEXT NOT NULL, rule TEXT NOT NULL, at_ms INTEGER NOT NULL, incarnation TEXT NOT NULL,
    seq INTEGER NOT NULL, value TEXT NOT NULL, PRIMARY KEY (member, rule, at_ms, incarnation, seq)
) WITHOUT ROWID;
CREATE TABLE capped (
    programme TEXT NOT NULL, rule TEXT NOT NULL, given INTEGER NOT NULL, PRIMARY KEY (programme, rule)
) WITHOUT ROWID;
CREATE TABLE receipt_spent (
    receipt TEXT NOT NULL, place INTEGER NOT NULL, rule TEXT NOT NULL, wallet TEXT NOT NULL,
    points INTEGER NOT NULL, amount_minor INTEGER NOT NULL, turned_into TEXT NOT NULL,
    PRIMARY KEY (receipt, place)
) WITHOUT ROWID;
CREATE TABLE movement (
    incarnation TEXT NOT NULL, seq INTEGER NOT NULL, kind TEXT NOT NULL, reference TEXT NOT NULL,
    part TEXT NOT NULL, member TEXT NOT NULL, wallet TEXT NOT NULL, lot TEXT NOT NULL,
    amount INTEGER NOT NULL, at TEXT NOT NULL, body BLOB NOT NULL, PRIMARY KEY (incarnation, seq, lot)
) WITHOUT ROWID;
CREATE INDEX movement_reference ON movement (reference, kind, part);
CREATE INDEX movement_member ON movement (member, wallet, lot);
ALTER TABLE receipt ADD COLUMN partner TEXT NOT NULL DEFAULT '';
ALTER TABLE member ADD COLUMN events TEXT NOT NULL DEFAULT '[]';
ALTER TABLE member ADD COLUMN of_age_from TEXT NOT NULL DEFAULT '{}';
ALTER TABLE member ADD COLUMN merged_into TEXT NOT NULL DEFAULT '';
ALTER TABLE own_journal ADD COLUMN role TEXT NOT NULL DEFAULT 'allowances';
CREATE INDEX member_merged ON member (merged_into) WHERE merged_into <> '';
"""


def measures_and_movements(db: Any) -> None:
    """Keep measures, history, caps of all members together, partners, and what head office moved itself."""
    _run(db, MEASURES_7)


STOCK_9 = """
ALTER TABLE allowance ADD COLUMN purpose TEXT NOT NULL DEFAULT 'BASKET';
ALTER TABLE allowance ADD COLUMN change INTEGER NOT NULL DEFAULT 0;
ALTER TABLE allowance ADD COLUMN recalled INTEGER NOT NULL DEFAULT 0;
ALTER TABLE incarnation ADD COLUMN role TEXT NOT NULL DEFAULT 'till';
ALTER TABLE incarnation ADD COLUMN heard_stock INTEGER NOT NULL DEFAULT -1;
CREATE INDEX allowance_told ON allowance (incarnation, change) WHERE state = 'OPEN' AND change > 0;
CREATE TABLE placement (
    incarnation TEXT NOT NULL, request_id TEXT NOT NULL, member TEXT NOT NULL, wallet TEXT NOT NULL,
    points INTEGER NOT NULL, honour_ms INTEGER NOT NULL, PRIMARY KEY (incarnation, request_id)
) WITHOUT ROWID;
"""


def stock(db: Any) -> None:
    """Place allowances unasked, tell them with the news, recall them; `placement` waits for the server."""
    _run(db, STOCK_9)


LOANS = """
ALTER TABLE allowance ADD COLUMN parent INTEGER NOT NULL DEFAULT 0;
ALTER TABLE allowance ADD COLUMN holder TEXT NOT NULL DEFAULT '';
ALTER TABLE allowance ADD COLUMN told INTEGER NOT NULL DEFAULT 1;
ALTER TABLE allowance ADD COLUMN home INTEGER NOT NULL DEFAULT 0;
ALTER TABLE allowance ADD COLUMN given_back INTEGER NOT NULL DEFAULT 0;
ALTER TABLE allowance_lot ADD COLUMN passed INTEGER NOT NULL DEFAULT 0;
CREATE INDEX allowance_parent ON allowance (incarnation, parent) WHERE parent > 0;
"""


def loans(db: Any) -> None:
    """Charge what a store's pool lends of its allowances to rows of their own."""
    _run(db, LOANS)


def homes(db: Any) -> None:
    """Find a member's home without reading every receipt: it is asked after each booking."""
    db.execute(VISITS)


def debts(db: Any) -> None:
    """Find open debts without reading every lot."""
    db.execute(INDEX)


STEPS = (
    ("0001_first_books", first_books),
    ("0002_repeated_enrolment", repeated_enrolment),
    ("0003_own_journal", own_journal),
    ("0004_settled_returns", settled_returns),
    ("0005_vouchers_of_hours", vouchers_of_hours),
    ("0006_directories", directories),
    ("0007_measures_and_movements", measures_and_movements),
    ("0008_erasures", add_tables),
    ("0009_stock", stock),
    ("0010_loans", loans),
    ("0011_counter", add_counter_tables),
    ("0012_debts", debts),
    ("0013_homes", homes),
)
