"""Receipts that only the journal holds so far: they are filed under their ids when nobody waits.

A sale is durable with its journal rows, the last of which carries how its receipt stands (`answered`).
The table that finds a receipt by its id has a page for nearly every sale, so it is brought up to date for
many at once, in an idle moment; until then they are found in memory, and after a restart in the journal.
"""

import msgspec

from agent.errors import LedgerDamaged
from agent.ledger.database import Connection
from agent.ledger.seal import seal

MARK = "filed"
"""The mark that names the last entry up to which every receipt is filed."""
Stored = tuple[str, bytes, bytes, str, bytes]
"""State, content hash, answer, member and effects, as `receipts.py` stores them."""
_Answered = tuple[str, bytes, bytes, str, bytes, bytes]
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Answered).decode


def answered_bytes(receipt_id: str, stored: Stored) -> bytes:
    """Return what a journal row carries beside its entry: how the receipt stands, and the row's seal."""
    return _encode((*stored, seal(receipt_id, *stored)))


def answered_from(receipt_id: str, answered: bytes) -> Stored | None:
    """Read it; None: it is not as it was written."""
    try:
        *stored, sealed = _decode(answered)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    state, content_hash, answer, member, effects = stored
    row = (state, content_hash, answer, member, effects)
    return row if sealed == seal(receipt_id, *row) else None


class Unfiled:
    """What is to be filed; the writer changes it, readers look."""

    def __init__(self) -> None:
        self.waiting: dict[str, Stored] = {}
        self._just_filed: dict[str, Stored] = {}

    def get(self, receipt_id: str) -> Stored | None:
        """Return a receipt not filed before the last time: a reader may still hold that older view."""
        return self.waiting.get(receipt_id) or self._just_filed.get(receipt_id)

    def put(self, receipt_id: str, stored: Stored) -> None:
        """Note a receipt that is durable in the journal now."""
        self.waiting[receipt_id] = stored

    def drop(self, receipt_id: str) -> None:
        """Forget a receipt whose newest row lies in the table, or which was let go."""
        self.waiting.pop(receipt_id, None)
        self._just_filed.pop(receipt_id, None)

    def filed(self) -> None:
        """Note that all that waited is durable in the table now."""
        self._just_filed, self.waiting = self.waiting, {}


def read_unfiled(db: Connection) -> Unfiled:
    """Return the receipts of this journal that are not filed.

    Raises:
        LedgerDamaged: one is not as it was written.
    """
    found = Unfiled()
    if not carries_answers(db):
        return found
    rows = db.execute(
        "SELECT seq, receipt, answered FROM journal WHERE answered != x'' AND seq >"
        " coalesce((SELECT number FROM mark WHERE name = ?), 0) ORDER BY seq",
        (MARK,),
    )
    for seq, receipt_id, answered in rows:
        stored = answered_from(receipt_id, bytes(answered))
        if stored is None:
            raise LedgerDamaged(
                f"what entry {seq} says of its receipt is not as it was written",
                remedy="loyalty-agent ledger verify",
            )
        found.put(receipt_id, stored)
    return found


def carries_answers(db: Connection) -> bool:
    """Say whether this file's journal has the column: older releases' have not."""
    return any(row[1] == "answered" for row in db.execute("PRAGMA table_info(journal)"))
