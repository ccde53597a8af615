"""Where members are at home, what of theirs is free and placed, and which orders wait for the server."""

from collections.abc import Sequence

from agent.headoffice.store.protocol import Row, Store

VISITED = """
SELECT member, store FROM (
    SELECT member, store, row_number() OVER (
        PARTITION BY member ORDER BY count(*) DESC, max(day) DESC, store
    ) AS place
    FROM receipt WHERE member <> '' AND day >= ? AND state <> 'voided'{} GROUP BY member, store
) AS visits WHERE place = 1
"""
INDEX = "CREATE INDEX receipt_member ON receipt (member, day, store, state) WHERE member <> ''"
"""All that is asked of a member's visits."""


def find_homes(store: Store, since: str) -> None:
    """Find the most visited store of every member since a day, once; inside `reading`, read by `homes`.

    Equal visits: the store seen last.  Members who have stock and no visits have no home.
    """
    store.run("DROP TABLE IF EXISTS temp.home")
    store.run("CREATE TEMP TABLE home (member TEXT PRIMARY KEY, store TEXT NOT NULL) WITHOUT ROWID")
    store.run(f"INSERT INTO home {VISITED.format('')}", (since,))
    store.run(
        "INSERT INTO home SELECT DISTINCT member, '' FROM allowance WHERE state = 'OPEN'"
        " AND purpose = 'STOCK' AND member NOT IN (SELECT member FROM home)"
    )


def homes(store: Store, after: str, limit: int) -> Sequence[Row]:
    """Return members behind `after` with their home and status (None: erased), in their order."""
    return store.rows(
        "SELECT h.member, h.store, m.status FROM home h LEFT JOIN member m ON m.member = h.member"
        " WHERE h.member > ? ORDER BY h.member LIMIT ?",
        (after, limit),
    )


def homes_of(store: Store, since: str, members: Sequence[str]) -> Sequence[Row]:
    """Return these members, each once, with their home ('': none) and status (None: erased)."""
    ours = f" AND member IN ({_marks(members)})"
    return store.rows(
        f"WITH home AS ({VISITED.format(ours)}) SELECT m.member, COALESCE(h.store, '') AS store, m.status"  # noqa: S608 - words of our own
        f" FROM member m LEFT JOIN home h ON h.member = m.member WHERE m.member IN ({_marks(members)})",
        (since, *members, *members),
    )


def changed_since(store: Store, version: int, limit: int) -> Sequence[Row]:
    """Return which members changed after a version, in the order of their last change."""
    return store.rows(
        "SELECT member, version FROM member WHERE version > ? ORDER BY version LIMIT ?", (version, limit)
    )


def versions_of(store: Store, members: Sequence[str]) -> dict[str, int]:
    """Return at which version each of these members is now."""
    rows = store.rows(f"SELECT member, version FROM member WHERE member IN ({_marks(members)})", members)  # noqa: S608 - words of our own
    return {row["member"]: row["version"] for row in rows}


def holders(store: Store, since_ms: int, stores: Sequence[str] | None) -> Sequence[Row]:
    """Return the journals in use that keep stock and were heard of since, of all stores or of these."""
    some = "" if stores is None else f" AND store IN ({_marks(stores)})"
    return store.rows(
        "SELECT store, till, incarnation, role FROM incarnation WHERE state = 'ACTIVE'"  # noqa: S608 - words of our own
        f" AND heard_stock >= 0 AND last_contact_ms >= ?{some} ORDER BY store, till",
        (since_ms, *(stores or ())),
    )


def note_stock_heard(store: Store, incarnation: str, stock: int) -> None:
    """Remember how far a journal was told of its stock, by its own word."""
    store.run("UPDATE incarnation SET heard_stock = ? WHERE incarnation = ?", (stock, incarnation))


def open_of(store: Store, member: str) -> Sequence[Row]:
    """Return a member's open allowances with what each has left."""
    return store.rows(
        "SELECT a.incarnation, a.number, a.wallet, a.purpose, a.recalled, i.state, i.store,"
        " a.parent, sum(s.amount - s.spent - s.passed) AS points FROM allowance a"
        " JOIN allowance_lot s ON s.incarnation = a.incarnation AND s.number = a.number"
        " JOIN incarnation i ON i.incarnation = a.incarnation"
        " WHERE a.member = ? AND a.state = 'OPEN'"
        " GROUP BY a.incarnation, a.number, a.wallet, a.purpose, a.recalled, i.state, i.store, a.parent",
        (member,),
    )


def add(store: Store, orders: Sequence[tuple[str, str, str, str, int, int]]) -> None:
    """Let orders wait: (journal, request id, member, wallet, points, honour in ms)."""
    store.run_many(
        "INSERT INTO placement (incarnation, request_id, member, wallet, points, honour_ms)"
        " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (incarnation, request_id) DO NOTHING",
        orders,
    )


def waiting(store: Store, limit: int) -> Sequence[Row]:
    """Return orders that wait, in no order that matters."""
    return store.rows("SELECT * FROM placement ORDER BY incarnation, request_id LIMIT ?", (limit,))


def count_waiting(store: Store) -> int:
    """Return how many orders wait."""
    row = store.row("SELECT count(*) AS n FROM placement")
    assert row is not None
    return int(row["n"])


def done(store: Store, orders: Sequence[Row]) -> None:
    """Let go of orders that were carried out."""
    store.run_many(
        "DELETE FROM placement WHERE incarnation = ? AND request_id = ?",
        [(row["incarnation"], row["request_id"]) for row in orders],
    )


def clear(store: Store) -> None:
    """Let go of every order that waits: a newer plan stands in for it."""
    store.run("DELETE FROM placement")


def _marks(values: Sequence[str]) -> str:
    return ", ".join("?" * len(values))
