"""The reading side: this journal over a query-only connection, and archived journals after a restore."""

import contextlib
from datetime import datetime
from pathlib import Path
from typing import Any

from agent.clock import Clock
from agent.journal.entry import Entry, entry_from
from agent.ledger import compaction
from agent.ledger.beyond import BeyondQueries
from agent.ledger.database import Connection, SqliteError, as_ledger_error, connect
from agent.ledger.directory import Shelf
from agent.ledger.records import LedgerStatus, StoredReceipt
from agent.ledger.unbooked import Unbooked
from agent.ledger.unfiled import read_unfiled

ARCHIVE = "archive"
DAMAGED_KEPT_S = 25 * 86_400


class Archive(BeyondQueries):
    """Questions outside the writer's thread; a disk that fails is told as ours (LedgerError)."""

    def _one(self, sql: str, *values: Any) -> Any:
        try:
            return super()._one(sql, *values)
        except SqliteError as failure:
            raise as_ledger_error(failure) from failure

    def _rows(self, sql: str, *values: Any) -> list[Any]:
        try:
            return super()._rows(sql, *values)
        except SqliteError as failure:
            raise as_ledger_error(failure) from failure


class Reader(Archive):
    """Answers from the ledger as last committed; what this journal does not know, older ones may."""

    def __init__(
        self,
        db: Connection,
        clock: Clock,
        incarnation: str,
        *,
        archives: list[Archive],
        unbooked: Unbooked,
        shelf: Shelf,
    ) -> None:
        super().__init__(db, clock, incarnation, own_views=True, unbooked=unbooked, shelf=shelf)
        self.archives = archives

    def receipt(self, receipt_id: str) -> StoredReceipt | None:
        """Return a receipt as answered, from this journal or an archived one."""
        found = super().receipt(receipt_id)
        for archive in self.archives:
            found = found or archive.receipt(receipt_id)
        return found

    def entries_of(self, receipt_id: str) -> list[Entry]:
        """Return the entries of a receipt: those of archived journals come first."""
        before = [entry for archive in self.archives for entry in archive.entries_of(receipt_id)]
        return before + super().entries_of(receipt_id)

    def hash_at(self, seq: int, incarnation: str) -> bytes | None:
        """Return the hash of an entry of this journal or an archived one, None if it is not here."""
        for archive in self.archives:
            if archive.incarnation == incarnation:
                return archive.hash_of(seq)
        return self.hash_of(seq)

    def oldest_unsent_ms(self) -> int | None:
        """Return when the oldest entry was written that head office has not got yet, None if it has all."""
        rows = super().entries(self.mark("acknowledged"), 1)
        return entry_from(rows[0][1]).wall_ms if rows else None

    def may_let_go(self, before_ms: int) -> bool:
        """Say whether `Transaction.let_go` would find something."""
        with self._view():
            return bool(compaction.due(self._db, before_ms))

    def entries(
        self, after_seq: int, limit: int, *, incarnation: str | None = None
    ) -> list[tuple[int, bytes, bytes]]:
        """Return up to `limit` rows (number, canonical bytes, hash) of one journal above a number."""
        for archive in self.archives:
            if archive.incarnation == incarnation:
                return archive.entries(after_seq, limit)
        return super().entries(after_seq, limit, incarnation=incarnation)

    def journals(self) -> list[tuple[str, int]]:
        """Return (incarnation, last number) of this journal and of archived ones not yet wholly sent."""
        unsent = [
            (archive.incarnation, seq)
            for archive in self.archives
            if (seq := archive.head()[0]) > self.mark(f"acknowledged:{archive.incarnation}")
        ]
        return [(self.incarnation, self.head()[0]), *unsent]

    def status(self) -> LedgerStatus:
        """Return how the ledger stands; whether it takes writes is the ledger's to say."""
        with self._view():
            head, acknowledged = self.head()[0], self.mark("acknowledged")
            return LedgerStatus(
                incarnation=self.incarnation,
                head_seq=head,
                acknowledged=acknowledged,
                booked=self.mark("booked"),
                backlog=head - acknowledged,
                frozen=self.frozen(),
                writable=True,
                directory=self.directory_cursor(),
            )

    def directory_cursor(self) -> int:
        """Return the cursor of the member directory in use, 0 if there is none."""
        directory = self._shelf.directory
        return directory.cursor if directory is not None else 0

    def most_members(self) -> int:
        """Return how many members this till can know at most: the directory's and those told since."""
        directory = self._shelf.directory
        told = int(self._one("SELECT count(*) FROM member")[0])
        return told + (directory.members if directory is not None else 0)

    def close(self) -> None:
        """Close the connection, those to archives, and the directory."""
        self._shelf.close()
        for queries in (self, *self.archives):
            queries._db.close()  # noqa: SLF001 - the same class


def open_archives(folder: Path, clock: Clock) -> list[Archive]:
    """Open the journals of earlier incarnations; nothing ever changes in them."""
    archives = []
    for path in sorted((folder / ARCHIVE).glob("*.db")):
        db = connect(path, read_only=True, immutable=True)
        kept = Unbooked()  # nothing of an archive counts in what a member has; its receipts are asked for
        kept.receipts = read_unfiled(db)
        archives.append(Archive(db, clock, path.stem, own_views=False, unbooked=kept, shelf=Shelf()))
    return archives


def drop_damaged(folder: Path, now: datetime) -> None:
    """Remove ledgers put aside more than 25 days ago: they hold members whom no erasure reaches."""
    for path in (folder / ARCHIVE).glob("damaged-*"):
        with contextlib.suppress(OSError):
            if path.stat().st_mtime < now.timestamp() - DAMAGED_KEPT_S:
                path.unlink()
