"""What head office moved itself: its movements lot by lot, and accounts that became another member's."""

from collections.abc import Sequence

from agent.headoffice.store.protocol import Row, Store
from agent.journal.entry import Entry, canonical_bytes

BY_MEMBER = ("noted", "receipt", "settlement", "movement", "allowance", "card", "consent", "person")
"""Tables whose rows simply change hands when members become one."""


def add(store: Store, entry: Entry, owner: str) -> None:
    """Keep a movement of what `owner` has now, a row for each lot."""
    key = (entry.incarnation, entry.seq, entry.kind, entry.receipt, entry.part, owner, entry.unit)
    body = canonical_bytes(entry)
    store.run_many(
        "INSERT INTO movement (incarnation, seq, kind, reference, part, member, wallet, lot, amount, at,"
        " body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [(*key, lot, amount, entry.at, body) for lot, amount in entry.lots or [("", 0)]],
    )


def of_reference(store: Store, reference: str) -> list[bytes]:
    """Return the entries written under a reference, in order."""
    rows = store.rows(
        "SELECT DISTINCT incarnation, seq, body FROM movement WHERE reference = ? ORDER BY incarnation, seq",
        (reference,),
    )
    return [bytes(row["body"]) for row in rows]


def ended_lots(store: Store, day: str, now: str) -> Sequence[Row]:
    """Return lots that ended before a day or an instant, with what was expired and is set aside of each."""
    return store.rows(
        "SELECT l.member, l.wallet, l.lot, l.remaining, l.expires_on, l.ends_at, COALESCE(("
        " SELECT sum(v.amount) FROM movement v WHERE v.kind = 'EXPIRE' AND v.member = l.member"
        " AND v.wallet = l.wallet AND v.lot = l.lot), 0) AS expired, COALESCE(("
        " SELECT sum(s.amount - s.spent - s.passed) FROM allowance a JOIN allowance_lot s"
        " ON s.incarnation = a.incarnation AND s.number = a.number WHERE a.member = l.member"
        " AND a.wallet = l.wallet AND a.state = 'OPEN' AND s.lot = l.lot), 0) AS set_aside"
        " FROM lot l WHERE (l.expires_on <> '' AND l.expires_on < ?)"
        " OR (l.ends_at <> '' AND datetime(l.ends_at) <= datetime(?)) ORDER BY l.member, l.wallet, l.lot",
        (day, now),
    )


def lots_with_dates(store: Store, member: str, wallet: str) -> Sequence[Row]:
    """Return a member's lots of one wallet with their dates."""
    return store.rows("SELECT * FROM lot WHERE member = ? AND wallet = ? ORDER BY lot", (member, wallet))


def ranking(store: Store, measure: str) -> Sequence[Row]:
    """Return active members with their score in a measure, best first; equal scores go by member."""
    return store.rows(
        "SELECT m.member, d.amount AS score FROM measured d JOIN member m ON m.member = d.member"
        " WHERE d.measure = ? AND d.amount > 0 AND m.status = 'active' ORDER BY d.amount DESC, m.member",
        (measure,),
    )


def hand_over(store: Store, member: str, heir: str) -> None:
    """Give everything a member owns to another: what both have adds up, nothing is dropped."""
    store.run(
        "INSERT INTO lot (member, wallet, lot, imported, opened, remaining, active_from, expires_on, ends_at)"
        " SELECT ?, wallet, lot, imported, opened, remaining, active_from, expires_on, ends_at FROM lot"
        " WHERE member = ? ON CONFLICT (member, wallet, lot) DO UPDATE SET"
        " imported = max(lot.imported, excluded.imported), opened = lot.opened + excluded.opened,"
        " remaining = lot.remaining + excluded.remaining",
        (heir, member),
    )
    store.run(
        "INSERT INTO counted (member, rule, position, day, today, lifetime)"
        " SELECT ?, rule, position, day, today, lifetime FROM counted WHERE member = ?"
        " ON CONFLICT (member, rule) DO UPDATE SET position = counted.position + excluded.position,"
        " lifetime = counted.lifetime + excluded.lifetime, day = max(counted.day, excluded.day),"
        " today = CASE WHEN counted.day >= excluded.day THEN counted.today ELSE 0 END"
        " + CASE WHEN excluded.day >= counted.day THEN excluded.today ELSE 0 END",
        (heir, member),
    )
    store.run(
        "INSERT INTO measured (member, measure, opening, amount)"
        " SELECT ?, measure, opening, amount FROM measured WHERE member = ?"
        " ON CONFLICT (member, measure) DO UPDATE SET opening = measured.opening + excluded.opening,"
        " amount = measured.amount + excluded.amount",
        (heir, member),
    )
    store.run(
        "INSERT INTO voucher (member, id, voucher, imported, active_from, expires_on, ends_at, given, used)"
        " SELECT ?, id, voucher, imported, active_from, expires_on, ends_at, given, used FROM voucher"
        " WHERE member = ? ON CONFLICT (member, id) DO UPDATE SET given = voucher.given + excluded.given,"
        " used = voucher.used + excluded.used",
        (heir, member),
    )
    for table in ("lot", "counted", "measured", "voucher"):
        store.run(f"DELETE FROM {table} WHERE member = ?", (member,))  # noqa: S608 - names of our own
    for table in BY_MEMBER:
        store.run(f"UPDATE {table} SET member = ? WHERE member = ?", (heir, member))  # noqa: S608
    store.run(
        "UPDATE member SET merged_into = ?, status = 'merged' WHERE member = ? OR merged_into = ?",
        (heir, member, member),
    )
