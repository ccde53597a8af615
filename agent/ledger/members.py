"""Members as head office tells them: a row replaces the older one, cards come and go with it.

A row may hold figures that already contain own entries above `booked`, which only the last page of news
names.  Until then such a row waits, so that nothing is shown twice.
"""

from collections.abc import Callable, Sequence

import msgspec

from agent.ledger.database import Connection
from agent.ledger.records import MemberRowLike
from agent.ledger.seal import seal
from agent.loyalty.member import MemberFacts


class Waiting(msgspec.Struct):
    """A member row that waits for `booked`."""

    member: str
    version: int
    card_tags: list[bytes]
    facts: MemberFacts
    blocked_tags: list[bytes] = []


FORGOTTEN = b""
"""In place of facts: the member was erased."""
NEVER_OLD = 2**62
"""The version of an erased member's row: only a directory made for it may drop it."""
_PUT_MEMBER = (
    "INSERT INTO member VALUES (?, ?, ?, ?) ON CONFLICT (member) DO UPDATE SET"
    " version = excluded.version, facts = excluded.facts, seal = excluded.seal"
)
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Waiting).decode


def take_in(db: Connection, rows: Sequence[MemberRowLike], has_unbooked: Callable[[str], bool]) -> None:
    """Store rows at once; those of members with entries here above `booked` wait."""
    waiting = [row for row in rows if has_unbooked(row.member)]
    for row in waiting:
        told = Waiting(row.member, row.version, row.card_tags, row.facts, row.blocked_tags)
        values = (row.member, row.version, _encode(told))
        db.execute(
            "INSERT INTO member_waiting VALUES (?, ?, ?, ?) ON CONFLICT (member) DO UPDATE SET version ="
            " excluded.version, row = excluded.row, seal = excluded.seal WHERE excluded.version > version",
            (*values, seal(*values)),
        )
    store(db, [row for row in rows if not has_unbooked(row.member)] if waiting else rows)


def take_in_waiting(db: Connection) -> None:
    """Store every row that waited, now that `booked` says what its figures contain."""
    store(db, [_decode(bytes(row)) for (row,) in db.execute("SELECT row FROM member_waiting").fetchall()])
    db.execute("DELETE FROM member_waiting")


def store(db: Connection, rows: Sequence[MemberRowLike]) -> None:
    """Put rows in place of older ones, and their cards with them: a few statements for a page of news."""
    marks = ", ".join("?" * len(rows))
    known: dict[str, int] = dict(
        db.execute(
            f"SELECT member, version FROM member WHERE member IN ({marks})",  # noqa: S608 - question marks
            [row.member for row in rows],
        ).fetchall()
    )
    replaced = [(member,) for member in known]
    newer: dict[str, MemberRowLike] = {}
    for row in rows:
        if row.member not in known or row.version > known[row.member]:
            known[row.member] = row.version
            newer[row.member] = row
    db.executemany(
        _PUT_MEMBER, [_sealed(row.member, row.version, _encode(row.facts)) for row in newer.values()]
    )
    db.executemany("DELETE FROM card WHERE member = ?", [one for one in replaced if one[0] in newer])
    db.executemany(
        "INSERT OR REPLACE INTO card VALUES (?, ?, ?, ?)",
        [
            _sealed(tag, row.member, int(tag in row.blocked_tags))
            for row in newer.values()
            for tag in {*row.card_tags, *row.blocked_tags}
        ],
    )


def forget(db: Connection, member: str, version: int) -> bool:
    """Remove a member and the tags of its cards; say whether there is nothing newer.

    The pseudonym stays as a sign that the directory's row of it is void, until a directory without it.
    """
    if db.execute("SELECT 1 FROM member WHERE member = ? AND version >= ?", (member, version)).fetchone():
        return False
    for table in ("member", "card", "member_waiting", "attached", "box"):
        db.execute(f"DELETE FROM {table} WHERE member = ?", (member,))  # noqa: S608 - our own names
    values = (member, version, FORGOTTEN)
    db.execute("INSERT INTO member VALUES (?, ?, ?, ?)", (*values, seal(*values)))
    return True


def has_forgotten(db: Connection, cursor: int) -> bool:
    """Say whether an erased member's sign is among what a directory of this cursor makes needless."""
    sign = "SELECT 1 FROM member WHERE version <= ? AND facts = ?"
    return db.execute(sign, (cursor, FORGOTTEN)).fetchone() is not None


def drop_contained(db: Connection, cursor: int, limit: int) -> int:
    """Drop up to `limit` rows that the directory as of `cursor` contains; return how many there were."""
    rows = db.execute(
        "SELECT member FROM member WHERE version <= ? ORDER BY member LIMIT ?", (cursor, limit)
    ).fetchall()
    for table in ("card", "member"):
        db.executemany(f"DELETE FROM {table} WHERE member = ?", rows)  # noqa: S608 - our own names
    return len(rows)


def _sealed(*values: str | int | bytes) -> tuple[str | int | bytes, ...]:
    return (*values, seal(*values))
