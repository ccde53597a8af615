"""Settlements: what head office undid of a sale for a return whose till did not know it."""

from collections.abc import Sequence
from typing import Any

from agent.headoffice.store.protocol import Store
from agent.journal.entry import Entry
from agent.journal.reversing import FIGURES


def waiting(store: Store, receipt: str) -> Sequence[tuple[str, int]]:
    """Return the noted returns of a receipt that are not settled yet, oldest first."""
    rows = store.rows(
        "SELECT incarnation, seq FROM difference WHERE receipt = ? AND kind = 'return_to_settle'"
        " AND settled = 0 ORDER BY id",
        (receipt,),
    )
    return [(str(row["incarnation"]), int(row["seq"])) for row in rows]


def add(store: Store, back: tuple[str, int], reversal: Entry, original: Entry) -> None:
    """Keep what was undone of one entry for the return `back` (incarnation, seq): by lot or by figure."""
    figures = [(name, int(reversal.data.get(name, 0))) for name in FIGURES.get(original.kind, ())]
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
                name,
                amount,
            )
            for name, amount in reversal.lots or figures or [("", 0)]
        ],
    )


def of(store: Store, original: Entry) -> list[Entry]:
    """Return what settlements undid of one entry, as the REVERSE that no till wrote, one a return."""
    rows = store.rows(
        "SELECT incarnation, seq, lot, amount FROM settlement WHERE of_incarnation = ? AND of_seq = ?"
        " ORDER BY id",
        (original.incarnation, original.seq),
    )
    found: dict[tuple[str, int], list[tuple[str, int]]] = {}
    for row in rows:
        found.setdefault((row["incarnation"], row["seq"]), []).append((row["lot"], row["amount"]))
    return [_as_reversal(back, original, moved) for back, moved in found.items()]


def _as_reversal(back: tuple[str, int], original: Entry, moved: list[tuple[str, int]]) -> Entry:
    data: dict[str, Any] = {"undoes": original.kind, "of": [original.incarnation, original.seq]}
    lots = moved if original.lots else []
    return Entry(
        *back,
        "REVERSE",
        receipt=original.receipt,
        account=original.account,
        unit=original.unit,
        amount=sum(amount for _, amount in lots),
        lots=lots,
        data=data | ({} if lots else {name: amount for name, amount in moved if name}),
    )


def finish(store: Store, back: tuple[str, int]) -> None:
    """Say that a noted return is settled."""
    store.run(
        "UPDATE difference SET settled = 1 WHERE incarnation = ? AND seq = ? AND kind = 'return_to_settle'",
        back,
    )
