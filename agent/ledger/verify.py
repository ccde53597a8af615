"""Is everything as it was written?  The chain, each row, every derived figure, and the witness.

integrity_check alone sees a third of bit rot; hashes, recomputed tables and it together see all of it.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from agent.errors import LedgerDamaged, LedgerError, Refused
from agent.journal.chain import genesis, next_hash
from agent.journal.entry import Entry, entry_from
from agent.journal.kinds import postings
from agent.ledger import derive
from agent.ledger.compaction import base_of
from agent.ledger.database import Connection, SqliteError, check_ours, connect, in_memory
from agent.ledger.first_run import NAME
from agent.ledger.migrations import STEPS, has
from agent.ledger.receipts import COLUMNS, read_row
from agent.ledger.seal import broken_seals, sealed_columns
from agent.ledger.storage import DiskStorage
from agent.ledger.unfiled import MARK as FILED
from agent.ledger.unfiled import answered_from, carries_answers, read_unfiled
from agent.ledger.witness import read_witness

MAX_PROBLEMS = 20
RESTORE = "stop the service and bring a backup back: loyalty-agent restore BACKUP"
ROTTEN = "is not as it was written"
KEEP = "keep this file as evidence and ask head office to compare the journal"
DERIVED = {
    "allowance": "SELECT number, closed FROM allowance ORDER BY number",
    "allowance_lot": "SELECT * FROM allowance_lot ORDER BY number, lot",
    "loan": "SELECT number, home FROM loan ORDER BY number",
    "hold": "SELECT receipt, member, until_ms, part, slices FROM hold ORDER BY receipt",
}


class Problem(NamedTuple):
    """One thing that is not as it was written: where, what, and what to do."""

    where: str
    says: str
    remedy: str


class VerifyReport(NamedTuple):
    """What verifying found; `ok` if nothing is wrong."""

    incarnation: str
    entries: int
    problems: list[Problem]
    last: int = 0
    """The number of the last entry; larger than `entries` where old ones were let go."""

    @property
    def ok(self) -> bool:
        """Say whether nothing is wrong."""
        return not self.problems

    def as_json(self) -> dict[str, Any]:
        """Return the report as plain data."""
        return {**self._asdict(), "ok": self.ok, "problems": [one._asdict() for one in self.problems]}

    def as_text(self) -> str:
        """Return the report as sentences, one a line."""
        if self.ok:
            gone = f" (the first {self.last - self.entries} were let go)" if self.last > self.entries else ""
            return f"{self.entries} entries of journal {self.incarnation[:8]}: all as written{gone}"
        return "\n".join(f"{one.where}: {one.says}; {one.remedy}" for one in self.problems)


def verify(folder: Path) -> VerifyReport:
    """Check the ledger of a state folder, also while the daemon writes it.

    Raises:
        LedgerError: there is none, or it is not ours.
    """
    if not (folder / NAME).exists():
        raise LedgerError(f"there is no ledger in {folder}", remedy="name the state folder with --state")
    report = verify_file(folder / NAME)
    if report.ok and (lost := _against_witness(folder, report)):
        report.problems.append(Problem("witness", lost, KEEP))
    return report


def verify_file(path: Path) -> VerifyReport:
    """Check one ledger file: the live one, a backup or an archive.

    Raises:
        LedgerForeign: not a ledger of ours.
        LedgerDamaged: no database at all.
    """
    db = connect(path, read_only=True)
    try:
        check_ours(db, path, len(STEPS))
        return _examine(db)
    except (
        SqliteError,
        TypeError,
        ValueError,
        RecursionError,
        LedgerDamaged,
    ) as failure:  # torn values, torn text
        return VerifyReport("", 0, [Problem("file", f"cannot be read through: {failure}", RESTORE)])
    finally:
        db.close()


def _examine(db: Connection) -> VerifyReport:
    db.execute("BEGIN")
    row = db.execute("SELECT text FROM mark WHERE name = 'incarnation'").fetchone()
    incarnation = str(row[0]) if row else ""
    problems = [
        Problem("file", str(said), RESTORE)
        for (said,) in db.execute(f"PRAGMA integrity_check({MAX_PROBLEMS})").fetchall()
        if said != "ok"
    ]
    version = int(db.execute("PRAGMA user_version").fetchone()[0])
    rebuilt = _rebuilt_from(db, version)
    base, count = base_of(db, incarnation), 0
    for _, _, entry, says in walk(db, incarnation, *base):
        count += 1
        if says:
            problems.append(says)
            break  # what follows a break says nothing new
        if entry is not None and (wrong := _replay(entry, rebuilt)):
            problems.append(wrong)
    else:
        problems += _compare(db, rebuilt)
        problems += _receipts(db, base.seq)
    problems += _marks_beyond(db, base.seq + count)
    problems += [Problem(f"table {table}, row {key}", ROTTEN, RESTORE) for table, key in broken_seals(db)]
    problems += _answers(db)
    problems += _schema(db, rebuilt, version)
    rebuilt.close()
    return VerifyReport(incarnation, count, problems[:MAX_PROBLEMS], base.seq + count)


def walk(
    db: Connection, incarnation: str, seq: int = 0, head: bytes = b"", limit: int = -1
) -> Iterator[tuple[int, bytes, Entry | None, Problem | None]]:
    """Yield number, hash and entry of what follows entry `seq` (hash `head`); the first problem ends it."""
    head = head or genesis(incarnation)
    rows = db.execute(
        "SELECT seq, kind, account, receipt, part, body, hash FROM journal WHERE seq > ?"
        " ORDER BY seq LIMIT ?",
        (seq, limit),
    )
    for number, kind, account, receipt, part, body, row_hash in rows:
        at = f"entry {number}"
        if number != seq + 1:
            yield number, head, None, Problem(at, f"entry {seq + 1} is missing", KEEP)
            return
        head = next_hash(head, bytes(body))
        if head != bytes(row_hash):
            yield number, head, None, Problem(at, "its bytes are not those that were hashed", RESTORE)
            return
        try:
            entry = entry_from(bytes(body))
        except msgspec.DecodeError as failure:
            yield number, head, None, Problem(at, f"its bytes are no entry: {failure}", KEEP)
            return
        columns = (incarnation, number, kind, account, receipt, part)
        if columns != (
            entry.incarnation, entry.seq, entry.kind, entry.account, entry.receipt, entry.part
        ):  # fmt: skip
            yield number, head, None, Problem(at, "its columns differ from its bytes", RESTORE)
            return
        seq = number
        yield number, head, entry, None


def _rebuilt_from(db: Connection, version: int) -> Connection:
    """Begin again in memory with what head office allowed, before any entry."""
    rebuilt = in_memory()
    for _, step in STEPS[:version]:
        step(rebuilt)
    with_loans = has(version, "offline_and_counter")
    for table in ("allowance", "allowance_lot", *(["loan"] if with_loans else [])):
        columns = f"{sealed_columns(db, table)}, seal"
        places = ", ".join("?" * len(columns.split(",")))
        for row in db.execute(f"SELECT {columns} FROM {table}"):  # noqa: S608 - our own names
            rebuilt.execute(f"INSERT INTO {table} ({columns}) VALUES ({places})", row)  # noqa: S608
    if has(version, "compaction"):
        for number, lot, spent, closed in db.execute("SELECT number, lot, spent, closed FROM allowance_base"):
            rebuilt.execute(
                "UPDATE allowance_lot SET spent = ? WHERE number = ? AND lot = ?", (spent, number, lot)
            )
            rebuilt.execute("UPDATE allowance SET closed = max(closed, ?) WHERE number = ?", (closed, number))
    if with_loans:
        for number, lot, lent in db.execute("SELECT number, lot, lent FROM loan_base"):
            rebuilt.execute(
                "UPDATE allowance_lot SET lent = ? WHERE number = ? AND lot = ?", (lent, number, lot)
            )
    return rebuilt


def _replay(entry: Entry, rebuilt: Connection) -> Problem | None:
    try:
        postings(entry)
        derive.apply(entry, rebuilt)
    except (ValueError, KeyError, TypeError, Refused) as failure:
        return Problem(f"entry {entry.seq}", str(failure), KEEP)
    return None


def _compare(db: Connection, rebuilt: Connection) -> Iterator[Problem]:
    there = {name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    for table, question in DERIVED.items():
        if table not in there:  # of an older version
            continue
        stored, again = set(db.execute(question).fetchall()), set(rebuilt.execute(question).fetchall())
        if stored != again:
            first = min(stored ^ again, key=lambda row: str(row[0]))
            yield Problem(f"table {table}, row {first[0]}", "differs from what the journal makes it", RESTORE)


def _receipts(db: Connection, base: int) -> Iterator[Problem]:
    """Hold each receipt's keys against the entries they name: none twice, none missing, none besides.

    Entries up to number `base` were let go; their keys stay with a receipt that has later ones.
    """
    named = 0
    for receipt, columns in _all_receipts(db):
        for key, seq in read_row(columns).effects.items():
            if seq <= base:
                continue
            named += 1
            row = db.execute("SELECT receipt, kind, part FROM journal WHERE seq = ?", (seq,)).fetchone()
            if row != (receipt, *key):
                says = f"names entry {seq} as its {' '.join(key).strip()}, which it is not"
                yield Problem(f"receipt {receipt}", says, RESTORE)
                return
    (kept,) = db.execute("SELECT count(*) FROM journal WHERE receipt != ''").fetchone()
    if kept != named:
        yield Problem("receipts", f"name {named} entries, the journal has {kept}", RESTORE)


def _all_receipts(db: Connection) -> Iterator[tuple[str, Any]]:
    unfiled = read_unfiled(db).waiting
    for receipt, *columns in db.execute(f"SELECT receipt, {COLUMNS} FROM receipt ORDER BY receipt"):  # noqa: S608
        if receipt not in unfiled:
            yield receipt, columns
    yield from unfiled.items()


def _answers(db: Connection) -> Iterator[Problem]:
    """Check what journal rows carry beside their entries."""
    if carries_answers(db):
        rows = db.execute("SELECT seq, receipt, answered FROM journal WHERE answered != x'' ORDER BY seq")
        for seq, receipt, answered in rows:
            if answered_from(receipt, bytes(answered)) is None:
                yield Problem(f"entry {seq}", f"what it says of its receipt {ROTTEN}", RESTORE)


def _schema(db: Connection, rebuilt: Connection, version: int) -> Iterator[Problem]:
    question = "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE tbl_name != '_sqlite_migrations'"
    stored, made = set(db.execute(question).fetchall()), set(rebuilt.execute(question).fetchall())
    for _, name, _, _ in sorted(stored ^ made, key=repr)[:1]:
        yield Problem(f"schema of {name}", f"is not that of version {version}", RESTORE)
    applied = {name for (name,) in db.execute("SELECT name FROM _sqlite_migrations")}
    if applied != {name for name, _ in STEPS[:version]}:
        yield Problem("migrations", f"names {sorted(applied)} do not make version {version}", RESTORE)


def _marks_beyond(db: Connection, count: int) -> Iterator[Problem]:
    question = f"SELECT name, number FROM mark WHERE name IN ('acknowledged', 'booked', '{FILED}')"  # noqa: S608
    for name, number in db.execute(question):
        if number > count:
            yield Problem(f"mark {name}", f"names entry {number}, the journal ends at {count}", KEEP)


def _against_witness(folder: Path, report: VerifyReport) -> str:
    witness = read_witness(DiskStorage(folder))
    if witness is None or not witness.seq:
        return ""
    if witness.incarnation != report.incarnation:
        return f"names journal {witness.incarnation[:8]}, the ledger is {report.incarnation[:8]}"
    db = connect(folder / NAME, read_only=True)
    row = db.execute("SELECT hash FROM journal WHERE seq = ?", (witness.seq,)).fetchone()
    base = base_of(db, report.incarnation)
    db.close()
    if witness.seq <= base.seq:
        return ""  # an old witness: its entry was let go
    return "" if row and bytes(row[0]) == witness.hash else f"entry {witness.seq} is missing or another one"
