"""Members who were erased: what tills must be told, and which of them have heard it.

`version` is 0 until the erasure stands in our own journal; then it is a change number like any other.
"""

from collections.abc import Sequence

from agent.headoffice.store.protocol import Row, Store
from agent.headoffice.store.settings import next_change


def erase(store: Store, member: str, now_ms: int) -> None:
    """Cut the link from cards to the account, and drop what is said of the member; entries stay."""
    store.run("DELETE FROM card WHERE member = ?", (member,))
    store.run("DELETE FROM member WHERE member = ?", (member,))
    store.run("DELETE FROM person WHERE member = ?", (member,))
    store.run(
        "INSERT INTO erased (member, version, erased_ms) VALUES (?, 0, ?) ON CONFLICT (member) DO UPDATE SET"
        " version = 0, erased_ms = excluded.erased_ms",
        (member, now_ms),
    )


def erasure(store: Store, member: str) -> Row | None:
    """Return when a member was erased, None if never."""
    return store.row("SELECT * FROM erased WHERE member = ?", (member,))


def pending(store: Store) -> Sequence[Row]:
    """Return erasures that do not stand in our own journal yet."""
    return store.rows("SELECT * FROM erased WHERE version = 0 ORDER BY erased_ms, member")


def announce(store: Store, member: str) -> None:
    """Let every till hear of an erasure from now on; in the transaction that wrote it to our own journal."""
    store.run("UPDATE erased SET version = ? WHERE member = ?", (next_change(store), member))


def told_between(store: Store, after: int, until: int) -> Sequence[Row]:
    """Return what a till hears of in a page of news; a member who came back since is not erased."""
    return store.rows(
        "SELECT member, version FROM erased WHERE version > ? AND version <= ? AND NOT EXISTS"
        " (SELECT 1 FROM member WHERE member.member = erased.member) ORDER BY version",
        (after, until),
    )


def note_heard(store: Store, incarnation: str, cursor: int, directory: int) -> None:
    """Remember what a till has taken in, by its own word."""
    store.run(
        "UPDATE incarnation SET heard_cursor = ?, heard_directory = ? WHERE incarnation = ?",
        (cursor, directory, incarnation),
    )


def unheard(store: Store) -> Sequence[Row]:
    """Return per till in service how many erasures it has not heard of, or still has in its directory."""
    return store.rows(
        "SELECT i.store, i.till, count(*) AS erasures, min(e.erased_ms) AS oldest_ms,"
        " sum(e.version = 0 OR e.version > i.heard_cursor) AS unheard, i.last_contact_ms"
        " FROM incarnation i JOIN erased e ON e.version = 0 OR e.version > i.heard_cursor"
        " OR (i.heard_directory > 0 AND e.version > i.heard_directory)"
        " WHERE i.state = 'ACTIVE' GROUP BY i.store, i.till ORDER BY i.store, i.till"
    )


def oldest_after(store: Store, cursor: int) -> int | None:
    """Return when the oldest erasure was that a directory of this cursor does not contain yet."""
    row = store.row("SELECT min(erased_ms) AS first FROM erased WHERE version = 0 OR version > ?", (cursor,))
    return None if row is None else row["first"]


def add_tables(db: object) -> None:
    """Make the table (a step of migrations.py)."""
    run = db.execute  # type: ignore[attr-defined]  # sqlite-utils' own Database
    run(
        "CREATE TABLE erased (member TEXT PRIMARY KEY, version INTEGER NOT NULL,"
        " erased_ms INTEGER NOT NULL) WITHOUT ROWID"
    )
    run("CREATE INDEX erased_version ON erased (version)")
    run("ALTER TABLE incarnation ADD COLUMN heard_cursor INTEGER NOT NULL DEFAULT 0")
    run("ALTER TABLE incarnation ADD COLUMN heard_directory INTEGER NOT NULL DEFAULT 0")
