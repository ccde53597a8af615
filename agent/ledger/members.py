"""Members as head office tells them: a row replaces the older one, cards come and go with it.

A row may hold figures that already contain own entries above `booked`, which only the last page of news
names.  Until then such a row waits, so that nothing is shown twice.
"""

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
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Waiting).decode


def take_in(db: Connection, row: MemberRowLike, *, has_unbooked: bool) -> None:
    """Store a row at once, or let it wait if this till has entries of the member above `booked`."""
    if not has_unbooked:
        _store(db, row)
        return
    waiting = Waiting(row.member, row.version, row.card_tags, row.facts, row.blocked_tags)
    values = (row.member, row.version, _encode(waiting))
    db.execute(
        "INSERT INTO member_waiting VALUES (?, ?, ?, ?) ON CONFLICT (member) DO UPDATE SET version ="
        " excluded.version, row = excluded.row, seal = excluded.seal WHERE excluded.version > version",
        (*values, seal(*values)),
    )


def take_in_waiting(db: Connection) -> None:
    """Store every row that waited, now that `booked` says what its figures contain."""
    for (row,) in db.execute("SELECT row FROM member_waiting").fetchall():
        _store(db, _decode(bytes(row)))
    db.execute("DELETE FROM member_waiting")


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


def _store(db: Connection, row: MemberRowLike) -> None:
    values = (row.member, row.version, _encode(row.facts))
    changed = db.execute(
        "INSERT INTO member VALUES (?, ?, ?, ?) ON CONFLICT (member) DO UPDATE SET version ="
        " excluded.version, facts = excluded.facts, seal = excluded.seal WHERE excluded.version > version",
        (*values, seal(*values)),
    ).rowcount
    if not changed:
        return
    db.execute("DELETE FROM card WHERE member = ?", (row.member,))
    blocked = set(row.blocked_tags)
    for tag in {*row.card_tags, *blocked}:
        card = (tag, row.member, int(tag in blocked))
        db.execute("INSERT OR REPLACE INTO card VALUES (?, ?, ?, ?)", (*card, seal(*card)))
