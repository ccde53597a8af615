"""Journals and allowances that were given up, and what they cost."""

from collections.abc import Sequence

from agent.headoffice.store.protocol import Row, Store


def give_up_journal(store: Store, incarnation: str, state: str) -> None:
    """Say that a journal is lost: its later entries reach no member."""
    store.run("UPDATE incarnation SET state = ? WHERE incarnation = ?", (state, incarnation))


def give_up_allowance(store: Store, incarnation: str, number: int) -> None:
    """End an open allowance without its journal's word."""
    store.run(
        "UPDATE allowance SET state = 'WRITTEN_OFF' WHERE incarnation = ? AND number = ? AND state = 'OPEN'",
        (incarnation, number),
    )


def is_lost(store: Store, incarnation: str) -> bool:
    """Say whether a journal was given up."""
    row = store.row(
        "SELECT 1 FROM incarnation WHERE incarnation = ? AND state IN ('WRITTEN_OFF', 'WIPED')",
        (incarnation,),
    )
    return row is not None


def open_allowances(store: Store, incarnation: str) -> Sequence[Row]:
    """Return what a journal holds: a row for each lot of an open allowance with what is left of it.

    What a pool lent to it is charged to it as long as the pool's own journal lives: it may have taken the
    rest home and lent it again.  What a pool has lent to others is theirs.
    """
    return store.rows(
        "SELECT a.incarnation, a.number, a.member, a.wallet, s.lot,"
        " s.amount - s.spent - s.passed AS left_over"
        " FROM allowance a JOIN allowance_lot s ON s.incarnation = a.incarnation AND s.number = a.number"
        " WHERE (a.incarnation = ? AND a.parent = 0 OR a.holder = ? AND a.parent > 0 AND EXISTS (SELECT 1"
        " FROM incarnation i WHERE i.incarnation = a.incarnation AND i.state = 'WRITTEN_OFF'))"
        " AND a.state = 'OPEN'"
        " ORDER BY a.incarnation, a.number, s.lot",
        (incarnation, incarnation),
    )


def has_lent(store: Store, incarnation: str) -> bool:
    """Say whether a journal is a pool's: it told so, or something was lent out of it."""
    row = store.row(
        "SELECT 1 FROM incarnation WHERE incarnation = ? AND role = 'pool'"
        " UNION ALL SELECT 1 FROM allowance WHERE incarnation = ? AND parent > 0 LIMIT 1",
        (incarnation, incarnation),
    )
    return row is not None


def write_offs(store: Store) -> list[bytes]:
    """Return every WRITE_OFF entry, in the order of booking."""
    return [
        bytes(row["body"])
        for row in store.rows("SELECT body FROM entry WHERE kind = 'WRITE_OFF' ORDER BY position")
    ]


def spent_late(store: Store, kind: str) -> Sequence[Row]:
    """Return what lost journals spent after all, per wallet; `kind` is the difference they carry."""
    return store.rows(
        "SELECT e.unit AS wallet, -sum(e.amount) AS points FROM difference d"
        " JOIN entry e ON e.incarnation = d.incarnation AND e.seq = d.seq"
        " WHERE d.kind = ? AND e.kind = 'REDEEM' GROUP BY e.unit ORDER BY e.unit",
        (kind,),
    )
