"""Settlements: what head office undid of a sale for a return whose till did not know it."""

from collections.abc import Sequence

from agent.headoffice.store.protocol import Store
from agent.journal.entry import Entry


def waiting(store: Store, receipt: str) -> Sequence[tuple[str, int]]:
    """Return the noted returns of a receipt that are not settled yet, oldest first."""
    rows = store.rows(
        "SELECT incarnation, seq FROM difference WHERE receipt = ? AND kind = 'return_to_settle'"
        " AND settled = 0 ORDER BY id",
        (receipt,),
    )
    return [(str(row["incarnation"]), int(row["seq"])) for row in rows]


def add(store: Store, back: tuple[str, int], reversal: Entry, original: Entry) -> None:
    """Keep what was undone of one entry for the return `back` (incarnation, seq)."""
    lots = reversal.lots or [("", 0)]
    store.run_many(
        "INSERT INTO settlement (incarnation, seq, of_incarnation, of_seq, undoes, member, wallet, lot,"
        " amount) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                *back,
                original.incarnation,
                original.seq,
                original.kind,
                original.account,
                original.unit,
                lot,
                amount,
            )
            for lot, amount in lots
        ],
    )


def points(store: Store, back: tuple[str, int], kind: str, wallet: str) -> int:
    """Return how many points of one kind and wallet a return has undone so far."""
    row = store.row(
        "SELECT COALESCE(sum(abs(amount)), 0) AS points FROM settlement"
        " WHERE incarnation = ? AND seq = ? AND undoes = ? AND wallet = ?",
        (*back, kind, wallet),
    )
    assert row is not None
    return int(row["points"])


def of(store: Store, original: Entry) -> list[tuple[str, int]]:
    """Return what settlements undid of one entry, lot by lot."""
    rows = store.rows(
        "SELECT lot, amount FROM settlement WHERE of_incarnation = ? AND of_seq = ? ORDER BY id",
        (original.incarnation, original.seq),
    )
    return [(str(row["lot"]), int(row["amount"])) for row in rows]


def finish(store: Store, back: tuple[str, int]) -> None:
    """Say that a noted return is settled."""
    store.run(
        "UPDATE difference SET settled = 1 WHERE incarnation = ? AND seq = ? AND kind = 'return_to_settle'",
        back,
    )
