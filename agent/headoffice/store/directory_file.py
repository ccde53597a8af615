"""Writes a member directory (agent/journal/directory.py): rows in any order in, one file by key out."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from agent.errors import LedgerDamaged
from agent.headoffice.store.database import IntegrityError, new_file
from agent.journal.directory import APPLICATION_ID, FORMAT, SCHEMA, card_key, member_key

AT_ONCE = 10_000


class Listed(NamedTuple):
    """A member as the directory lists it: compact facts, and its cards as (tag, is blocked)."""

    member: str
    version: int
    facts: bytes
    cards: list[tuple[bytes, bool]]


def write_directory(path: Path, cursor: int, members: Iterable[Listed]) -> int:
    """Write the file and return how many members are in it.

    Raises:
        LedgerDamaged: two members or two cards have one key; a till could not tell them apart.
    """
    path.unlink(missing_ok=True)
    db = new_file(path)
    try:
        db.execute("BEGIN")
        count = _gather(db, members)
        for statement in SCHEMA.split(";\n"):
            db.execute(statement)
        db.execute("INSERT INTO member SELECT key, version, facts FROM temp.told ORDER BY key")
        db.execute("INSERT INTO card SELECT key, rest, member, blocked FROM temp.shown ORDER BY key")
        about = {"format": FORMAT, "cursor": cursor, "members": count}
        db.executemany("INSERT INTO about VALUES (?, ?)", about.items())
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        db.execute("COMMIT")
    except IntegrityError as failure:
        raise LedgerDamaged(f"two members or cards have one key: {failure}") from None
    finally:
        db.close()
    return count


def _gather(db: Any, members: Iterable[Listed]) -> int:
    """Put all rows into tables of no order: sorting once is far quicker than inserting by random keys."""
    run, many = db.execute, db.executemany
    run("CREATE TEMP TABLE told (key, version, facts)")
    run("CREATE TEMP TABLE shown (key, rest, member, blocked)")
    told: list[tuple[int, int, bytes]] = []
    shown: list[tuple[int, bytes, int, bool]] = []
    count = 0
    for one in members:
        count += 1
        key = member_key(one.member)
        told.append((key, one.version, one.facts))
        shown += [(*card_key(tag), key, blocked) for tag, blocked in one.cards]
        if len(told) >= AT_ONCE:
            many("INSERT INTO told VALUES (?, ?, ?)", told)
            many("INSERT INTO shown VALUES (?, ?, ?, ?)", shown)
            told, shown = [], []
    many("INSERT INTO told VALUES (?, ?, ?)", told)
    many("INSERT INTO shown VALUES (?, ?, ?, ?)", shown)
    return count
