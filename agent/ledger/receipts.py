"""What a receipt id stands for: how the POS was answered, and which entries it has, each (kind, part) once.

The entries' keys lie in the receipt's own row rather than in an index over the journal: a commit then
touches one page less.  One thread writes, and it reads the row before it adds to it; `ledger verify`
holds the rows against the journal.  `unfiled.py` says when a row comes into the table.
"""

from typing import Any

import msgspec

from agent.ledger.database import Connection
from agent.ledger.seal import seal
from agent.ledger.unfiled import Stored

Key = tuple[str, str]
"""Kind and part of an entry."""
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[tuple[int, str, str]]).decode
_json = msgspec.json.Encoder().encode
COLUMNS = "state, content_hash, answer, member, effects"
GET = f"SELECT {COLUMNS} FROM receipt WHERE receipt = ?"  # noqa: S608 - our own names
_PUT = (
    "INSERT INTO receipt VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (receipt) DO UPDATE SET"
    " state = excluded.state, content_hash = excluded.content_hash, answer = excluded.answer,"
    " member = excluded.member, effects = excluded.effects, seal = excluded.seal"
)


class ReceiptRow(msgspec.Struct):
    """One receipt id; an empty state: entries name it, and it was never answered."""

    state: str = ""
    content_hash: bytes = b""
    answer: bytes = b""
    member: str = ""
    effects: dict[Key, int] = msgspec.field(default_factory=dict)
    is_changed: bool = False

    def settle(self, state: str, content_hash: bytes, answer: dict[str, Any], member: str) -> None:
        """Take down how it was answered (plain JSON data), or how it is answered now."""
        self.is_changed = True
        self.state, self.content_hash, self.answer, self.member = state, content_hash, _json(answer), member

    def count(self, kind: str) -> int:
        """Return how many entries of a kind it has."""
        return sum(of == kind for of, _ in self.effects)

    def is_cut(self, base: int) -> bool:
        """Say whether an entry of it is among those up to number `base`, which were let go."""
        return bool(self.effects) and min(self.effects.values()) <= base

    def is_gone(self, base: int) -> bool:
        """Say whether all of them are."""
        return bool(self.effects) and max(self.effects.values()) <= base

    def newest(self) -> int:
        """Return the number of its last entry, 0 if it has none."""
        return max(self.effects.values(), default=0)

    def seqs(self) -> list[int]:
        """Return the numbers of its entries, in order."""
        return sorted(self.effects.values())


def read_row(found: Any) -> ReceiptRow:
    """Return what one row of `GET` says; None: nothing is known."""
    if found is None:
        return ReceiptRow()
    state, content_hash, answer, member, effects = found
    keys = {(kind, part): seq for seq, kind, part in _decode(effects)}
    return ReceiptRow(state, content_hash, answer, member, keys)


def stored_row(row: ReceiptRow) -> Stored:
    """Return the columns of a row."""
    effects = _encode([(seq, kind, part) for (kind, part), seq in row.effects.items()])
    return row.state, row.content_hash, row.answer, row.member, effects


def write_row(db: Connection, receipt_id: str, stored: Stored) -> None:
    """Put the row into the table, in place of what was there."""
    db.execute(_PUT, (receipt_id, *stored, seal(receipt_id, *stored)))
