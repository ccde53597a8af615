"""The log of everything booked, in the order of booking, with its marks and differences.

Positions are given inside the one writing transaction, so a number below one that was seen never
appears later.
"""

from collections.abc import Sequence
from typing import NamedTuple

from agent.headoffice.store.protocol import Row, Store
from agent.journal.entry import entry_from
from agent.journal.reversing import EFFECTS

ONCE_IN_THE_CHAIN = frozenset({"RECEIPT", "REVERSE", "RETURN", "CLAIM", *EFFECTS})

BOOKED, PARKED, WAITING, REFUSED_LATE, DECIDED = 0, 1, 2, 3, 4
"""An entry has its effect; broke a rule; waits for another till's; broke a rule when that one came; is head
office's own, whose effect is a movement."""
NOT_BOOKED = frozenset({PARKED, WAITING, REFUSED_LATE})


SETTLED = "return_settled"
"""The difference that tells how an earlier one was settled: it needs nobody's look, and is not counted."""


class Booked(NamedTuple):
    """An entry as it stands in the log."""

    incarnation: str
    seq: int
    kind: str
    receipt: str
    part: str
    undoes: str
    account: str
    unit: str
    amount: int
    at: str
    body: bytes
    hash: bytes
    accepted_ms: int


def add_entry(store: Store, entry: Booked, *, parked: int = BOOKED) -> None:
    """Append to the log."""
    store.run(
        "INSERT INTO entry (incarnation, seq, kind, receipt, part, undoes, account, unit, amount, at, body,"
        " hash, accepted_ms, parked) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (*entry, parked),
    )


def mark(store: Store, incarnation: str, seq: int, parked: int) -> None:
    """Say whether an entry has its effect: one of the four words above."""
    store.run("UPDATE entry SET parked = ? WHERE incarnation = ? AND seq = ?", (parked, incarnation, seq))


def twin_of(store: Store, entry: Booked) -> Row | None:
    """Return an entry of another journal that says the same of the same receipt.

    What a receipt does goes with it: paid again at a till that lost its memory, it may earn under other
    parts (on another day, say), and all of that is of the twin.
    """
    if not entry.receipt or entry.kind not in ONCE_IN_THE_CHAIN:
        return None
    if entry.kind in {"REDEEM", "COUPON"} and entry_from(entry.body).allowance:
        return None  # it left its own allowance, which a CLOSE of the same journal settles
    sale = "RECEIPT" if entry.kind in EFFECTS else entry.kind
    return store.row(
        "SELECT incarnation, seq FROM entry WHERE receipt = ? AND parked = 0 AND incarnation <> ?"
        " AND (kind = ? AND part = ? OR kind = ? AND part = '' AND kind = 'RECEIPT')",
        (entry.receipt, entry.incarnation, entry.kind, entry.part, sale),
    )


def stands_elsewhere(store: Store, receipt: str, key: tuple[str, str], incarnation: str) -> bool:
    """Say whether another journal than this has the entry `key` (kind, part) of a receipt."""
    row = store.row(
        "SELECT 1 FROM entry WHERE receipt = ? AND kind = ? AND part = ? AND parked = 0 AND incarnation <> ?",
        (receipt, *key, incarnation),
    )
    return row is not None


def entry_row(store: Store, incarnation: str, seq: int) -> Row | None:
    """Return one entry of the log."""
    return store.row("SELECT body, parked FROM entry WHERE incarnation = ? AND seq = ?", (incarnation, seq))


def reversals(store: Store, receipt: str, undoes: str) -> Sequence[Row]:
    """Return what was undone of a receipt's entries of one kind."""
    return store.rows(
        "SELECT body FROM entry WHERE receipt = ? AND kind = 'REVERSE' AND undoes = ? AND parked = 0",
        (receipt, undoes),
    )


def waiting_for(store: Store, receipt: str) -> Sequence[Row]:
    """Return the entries that wait for something of this receipt."""
    return store.rows(
        "SELECT incarnation, seq, body FROM entry WHERE receipt = ? AND parked = 2 ORDER BY position",
        (receipt,),
    )


def booked_of(store: Store, receipt: str) -> list[bytes]:
    """Return the entries of a receipt that have their effect, in the order of booking."""
    rows = store.rows("SELECT body FROM entry WHERE receipt = ? AND parked = 0 ORDER BY position", (receipt,))
    return [bytes(row["body"]) for row in rows]


def receipt_of(store: Store, receipt: str) -> Row | None:
    """Return the booked RECEIPT entry of a receipt: incarnation, seq, body."""
    return store.row(
        "SELECT incarnation, seq, body FROM entry WHERE receipt = ? AND kind = 'RECEIPT' AND parked = 0",
        (receipt,),
    )


def sold_by(store: Store, receipt: str) -> set[str]:
    """Return the journals that say they sold a receipt, also those whose word was parked."""
    rows = store.rows("SELECT incarnation FROM entry WHERE receipt = ? AND kind = 'RECEIPT'", (receipt,))
    return {str(row["incarnation"]) for row in rows}


def claimed(store: Store) -> set[str]:
    """Return the receipts that became a member's after they were paid."""
    rows = store.rows("SELECT receipt FROM entry WHERE kind = 'CLAIM' AND parked = 0")
    return {str(row["receipt"]) for row in rows}


def move_mark(store: Store, incarnation: str, seq: int, head: bytes) -> None:
    """Say how far a journal is booked; in the transaction that booked it."""
    store.run(
        "UPDATE incarnation SET booked_seq = ?, booked_hash = ? WHERE incarnation = ?",
        (seq, head, incarnation),
    )


def add_difference(store: Store, entry: tuple[str, int, str], kind: str, detail: str) -> None:
    """Note what a person should look at; `entry` is (incarnation, seq, receipt)."""
    store.run(
        "INSERT INTO difference (incarnation, seq, receipt, kind, detail) VALUES (?, ?, ?, ?, ?)",
        (*entry, kind, detail),
    )


def difference_counts(store: Store) -> dict[str, int]:
    """Return how many differences of each kind there are, settled ones and settlements left out."""
    rows = store.rows(
        "SELECT kind, count(*) AS n FROM difference WHERE settled = 0 AND kind <> ? GROUP BY kind"
        " ORDER BY kind",
        (SETTLED,),
    )
    return {str(row["kind"]): int(row["n"]) for row in rows}


def page(store: Store, after: int, limit: int) -> Sequence[Row]:
    """Return log entries behind a position, with the till that wrote them; head office's own have none."""
    return store.rows(
        "SELECT e.*, COALESCE(i.till, '') AS till, COALESCE(i.epoch, 0) AS epoch,"
        " COALESCE(i.store, '') AS store FROM entry e"
        " LEFT JOIN incarnation i ON i.incarnation = e.incarnation"
        " WHERE e.position > ? ORDER BY e.position LIMIT ?",
        (after, limit),
    )


def receipts_between(store: Store, after: int, until: int) -> Sequence[Row]:
    """Return the receipts whose entry lies in (after, until], in that order."""
    return store.rows(
        "SELECT e.position, r.* FROM entry e"
        " JOIN receipt r ON r.receipt = e.receipt AND r.incarnation = e.incarnation AND r.seq = e.seq"
        " WHERE e.kind = 'RECEIPT' AND e.position > ? AND e.position <= ? ORDER BY e.position",
        (after, until),
    )


def receipts_that_count(store: Store) -> Sequence[Row]:
    """Return position, moment and state of every receipt that was booked and not voided since."""
    return store.rows(
        "SELECT e.position, r.at, r.state FROM entry e"
        " JOIN receipt r ON r.receipt = e.receipt AND r.incarnation = e.incarnation AND r.seq = e.seq"
        " WHERE e.kind = 'RECEIPT' AND e.parked = 0 AND r.state <> 'voided'"
    )


def row_at(store: Store, position: int) -> Row:
    """Return one log entry by its position, which must exist."""
    row = store.row("SELECT * FROM entry WHERE position = ?", (position,))
    assert row is not None
    return row


def differences_between(store: Store, after: int, until: int) -> Sequence[Row]:
    """Return the differences of entries in (after, until]."""
    return store.rows(
        "SELECT e.position, d.incarnation, d.seq, d.receipt, d.kind, d.detail FROM difference d"
        " JOIN entry e ON e.incarnation = d.incarnation AND e.seq = d.seq"
        " WHERE e.position > ? AND e.position <= ? ORDER BY e.position, d.id",
        (after, until),
    )


def last_position(store: Store) -> int:
    """Return the position of the last entry, 0 if there is none."""
    row = store.row("SELECT COALESCE(max(position), 0) AS last FROM entry")
    assert row is not None
    return int(row["last"])


def order_of_booking(store: Store) -> Sequence[Row]:
    """Return (incarnation, seq) of every entry in the order of booking."""
    return store.rows("SELECT incarnation, seq FROM entry ORDER BY position")
