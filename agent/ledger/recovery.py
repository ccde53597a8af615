"""What is checked at every start before the ledger is believed: the tail of the chain, and the witness."""

import msgspec

from agent.errors import LedgerDamaged
from agent.journal.chain import next_hash
from agent.journal.entry import entry_from
from agent.ledger.appending import Head
from agent.ledger.compaction import base_of
from agent.ledger.database import Connection
from agent.ledger.storage import Storage
from agent.ledger.witness import read_witness

TAIL = 1000
"""Entries whose hashes are recomputed at start; `ledger verify` checks all."""


def recover(db: Connection, incarnation: str, storage: Storage) -> tuple[Head, str]:
    """Return where the journal ends, and why spending must stop (empty: it need not).

    Raises:
        LedgerDamaged: the tail does not chain.
    """
    try:
        head = _check_tail(db, incarnation)
    except TypeError:
        raise LedgerDamaged("an entry is no bytes", remedy="loyalty-agent ledger verify") from None
    return head, _contradiction(db, incarnation, storage, head)


def _check_tail(db: Connection, incarnation: str) -> Head:
    rows = db.execute(
        "SELECT seq, body, hash FROM journal ORDER BY seq DESC LIMIT ?", (TAIL + 1,)
    ).fetchall()[::-1]
    seq, head = base_of(db, incarnation)
    if len(rows) > TAIL:  # older ones are believed here
        seq, head = rows[0][0], bytes(rows[0][2])
        rows = rows[1:]
    for number, body, row_hash in rows:
        if number != seq + 1 or next_hash(head, bytes(body)) != bytes(row_hash) or not _reads(bytes(body)):
            raise LedgerDamaged(
                f"entry {number} does not follow entry {seq}", remedy="loyalty-agent ledger verify"
            )
        seq, head = number, bytes(row_hash)
    return Head(seq, head)


def _reads(body: bytes) -> bool:
    try:
        entry_from(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return True


def _contradiction(db: Connection, incarnation: str, storage: Storage, head: Head) -> str:
    witness = read_witness(storage)
    acknowledged = db.execute("SELECT number FROM mark WHERE name = 'acknowledged'").fetchone()
    if acknowledged and acknowledged[0] > head.seq:
        return f"head office holds {acknowledged[0]} entries, this ledger {head.seq}"
    if witness is None:
        return ""
    if witness.incarnation != incarnation:
        return f"the witness names journal {witness.incarnation[:8]}, the ledger is {incarnation[:8]}"
    if witness.seq > head.seq:
        return f"the witness names entry {witness.seq}, this ledger ends at {head.seq}: an old copy came back"
    row = db.execute("SELECT hash FROM journal WHERE seq = ?", (witness.seq,)).fetchone()
    if row is not None and bytes(row[0]) != witness.hash:
        return f"entry {witness.seq} is not the one the witness names"
    return ""
