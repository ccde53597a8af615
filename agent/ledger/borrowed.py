"""What the store's pool lent to this till, held beside head office's allowances; each entry tells which."""

from typing import TYPE_CHECKING, Any

from agent.ledger.database import Connection
from agent.ledger.seal import seal

if TYPE_CHECKING:
    from agent.ledger.transaction import Transaction

POOL, RECEIVED = "pool", "pool_received"
"""Marks: the journal of the pool in use, and how far it has got ours."""
FLOOR = "floor/"
"""Mark, by pool: nothing up to this number is taken in any more."""


def note(db: Connection, number: int, parent: int) -> None:
    """Remember out of which allowance of its own a pool lent this one."""
    values = (number, parent)
    db.execute("INSERT INTO borrowed VALUES (?, ?, ?)", (*values, seal(*values)))


def naming(db: Connection, number: int) -> dict[str, Any]:
    """Return what an entry about a lent allowance says besides: whose it is, and out of what."""
    row = db.execute(
        "SELECT giver, parent FROM borrowed JOIN allowance USING (number) WHERE number = ?", (number,)
    ).fetchone()
    return {"pool": row[0], "of": row[1]} if row else {}


def held(db: Connection, giver: str) -> list[int]:
    """Return the numbers of what we hold from a pool now."""
    rows = db.execute("SELECT number FROM allowance WHERE giver = ? AND closed = 0 ORDER BY number", (giver,))
    return [int(number) for (number,) in rows.fetchall()]


def leave_pool(tx: "Transaction") -> None:
    """Let a pool go that is not configured any more, unless something of it is still held here."""
    if not tx.one("SELECT 1 FROM allowance WHERE giver = ? AND closed = 0", tx.text_mark(POOL)):
        tx.set_mark(POOL, "")
