"""A till may be updated from any release, in the middle of anything: what is unsent comes along unchanged."""

from pathlib import Path
from typing import Any

import pytest

from agent.ledger.database import connect, in_memory
from agent.ledger.migrations import STEPS
from agent.ledger.verify import verify
from tests.ledger.rigs import DAY, do, opened
from tests.ledger.test_compaction import sell

FIXTURES = sorted((Path(__file__).parent / "schemas").glob("version-*.sql"))


def content(db: Any, tables: dict[str, list[str]]) -> dict[str, list[Any]]:
    return {
        table: sorted(db.execute(f"SELECT {', '.join(columns)} FROM {table}").fetchall(), key=repr)  # noqa: S608
        for table, columns in tables.items()
        if not table.startswith("_") and table != "room"
    }


def tables_of(db: Any) -> dict[str, list[str]]:
    names = [name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    return {name: [row[1] for row in db.execute(f"PRAGMA table_info({name})")] for name in names}


def test_there_is_one_of_every_version() -> None:
    assert [path.stem for path in FIXTURES] == [f"version-{n}" for n in range(1, len(STEPS) + 1)]


@pytest.mark.parametrize("fixture", FIXTURES, ids=lambda path: path.stem)
def test_a_ledger_of_an_older_release_opens_with_all_it_held_and_sells_on(
    fixture: Path, tmp_path: Path
) -> None:
    db = connect(tmp_path / "ledger.db")
    db.executescript(fixture.read_text(encoding="utf-8"))
    tables = tables_of(db)
    before = content(db, tables)
    db.close()
    assert before["journal"]
    with opened(tmp_path) as ledger:
        with_old_columns = content(ledger.read._db, tables)
        if "answered" not in tables["journal"]:  # the update notes that all of it is filed
            with_old_columns["mark"] = [one for one in with_old_columns["mark"] if one[0] != "filed"]
        assert with_old_columns == before
        assert ledger.status().backlog == 2
        assert ledger.read.usable("m1", DAY) == {"points": 100}
        assert ledger.read.hold("1-1-77-2") is not None
        sell(ledger, "1-1-78-1", spend=100)
        do(ledger, lambda tx: tx.release_hold("1-1-77-2"))
    assert verify(tmp_path).ok


def test_migrations_only_add() -> None:
    db = in_memory()
    before: dict[str, list[str]] = {}
    for _, step in STEPS:
        step(db)
        after = tables_of(db)
        for table, columns in before.items():
            assert after[table][: len(columns)] == columns, table
        before = after
