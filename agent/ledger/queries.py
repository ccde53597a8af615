"""Every question about the ledger, asked over any connection: readers and open transactions share them."""

from collections.abc import Callable, Iterable
from datetime import date
from typing import NamedTuple

import msgspec

from agent.clock import Clock
from agent.journal.chain import genesis
from agent.journal.entry import Entry, entry_from
from agent.ledger import compaction, people
from agent.ledger.database import Connection
from agent.ledger.derive import held_of
from agent.ledger.directory import Shelf
from agent.ledger.fold import SHOWN_KINDS, Dates, fold
from agent.ledger.held import Held
from agent.ledger.members import FORGOTTEN
from agent.ledger.receipts import GET, ReceiptRow, read_row
from agent.ledger.records import MemberRef, Slice, StoredHold, StoredProgramme, StoredReceipt
from agent.ledger.unbooked import Unbooked
from agent.loyalty.compact import expand
from agent.loyalty.member import MemberFacts

AT_ONCE = 500
"""Entries asked for in one statement."""

_NEWER_COLUMNS = (
    "(SELECT facts FROM member WHERE member = ?1),"
    " EXISTS (SELECT 1 FROM allowance WHERE member = ?1 AND closed = 0)"
)
_NEWER = f"SELECT {_NEWER_COLUMNS}"
_CARD = (
    f"SELECT card.member, holder.facts, blocked, {_NEWER_COLUMNS} FROM (SELECT 1)"  # noqa: S608 - our own names
    " LEFT JOIN card ON tag = ?2 LEFT JOIN member AS holder ON holder.member = card.member"
)


class Newer(NamedTuple):
    """What the ledger itself knows of a member: the row told since the directory, and if points lie here."""

    facts: bytes | None = None
    has_allowance: int = 0


class Queries(Held):
    """Questions over one connection; a caller on several threads is served one after the other."""

    def __init__(
        self,
        db: Connection,
        clock: Clock,
        incarnation: str,
        *,
        own_views: bool,
        unbooked: Unbooked,
        shelf: Shelf,
    ) -> None:
        super().__init__(db, clock, own_views=own_views)
        self._shelf = shelf
        self._unbooked = unbooked
        self.incarnation = incarnation
        self._kept = (-1, "", Newer())

    def head(self) -> tuple[int, bytes]:
        """Return number and hash of the last entry; before the first, 0 and the genesis hash."""
        row = self._one("SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1")
        return (int(row[0]), bytes(row[1])) if row else (0, genesis(self.incarnation))

    def hash_of(self, seq: int) -> bytes | None:
        """Return the hash of an entry (0: of the journal's name), None if it is not here."""
        row = self._one("SELECT hash FROM journal WHERE seq = ?", seq)
        if row is not None:
            return bytes(row[0])
        with self._lock:
            base = compaction.base_of(self._db, self.incarnation)
        return base.hash if base.seq == seq else None

    def member_of(self, tag: bytes) -> MemberRef | None:
        """Return whose card this is, None if this till does not know it."""
        directory, asked_at = self._shelf.directory, self._unbooked.changes
        listed, is_blocked = (directory.holder(tag) if directory is not None else None) or (None, False)
        member = listed.member if listed is not None else ""
        told, facts, blocked, *newer = self._one(_CARD, member, tag)
        if self._own_views:  # what is asked next, most likely; a transaction may change it
            self._kept = (asked_at, member, Newer(*newer))
        if facts is not None:
            return MemberRef(told, expand(facts).status, bool(blocked))
        if listed is not None and newer[0] is None:
            return MemberRef(member, listed.status, is_blocked)
        # Nobody's by head office's word, or one whose newer row has not got this card (any more).
        return self._attached(tag)

    def _attached(self, tag: bytes) -> MemberRef | None:
        """Return whose card this is by our own word: enrolled or attached here, and not told back yet."""
        row = self._one("SELECT member FROM attached WHERE tag = ?", tag)
        told = self._told(str(row[0])) if row is not None else None
        return MemberRef(told.member, told.status, card_blocked=False) if told is not None else None

    def boxes(self) -> list[tuple[int, str, bytes]]:
        """Return what waits for head office of people: number, member, box; at most 100."""
        rows = self._rows("SELECT number, member, box FROM box ORDER BY number LIMIT ?", people.MOST_BOXES)
        return [(int(number), str(member), bytes(box)) for number, member, box in rows]

    def _told(self, member: str) -> MemberFacts | None:
        """Return head office's figures of a member: the newer row here, else the directory's."""
        return self._figures(member, self._one(_NEWER, member)[0])

    def _figures(self, member: str, newer: bytes | None) -> MemberFacts | None:
        if newer is not None:
            return expand(newer) if newer != FORGOTTEN else None
        directory = self._shelf.directory
        return directory.by_name(member) if directory is not None else None

    def facts(self, member: str, day: date) -> MemberFacts | None:
        """Return a member as of a business day: head office's figures and own entries it has not booked.

        Each wallet's `usable_offline` is what held allowances have left (0: none).
        """
        # Most members have sold nothing here lately and have no allowance: one question says so, and it was
        # asked with the card if nothing was committed since.
        if not self._newer(member, 0):
            asked_at, known, newer = self._kept
            if known != member or asked_at != self._unbooked.changes:
                newer = Newer(*self._one(_NEWER, member))
            if not newer.has_allowance:
                told = self._figures(member, newer.facts)
                return fold(told, [], usable={}, day=day) if told is not None else None
        with self._view():
            told = self._told(member)
            if told is None:
                return None
            own = self._entries(self._newer(member, self.mark("booked")))
            return fold(
                told,
                [entry for entry in own if entry.kind in SHOWN_KINDS],
                usable=self.usable(member, day),
                day=day,
                dates_of=self._dates_of(member),
            )

    def vouchers_of(self, member: str) -> set[str]:
        """Return the names of the vouchers that a member has today."""
        facts = self.facts(member, self._clock.now().date())
        return {voucher.voucher for voucher in facts.vouchers} if facts is not None else set()

    def balance(self, member: str, wallet: str) -> int:
        """Return the points of a wallet as this till shows them today."""
        facts = self.facts(member, self._clock.now().date())
        held = facts.wallets.get(wallet) if facts else None
        return sum(lot.amount for lot in held.lots) if held else 0

    def receipt(self, receipt_id: str) -> StoredReceipt | None:
        """Return a receipt as answered, None if it never was one here, or an entry of it was let go."""
        row = self._receipt(receipt_id)
        if not row.state or row.is_cut(self.mark(compaction.MARK)):
            return None
        answer = msgspec.json.decode(row.answer)
        return StoredReceipt(
            receipt_id, row.state, row.content_hash, answer, row.member, self.incarnation, row.seqs()
        )

    def entries_of(self, receipt_id: str) -> list[Entry]:
        """Return the entries of a receipt in their order."""
        return self._entries(self._receipt(receipt_id).seqs())

    def hold(self, receipt_id: str) -> StoredHold | None:
        """Return what is set aside for a receipt."""
        row = self._one("SELECT member, until_ms, slices FROM hold WHERE receipt = ?", receipt_id)
        if row is None:
            return None
        held = held_of(bytes(row[2]))
        wallets = {name: [Slice(*one) for one in slices] for name, slices in held.items()}
        return StoredHold(receipt_id, row[0], row[1], wallets)

    def entries(
        self, after_seq: int, limit: int, *, incarnation: str | None = None
    ) -> list[tuple[int, bytes, bytes]]:
        """Return up to `limit` rows (number, canonical bytes, hash) above a number."""
        assert incarnation in {None, self.incarnation}, "only a Reader knows archived journals"
        rows = self._rows(
            "SELECT seq, body, hash FROM journal WHERE seq > ? ORDER BY seq LIMIT ?", after_seq, limit
        )
        return [(int(seq), bytes(body), bytes(row_hash)) for seq, body, row_hash in rows]

    def programme(self) -> StoredProgramme | None:
        """Return the programme in force: the last one stored."""
        row = self._one("SELECT id, version, text, sha256 FROM programme ORDER BY stored DESC LIMIT 1")
        return StoredProgramme(row[0], row[1], bytes(row[2]), row[3]) if row else None

    def programme_text(self, name: str, version: int) -> bytes | None:
        """Return one version of a programme as published, None if it was never stored here."""
        row = self._one("SELECT text FROM programme WHERE id = ? AND version = ?", name, version)
        return bytes(row[0]) if row else None

    def members(self) -> list[str]:
        """Return every member whose row lies in the ledger itself, in order."""
        rows = self._rows("SELECT member FROM member WHERE facts != ? ORDER BY member", FORGOTTEN)
        return [str(member) for (member,) in rows]

    def _newer(self, member: str, booked: int) -> list[int]:
        return self._unbooked.above(member, booked)

    def _receipt(self, receipt_id: str) -> ReceiptRow:
        return read_row(self._unbooked.receipts.get(receipt_id) or self._one(GET, receipt_id))

    def _entries(self, seqs: list[int]) -> list[Entry]:
        """Return the entries of these numbers, oldest first; one that is not there yet is passed over."""
        found: list[Entry] = []
        for start in range(0, len(seqs), AT_ONCE):
            some = seqs[start : start + AT_ONCE]
            marks = ", ".join("?" * len(some))
            rows = self._rows(f"SELECT body FROM journal WHERE seq IN ({marks}) ORDER BY seq", *some)  # noqa: S608
            found += [entry_from(bytes(body)) for (body,) in rows]
        return found

    def lot_ends(self, member: str, lots: Iterable[str]) -> dict[str, date | None]:
        """Return the last day of lots that a member spent here."""
        look = self._dates_of(member)
        known = {lot: look(lot) for lot in lots}
        return {
            lot: date.fromisoformat(dates[1])
            for lot, dates in known.items()
            if dates is not None and dates[1]
        }

    def _dates_of(self, member: str) -> Callable[[str], Dates | None]:
        def look(lot: str) -> Dates | None:
            row = self._one(
                "SELECT active_from, expires_on, ends_at FROM allowance_lot JOIN allowance USING (number)"
                " WHERE member = ? AND lot = ?",
                member, lot,
            )  # fmt: skip
            return (row[0], row[1], row[2]) if row else None

        return look
