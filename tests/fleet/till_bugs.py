"""Planted bugs of a till."""

from typing import Any

import msgspec

from agent.errors import Refused
from agent.journal.entry import Draft, Entry
from agent.ledger.receipts import ReceiptRow
from agent.ledger.records import Slice
from agent.ledger.transaction import Transaction
from agent.sync.loop import SyncLoop
from agent.sync.session import Session

HOUR_MS = 3_600_000


class AcceptsAgain(Transaction):
    """A till takes an allowance in that it gave back before."""

    def accept_allowance(self, allowance: Any) -> bool:
        if self._one("SELECT 1 FROM allowance WHERE number = ? AND closed > 0", allowance.number):
            self._db.execute("DELETE FROM allowance_lot WHERE number = ?", (allowance.number,))
            self._db.execute("DELETE FROM allowance WHERE number = ?", (allowance.number,))
        return super().accept_allowance(allowance)


class Amnesic(Transaction):
    """A till takes a receipt that it has for a new one."""

    def _receipt(self, receipt_id: str) -> ReceiptRow:
        return self._receipts.setdefault(receipt_id, ReceiptRow())


class NoFloor(Transaction):
    """A till takes in what it declared not to hold."""

    def accept_allowance(self, allowance: Any) -> bool:
        floor = self.mark("floor")
        self.set_mark("floor", 0)
        try:
            return super().accept_allowance(allowance)
        finally:
            self.set_mark("floor", floor)


class AnyEpoch(Transaction):
    """A till takes in what was given to an earlier incarnation."""

    def accept_allowance(self, allowance: Any) -> bool:
        ours = msgspec.structs.replace(allowance, incarnation=self.incarnation)
        return super().accept_allowance(ours)


class Unchecked(Transaction):
    """A till redeems what is wished, whatever its allowance holds."""

    def take(self, member: str, wallet: str, points: int, day: Any, **more: Any) -> list[Slice]:
        chosen = super().take(member, wallet, points, day, **more)
        row = self._one(
            "SELECT number, lot FROM allowance JOIN allowance_lot USING (number)"
            " WHERE member = ? AND wallet = ? ORDER BY number DESC",
            member,
            wallet,
        )
        return [Slice(row[0], row[1], points)] if row is not None and points > 0 else chosen

    def _derive(self, entry: Entry) -> None:
        try:
            super()._derive(entry)
        except Refused:
            self.failed = None


class GivesBack(Transaction):
    """A cancelled redemption goes back into the till's allowance, open or not, while head office frees it."""

    def append(self, draft: Draft) -> Entry:
        entry = super().append(draft)
        if entry.kind == "REVERSE" and entry.data.get("undoes") == "REDEEM":
            of = int(entry.data["of"][1])
            original = next(one for one in self.entries_of(entry.receipt) if one.seq == of)
            for lot, amount in entry.lots:
                self._db.execute(
                    "UPDATE allowance_lot SET spent = spent - ? WHERE number = ? AND lot = ?",
                    (amount, original.allowance, lot),
                )
            self._db.execute("UPDATE allowance SET closed = 0 WHERE number = ?", (original.allowance,))
        return entry


class Forgetful(Session):
    """A till holds a page of news for taken in before it is."""

    async def _take_in(self, delta: Any) -> None:
        await self._write(lambda tx: tx.set_mark("cursor", delta.to_cursor))
        if not delta.programmes and self._now_ms() % 3 == 0:
            return
        await super()._take_in(delta)


class Believing(Session):
    """A till holds what it sends for acknowledged, and does not send it again."""

    async def _greet(self, incarnation: str, head_seq: int) -> int:
        waits = await super()._greet(incarnation, head_seq)
        sent = self._ledger.read.mark("sent")
        if incarnation == self._ledger.incarnation and not waits:
            self._received[incarnation] = max(self._received[incarnation], sent)
        return waits

    async def _push(self, incarnation: str, head_seq: int) -> int:
        head = self._ledger.read.head()[0]
        await self._write(lambda tx: tx.set_mark("sent", head))
        return await super()._push(incarnation, head_seq)


def syncing(session: type[Session]) -> type[SyncLoop]:
    class Loop(SyncLoop):
        def __init__(self, *arguments: Any, **named: Any) -> None:
            super().__init__(*arguments, **named)
            told = {key: named[key] for key in ("clock", "publisher_key", "program_version", "on_programme")}
            self._session = session(*arguments, **told)

    return Loop
