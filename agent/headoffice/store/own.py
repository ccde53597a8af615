"""How far the books know head office's own journals, newest first."""

from agent.headoffice.store.protocol import Store

ALLOWANCES, DECISIONS = "allowances", "decisions"
"""What our own journals are for: the server writes the one, commands the other."""


def newest(store: Store, role: str = ALLOWANCES) -> tuple[str, int, bytes] | None:
    """Return name, number and hash of the journal that is written to, None if there never was one."""
    row = store.row("SELECT * FROM own_journal WHERE role = ? ORDER BY began DESC LIMIT 1", (role,))
    return (row["incarnation"], row["booked_seq"], bytes(row["booked_hash"])) if row is not None else None


def mark(store: Store, incarnation: str) -> tuple[int, bytes]:
    """Return the last entry of one that the books know."""
    row = store.row("SELECT * FROM own_journal WHERE incarnation = ?", (incarnation,))
    return (int(row["booked_seq"]), bytes(row["booked_hash"])) if row is not None else (0, b"")


def move_mark(store: Store, incarnation: str, seq: int, head: bytes, role: str = ALLOWANCES) -> None:
    """Say how far the books know one; in the transaction that put it there."""
    store.run(
        "INSERT INTO own_journal (incarnation, began, booked_seq, booked_hash, role) VALUES"
        " (?, (SELECT count(*) FROM own_journal), ?, ?, ?) ON CONFLICT (incarnation) DO UPDATE SET"
        " booked_seq = excluded.booked_seq, booked_hash = excluded.booked_hash",
        (incarnation, seq, head, role),
    )
