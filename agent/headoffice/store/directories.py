"""Member directories that were made, and the pages of members that go into one."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from agent.headoffice.store.protocol import Row, Store

PAGE = 2000


class Whole(NamedTuple):
    """A member with cards and all that is owned, as rows."""

    row: Row
    cards: Sequence[Row]
    lots: Sequence[Row]
    counts: Sequence[Row]
    vouchers: Sequence[Row]
    measures: Sequence[Row]
    history: Sequence[Row]


def newest(store: Store) -> Row | None:
    """Return the newest directory."""
    return store.row("SELECT * FROM directory ORDER BY cursor DESC LIMIT 1")


def add(store: Store, values: tuple[int, str, bytes, int, int, int]) -> None:
    """Add a directory: (cursor, sha256, signature, members, bytes, made_ms)."""
    store.run(
        "INSERT INTO directory (cursor, sha256, signature, members, bytes, made_ms)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        values,
    )


def everybody(store: Store) -> Iterator[Whole]:
    """Yield every member with what belongs to it, page by page; call it inside `reading`."""
    last = ""
    while page := store.rows("SELECT * FROM member WHERE member > ? ORDER BY member LIMIT ?", (last, PAGE)):
        between = (page[0]["member"], page[-1]["member"])
        parts = [_by_member(store, sql, between) for sql in _PARTS]
        for row in page:
            yield Whole(row, *(part.get(row["member"], ()) for part in parts))
        last = between[1]


_PARTS = (
    "SELECT * FROM card WHERE member BETWEEN ? AND ? ORDER BY member, tag",
    """SELECT * FROM lot WHERE member BETWEEN ? AND ? AND remaining <> 0
    ORDER BY member, wallet, CASE WHEN expires_on = '' THEN 1 ELSE 0 END, expires_on, ends_at, lot""",
    "SELECT * FROM counted WHERE member BETWEEN ? AND ? ORDER BY member, rule",
    "SELECT * FROM voucher WHERE member BETWEEN ? AND ? AND given > 0 AND used <= 0 ORDER BY member, id",
    "SELECT * FROM measured WHERE member BETWEEN ? AND ? AND amount <> 0 ORDER BY member, measure",
    "SELECT * FROM noted WHERE member BETWEEN ? AND ? ORDER BY member, rule, at_ms, incarnation, seq",
)


def _by_member(store: Store, sql: str, between: tuple[str, str]) -> dict[str, Sequence[Row]]:
    return {who: list(rows) for who, rows in groupby(store.rows(sql, between), key=lambda row: row["member"])}
