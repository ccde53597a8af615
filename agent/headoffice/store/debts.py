"""Debts: points that tills let go beyond allowances, each as a lot of its own until it is paid back.

A debt's lot is named after the entry that made it.  Before head office looked at it, the whole of it
counts against what the member may be allowed; afterwards only what was owed too much stands there.
"""

from collections.abc import Sequence

from agent.headoffice.store.protocol import Row, Store

PREFIX = "debt-"
LOOKED_AT = (
    "substr(l.lot, 1, 5) = 'debt-' AND EXISTS (SELECT 1 FROM movement v WHERE v.member = l.member"
    " AND v.wallet = l.wallet AND v.lot = l.lot)"
)
"""Holds for the lot `l` of a debt that head office has looked at: it is told apart from the balance."""
_IS_DEBT = "lot >= 'debt-' AND lot < 'debt.' AND remaining <> 0"
INDEX = f"CREATE INDEX lot_debt ON lot (member, wallet, lot) WHERE {_IS_DEBT}"


def lot_of(incarnation: str, seq: int) -> str:
    """Name the lot of the debt that an entry makes."""
    return f"{PREFIX}{incarnation}-{seq}"


def is_debt(lot: str) -> bool:
    """Say whether a lot is a debt's."""
    return lot.startswith(PREFIX)


def open_debts(store: Store, member: str = "") -> Sequence[Row]:
    """Return every debt lot that is not even, or one member's: what is owed is below zero."""
    return store.rows(
        f"SELECT member, wallet, lot, remaining FROM lot WHERE {_IS_DEBT}"  # noqa: S608 - our own words
        " AND (? = '' OR member = ?) ORDER BY member, wallet, lot",
        (member, member),
    )


def moved(store: Store, key: tuple[str, str, str]) -> Sequence[Row]:
    """Return what was taken for a debt, lot by lot, the latest first; `key` is (member, wallet, debt lot)."""
    member, wallet, debt = key
    return store.rows(
        "SELECT lot, sum(amount) AS amount, max(at) AS latest, max(seq) AS number FROM movement"
        " WHERE kind = 'SETTLE' AND part = ? AND member = ? AND wallet = ? AND lot <> ?"
        " GROUP BY lot HAVING sum(amount) <> 0"
        " ORDER BY latest DESC, number DESC, lot DESC",
        (debt, member, wallet, debt),
    )


def times_looked_at(store: Store, key: tuple[str, str, str]) -> int:
    """Return how many movements a debt has had; `key` is (member, wallet, debt lot)."""
    row = store.row("SELECT count(*) AS n FROM movement WHERE member = ? AND wallet = ? AND lot = ?", key)
    assert row is not None
    return int(row["n"])


def taken_from(store: Store, member: str, wallet: str) -> dict[str, int]:
    """Return how many points of each lot of a wallet went into debts."""
    rows = store.rows(
        "SELECT lot, -sum(amount) AS taken FROM movement WHERE kind = 'SETTLE' AND member = ? AND wallet = ?"
        " GROUP BY lot",
        (member, wallet),
    )
    return {str(row["lot"]): int(row["taken"]) for row in rows}


def earned_after(store: Store, member: str, wallet: str, debt: str) -> dict[str, int]:
    """Return the lots of an account that a debt's own receipt earned, or one booked after it."""
    incarnation, _, seq = debt.removeprefix(PREFIX).rpartition("-")
    rows = store.rows(
        "SELECT e.incarnation, e.seq, e.amount FROM entry d JOIN entry e ON e.account IN (SELECT ? UNION ALL"
        " SELECT m.member FROM member m WHERE m.merged_into = ? AND m.merged_into <> '') AND e.unit = ?"
        " AND e.amount <> 0 AND e.amount > 0 AND e.kind IN ('EARN', 'GIVE', 'LOAD')"
        " AND (e.position > d.position OR e.receipt = d.receipt) WHERE d.incarnation = ? AND d.seq = ?",
        (member, member, wallet, incarnation, int(seq)),
    )
    return {f"{row['incarnation'][:8]}-{row['seq']}": int(row["amount"]) for row in rows}


_TOTALS = f"""
SELECT wallet, sum(owed) AS owed, sum(settled) AS settled, sum(forgiven) AS forgiven FROM (
    SELECT wallet, -remaining AS owed, 0 AS settled, 0 AS forgiven FROM lot WHERE {_IS_DEBT}
    UNION ALL SELECT wallet, 0, CASE WHEN kind = 'SETTLE' THEN amount ELSE 0 END,
        CASE WHEN kind = 'DEBT' THEN amount ELSE 0 END FROM movement WHERE substr(lot, 1, 5) = 'debt-'
) AS one GROUP BY wallet ORDER BY wallet
"""  # noqa: S608 - our own words


def totals(store: Store) -> Sequence[Row]:
    """Return, per wallet: what is owed, was taken from balances, and was forgiven."""
    return store.rows(_TOTALS)
