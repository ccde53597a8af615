"""The oldest entries let go: acknowledged and booked by head office, and older than the shop wants to keep.

What stays of them: the number and hash of the last one, from which the chain goes on; what they had spent
of allowances, from which the derived tables can be made again; and a receipt's keys, as long as an entry
of it is here.  A receipt that has lost an entry is answered as unknown: head office settles its return.
"""

from collections.abc import Iterable
from typing import NamedTuple

from agent.errors import LedgerDamaged
from agent.journal.chain import genesis
from agent.journal.entry import Entry, entry_from
from agent.journal.vouchers import spent_of_allowance
from agent.ledger import borrowed
from agent.ledger.database import Connection
from agent.ledger.marks import write_mark
from agent.ledger.seal import seal

MARK, HASH = "compacted", "compacted_hash"
KEPT_ENTRIES = 1000
"""The newest stay in any case: a start checks them, and the witness names one of them."""
SLICE = 200
"""Entries let go in one transaction: a sale waits for it at most."""


class Base(NamedTuple):
    """Where a journal begins: after this entry; `hash` is genesis where nothing was let go."""

    seq: int
    hash: bytes


def base_of(db: Connection, incarnation: str) -> Base:
    """Return the entry after which the journal begins.

    Raises:
        LedgerDamaged: its hash is not there.
    """
    rows = db.execute("SELECT name, number, text FROM mark WHERE name IN (?, ?)", (MARK, HASH)).fetchall()
    found = {str(name): (int(number), str(text)) for name, number, text in rows}
    seq = found.get(MARK, (0, ""))[0]
    if not seq:
        return Base(0, genesis(incarnation))
    try:
        return Base(seq, bytes.fromhex(found[HASH][1]))
    except (KeyError, ValueError):
        raise LedgerDamaged(
            f"the hash of entry {seq}, after which the journal begins, is gone",
            remedy="loyalty-agent restore BACKUP",
        ) from None


def due(db: Connection, before_ms: int, *, kept: int = KEPT_ENTRIES) -> list[tuple[int, Entry, bytes]]:
    """Return the oldest entries that may go now, at most a slice: number, entry, hash."""
    marks = dict(
        db.execute("SELECT name, number FROM mark WHERE name IN ('acknowledged', 'booked', 'pool_received')")
    )
    (head,) = db.execute("SELECT COALESCE(max(seq), 0) FROM journal").fetchone()
    until = min(marks.get("acknowledged", 0), marks.get("booked", 0), head - kept)
    pool = db.execute("SELECT text FROM mark WHERE name = ?", (borrowed.POOL,)).fetchone()
    if pool is not None and pool[0]:  # what we hold of the pool's comes home by these entries
        until = min(until, marks.get(borrowed.RECEIVED, 0))
    held = [row[0] for row in db.execute("SELECT receipt FROM hold")]
    found = []
    rows = db.execute(
        "SELECT seq, body, hash FROM journal WHERE seq <= ? ORDER BY seq LIMIT ?", (until, SLICE)
    )
    for seq, body, row_hash in rows.fetchall():
        entry = entry_from(bytes(body))
        if entry.wall_ms >= before_ms or entry.receipt in held:
            break
        found.append((int(seq), entry, bytes(row_hash)))
    return found


def let_go(db: Connection, gone: list[tuple[int, Entry, bytes]]) -> None:
    """Remove these entries and keep their digest; inside the writer's transaction."""
    last, _, last_hash = gone[-1]
    _keep_spent(db, [entry for _, entry, _ in gone])
    db.execute("DELETE FROM journal WHERE seq <= ?", (last,))
    write_mark(db, MARK, last)
    write_mark(db, HASH, last_hash.hex())


def _keep_spent(db: Connection, entries: Iterable[Entry]) -> None:
    """Add what these entries did to allowances to what was kept of earlier ones."""
    for entry in entries:
        if entry.kind in {"LEND", "HOME"}:
            _keep_lent(db, entry)
            continue
        moved = [(lot, -amount) for lot, amount in spent_of_allowance(entry)]
        if entry.kind == "CLOSE":
            lots = db.execute("SELECT lot FROM allowance_lot WHERE number = ?", (entry.allowance,))
            moved = [(str(lot), 0) for (lot,) in lots.fetchall()]
        closed = entry.seq if entry.kind == "CLOSE" else 0
        for lot, spent in moved:
            key = (entry.allowance, lot)
            row = db.execute("SELECT spent, closed FROM allowance_base WHERE number = ? AND lot = ?", key)
            before = row.fetchone() or (0, 0)
            values = (*key, before[0] + spent, max(before[1], closed))
            db.execute(
                "INSERT OR REPLACE INTO allowance_base VALUES (?, ?, ?, ?, ?)", (*values, seal(*values))
            )


def _keep_lent(db: Connection, entry: Entry) -> None:
    """Add what a LEND or HOME moved to what was kept; a loan whose HOME goes is forgotten."""
    parent = int(entry.data["of"])
    sign, lots = (1, entry.data["lots"]) if entry.kind == "LEND" else (-1, entry.data["back"])
    for lot, amount in lots:
        row = db.execute("SELECT lent FROM loan_base WHERE number = ? AND lot = ?", (parent, lot)).fetchone()
        values = (parent, str(lot), (row[0] if row else 0) + sign * amount)
        db.execute("INSERT OR REPLACE INTO loan_base VALUES (?, ?, ?, ?)", (*values, seal(*values)))
    if entry.kind == "HOME":
        db.execute("DELETE FROM loan WHERE number = ?", (entry.allowance,))
        db.execute("DELETE FROM loan_lot WHERE number = ?", (entry.allowance,))
