"""The end of the journal inside one transaction of the writer: entries get their number, hash and effect."""

from dataclasses import dataclass
from typing import Any

import msgspec

from agent.clock import Clock
from agent.errors import Conflict, Refused
from agent.journal.chain import next_hash
from agent.journal.entry import Draft, Entry, canonical_bytes, entry_from
from agent.journal.kinds import OPENING
from agent.journal.lent import is_lent
from agent.ledger import borrowed, derive
from agent.ledger.beyond import BeyondQueries
from agent.ledger.database import Connection
from agent.ledger.directory import Shelf
from agent.ledger.marks import write_mark
from agent.ledger.receipts import GET, ReceiptRow, read_row, stored_row, write_row
from agent.ledger.unbooked import Beyond, Unbooked, beyond_of
from agent.ledger.unfiled import MARK as FILED
from agent.ledger.unfiled import Stored, answered_bytes

JournalRow = tuple[int, str, str, str, str, bytes, bytes, bytes]
"""Number, kind, account, receipt, part, canonical bytes, hash, and how the receipt stands (or nothing)."""


@dataclass(slots=True)
class Head:
    """Where the journal ends, as the writer knows it without asking."""

    seq: int
    hash: bytes


class Appending(BeyondQueries):
    """What every transaction can do: append entries, and take down how a receipt was answered."""

    def __init__(
        self,
        db: Connection,
        clock: Clock,
        incarnation: str,
        *,
        boot: str,
        unbooked: Unbooked,
        shelf: Shelf,
    ) -> None:
        super().__init__(db, clock, incarnation, own_views=False, unbooked=unbooked, shelf=shelf)
        self._boot = boot
        self._wall_ms = -1
        self._cursor = db.cursor()  # one for good: making one costs as much as a row

    def begin(self, head: Head) -> None:
        """Start anew at the end of the journal: one object serves every transaction, one after the other."""
        self._head = head
        self._before = head.seq
        self._stamp = (self.now_ms(), int(self._clock.monotonic_s() * 1000))
        self.failed: Exception | None = None
        """What `finish` raises before the commit."""
        self._receipts: dict[str, ReceiptRow] = {}
        self._booked = 0
        self._new: list[tuple[str, int]] = []
        self._new_beyond: list[Beyond] = []
        # Gathered, since one statement for a sale's entries costs less than one for each.
        self._rows_to_write: list[JournalRow] = []
        self._unfiled: dict[str, Stored] = {}
        self._filed_directly: list[str] = []
        self._has_filed = False
        self.acknowledged = False
        self.erased = False

    @property
    def appended(self) -> int:
        """How many entries this transaction appended."""
        return self._head.seq - self._before

    def head(self) -> tuple[int, bytes]:
        """Return number and hash of the last entry, those of this transaction included."""
        return self._head.seq, self._head.hash

    def append(self, draft: Draft) -> Entry:
        """Give a draft its place in the journal and its effect on allowances and holds.

        Points earned or given without a lot make one named after the entry.

        Raises:
            Conflict: this (receipt, kind, part) is in the journal already.
            Refused: it would spend more than an allowance has left.
        """
        if draft.receipt:
            self._claim(draft)
        lots = draft.lots
        if draft.amount > 0 and not lots and draft.kind in OPENING:
            lots = [(self.next_lot(), draft.amount)]
        entry = Entry(
            incarnation=self.incarnation, seq=self._head.seq + 1,
            kind=draft.kind, receipt=draft.receipt, part=draft.part, account=draft.account,
            unit=draft.unit, amount=draft.amount, lots=lots, allowance=draft.allowance,
            at=draft.at, actor=draft.actor, data=draft.data,
            wall_ms=self._stamp[0], boot=self._boot, boot_ms=self._stamp[1],
        )  # fmt: skip
        if (
            entry.allowance
            and is_lent(entry.allowance)
            and (naming := borrowed.naming(self._db, entry.allowance))
        ):
            entry = msgspec.structs.replace(entry, data=entry.data | naming)
        body = canonical_bytes(entry)
        row_hash = next_hash(self._head.hash, body)
        self._rows_to_write.append(
            (entry.seq, entry.kind, entry.account, entry.receipt, entry.part, body, row_hash, b"")
        )
        if entry.kind in derive.WRITES_TABLES and not (
            entry.kind == "RECEIPT" and self._was_never_held(entry)
        ):
            self._derive(entry)
        self._head.seq, self._head.hash = entry.seq, row_hash
        if entry.account:
            self._new.append((entry.account, entry.seq))
        if entry.kind == "REDEEM" and (beyond := beyond_of(entry)) is not None:
            self._new_beyond.append(beyond)
        return entry

    def finish(self) -> None:
        """Write what was gathered; the writer says this before it commits.

        Raises:
            Refused: what the change met, after which a part of it would stay.
        """
        if self.failed is not None:
            raise self.failed
        for receipt_id, row in self._receipts.items():
            if row.is_changed:
                self._keep(receipt_id, stored_row(row), row.newest())
        self._write_rows()

    def file_receipts(self) -> None:
        """Put every receipt that waits into the table that finds it by its id."""
        waiting = self._unbooked.receipts.waiting
        if not waiting:
            return
        for receipt_id, stored in waiting.items():
            write_row(self._db, receipt_id, stored)
        write_mark(self._db, FILED, self._before)
        self._has_filed = True

    def _keep(self, receipt_id: str, stored: Stored, seq: int) -> None:
        """Write how a receipt stands beside its newest entry `seq`, if that is of this transaction."""
        if seq <= self._before:
            self.file_receipts()  # an older word of it in the journal must not count any more
            write_row(self._db, receipt_id, stored)
            self._filed_directly.append(receipt_id)
            return
        self._unfiled[receipt_id] = stored
        answered = answered_bytes(receipt_id, stored)
        at = seq - self._rows_to_write[0][0] if self._rows_to_write else -1
        if at >= 0:
            self._rows_to_write[at] = (*self._rows_to_write[at][:-1], answered)
        else:
            self._db.execute("UPDATE journal SET answered = ? WHERE seq = ?", (answered, seq))

    def _write_rows(self) -> None:
        if self._rows_to_write:
            rows, self._rows_to_write = self._rows_to_write, []
            self._cursor.executemany("INSERT INTO journal VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)

    def _one(self, sql: str, *values: Any) -> Any:
        if "journal" in sql:  # such a question counts what was appended
            self._write_rows()
        return super()._one(sql, *values)

    def _rows(self, sql: str, *values: Any) -> list[Any]:
        if "journal" in sql:
            self._write_rows()
        return super()._rows(sql, *values)

    def _last_wall_ms(self) -> int:
        """Return what the wall clock said at the last entry before this transaction."""
        if self._wall_ms < 0:
            row = self._one("SELECT body FROM journal WHERE seq = ?", self._before)
            self._wall_ms = entry_from(bytes(row[0])).wall_ms if row else 0
        return self._wall_ms

    def _was_never_held(self, entry: Entry) -> bool:
        """Say so by the receipt's own row: most sales hold nothing, and are committed a question sooner."""
        return not any(kind == "HOLD" for kind, _ in self._receipt(entry.receipt).effects)

    def _receipt(self, receipt_id: str) -> ReceiptRow:
        row = self._receipts.get(receipt_id)
        if row is None:
            found = self._unbooked.receipts.get(receipt_id)
            if found is None:
                found = self._cursor.execute(GET, (receipt_id,)).fetchone()
            row = self._receipts[receipt_id] = read_row(found)
        return row

    def _claim(self, draft: Draft) -> None:
        """Note a draft under its receipt: every (kind, part) counts once.

        Raises:
            Conflict: the journal has it already.
        """
        row, key = self._receipt(draft.receipt), (draft.kind, draft.part)
        if key in row.effects:
            raise Conflict(
                Conflict.code, f"receipt {draft.receipt} has its {draft.kind} {draft.part} already"
            )
        row.effects[key] = self._head.seq + 1
        row.is_changed = True

    def _derive(self, entry: Entry) -> None:
        try:
            derive.apply(entry, self._db)
        except Refused as failure:
            self.failed = failure
            raise

    def next_lot(self) -> str:
        """Return the name of the lot that the next entry would make."""
        return f"{self.incarnation[:8]}-{self._head.seq + 1}"

    def has_entry(self, receipt_id: str, kind: str, part: str = "") -> bool:
        """Say whether a receipt has this entry."""
        return (kind, part) in self._receipt(receipt_id).effects

    def put_receipt(
        self, receipt_id: str, *, state: str, content_hash: bytes, answer: dict[str, Any], member: str
    ) -> None:
        """Keep how a receipt was answered (plain JSON data), or replace its state and answer."""
        self._receipt(receipt_id).settle(state, content_hash, answer, member)

    def now_ms(self) -> int:
        """Return the wall clock in milliseconds since 1970."""
        return int(self._clock.now().timestamp() * 1000)

    def is_durable(self) -> None:
        """Let readers find what was appended; the writer says this after the commit, before it answers."""
        self._unbooked.changes += 1
        if self.appended:
            self._wall_ms = self._stamp[0]
        receipts = self._unbooked.receipts
        if self._has_filed:
            receipts.filed()
        for receipt_id in self._filed_directly:
            receipts.drop(receipt_id)
        for receipt_id, stored in self._unfiled.items():
            receipts.put(receipt_id, stored)
        for account, seq in self._new:
            self._unbooked.add(account, seq)
        for beyond in self._new_beyond:
            self._unbooked.add_beyond(beyond)
        if self._booked:
            self._unbooked.booked(self._booked)

    def _next_part(self, receipt_id: str, kind: str) -> str:
        return str(self._receipt(receipt_id).count(kind) + 1)

    def _newer(self, member: str, booked: int) -> list[int]:
        # What this transaction appended counts in it already, as in every other question.
        own = [seq for account, seq in self._new if account == member]
        return super()._newer(member, booked) + own

    def _newer_beyond(self, wallet: str) -> list[Beyond]:
        return super()._newer_beyond(wallet) + [one for one in self._new_beyond if one.wallet == wallet]
