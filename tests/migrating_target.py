"""A ledger under the fault lab that is brought to a newer schema: it has the old or the new, never half.

The first life makes a ledger of the oldest released schema; then all later steps are applied, and one more
that adds a column, a table and rows, so that there is always something to migrate.
"""

from typing import Any

from agent.errors import LedgerError
from agent.ledger import database, first_run
from agent.ledger.database import Connection, SqliteError, in_memory, prepare_for_writing
from agent.ledger.marks import write_mark
from agent.ledger.migrations import STEPS
from agent.ledger.storage import Storage
from tests.faultlab.contract import Folder, Report, Session
from tests.faultlab.mutants import MUTANTS

Steps = tuple[tuple[str, Any], ...]
OPERATION = "migrate"
ROWS = 20


def one_more(db: Any) -> None:
    """Add a column, a table, and a row for each mark."""
    db.execute("ALTER TABLE receipt ADD COLUMN lane TEXT NOT NULL DEFAULT ''")
    db.execute("CREATE TABLE lane (lane TEXT PRIMARY KEY) STRICT")
    db.execute("INSERT INTO lane SELECT name FROM mark")
    db.execute("UPDATE mark SET number = number + 1000 WHERE name LIKE 'row %'")


OLD: Steps = STEPS[:1]
NEW: Steps = (*STEPS, ("9999_lane", one_more))


def workload(storage: Folder, session: Session, *, bug: str = "") -> None:
    """Make an old ledger unless there is one, then migrate it and remember something more."""
    place: Storage = MUTANTS[bug](storage)
    if not storage.exists(first_run.NAME):
        _make_old(place)
    db = place.connect(first_run.NAME)
    try:
        prepare_for_writing(db)
        session.attempt(f"{OPERATION}:0")
        database.migrate(db, NEW)
        session.ack(f"{OPERATION}:0")
        for number in range(1, 4):
            session.attempt(f"mark:{session.run}-{number}")
            write_mark(db, f"did mark:{session.run}-{number}", number)
            session.ack(f"mark:{session.run}-{number}")
        db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
    finally:
        db.close()


def verify(storage: Folder) -> Report:
    """Look what the cut left, then migrate as the next start does: it must end with the whole new schema."""
    if not storage.exists(first_run.NAME):
        return Report(frozenset())
    db = storage.connect(first_run.NAME)
    try:
        path = storage.folder / first_run.NAME
        is_new = database.check_ours(db, path, len(NEW)) == len(NEW)
        problems = _half(db) if is_new else []
        prepare_for_writing(db)
        database.migrate(db, NEW)
        problems += _half(db)
        present = {f"{OPERATION}:0"} if is_new else set()
        marks = db.execute("SELECT name FROM mark WHERE name LIKE 'did %'").fetchall()
        return Report(
            frozenset(present | {str(name).removeprefix("did ") for (name,) in marks}), tuple(problems)
        )
    except (SqliteError, LedgerError) as failure:
        return Report(frozenset(), (f"half applied: {failure}",))
    finally:
        db.close()


def _make_old(storage: Storage) -> None:
    for suffix in first_run.SIDE_FILES:
        storage.remove(first_run.DRAFT + suffix)
    db = storage.connect(first_run.DRAFT)
    prepare_for_writing(db)
    database.migrate(db, OLD)
    for number in range(ROWS):
        write_mark(db, f"row {number}", number)
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    db.close()
    first_run.put_in_place(storage)


def _half(db: Connection) -> list[str]:
    question = "SELECT name, sql FROM sqlite_schema WHERE tbl_name != '_sqlite_migrations'"
    rebuilt = in_memory()
    for _, step in NEW:
        step(rebuilt)
    problems = []
    if set(db.execute(question).fetchall()) != set(rebuilt.execute(question).fetchall()):
        problems.append("half applied: the schema is not the new one")
    moved = db.execute(
        "SELECT count(*), min(number), max(number) FROM mark WHERE name LIKE 'row %'"
    ).fetchone()
    if moved != (ROWS, 1000, 1000 + ROWS - 1):
        problems.append(f"half applied: rows and numbers are {moved}")
    said = db.execute("PRAGMA integrity_check").fetchone()[0]
    return problems if said == "ok" else [*problems, f"integrity: {said}"]
