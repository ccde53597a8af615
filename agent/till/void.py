"""Cancel a receipt: before commit a hold is given back, afterwards every effect is undone by its opposite.

Either way it is written down: the recovery call says `voided`, and a repeat is a read.
"""

import asyncio
from typing import Any

import msgspec

from agent.errors import Refused
from agent.journal.entry import Draft, Entry
from agent.journal.reversing import EFFECTS, reversal
from agent.ledger.ledger import Ledger
from agent.ledger.records import StoredReceipt
from agent.ledger.transaction import Transaction
from agent.till.shapes import VoidBody

UNDONE = frozenset({"RECEIPT", *EFFECTS})


async def void(ledger: Ledger, receipt_id: str, body: VoidBody) -> dict[str, Any]:
    """Cancel a receipt; cancelling it again gets the same answer.

    Raises:
        Refused: goods of it have come back already, or it took goods of other receipts back.
    """
    archived = ledger.read.receipt(receipt_id)
    archived_entries = ledger.read.entries_of(receipt_id) if archived is not None else []

    def change(tx: Transaction) -> dict[str, Any]:
        # What another call did since then counts; a journal of before a restore only the reader knows.
        stored = tx.receipt(receipt_id) or archived
        if stored is None:
            return _before_commit(tx, receipt_id, body)
        if stored.state == "voided":
            return dict(stored.answer["void"])
        if stored.state in {"partly_returned", "returned"}:
            raise Refused("wrong_state", f"goods of receipt {receipt_id} came back: it cannot be voided")
        if stored.answer.get("returns"):
            # Those returns stand under other receipts, and goods may have been sold again since.
            raise Refused(
                "wrong_state", f"receipt {receipt_id} took other goods back: return its lines instead"
            )
        _undo(tx, archived_entries or tx.entries_of(receipt_id), stored, body)
        answer = _answer(tx, receipt_id)
        _mark(tx, stored, answer)
        return answer

    return await asyncio.wrap_future(ledger.write(change))


def _before_commit(tx: Transaction, receipt_id: str, body: VoidBody) -> dict[str, Any]:
    """Give the hold back and note it; a receipt without content is one that was never paid."""
    tx.release_hold(receipt_id)
    data = {"reason": body.reason}
    tx.append(Draft("NOTE", receipt=receipt_id, part="voided_unpaid", actor=body.cashier, data=data))
    answer = _answer(tx, receipt_id)
    kept = {"receipt_id": receipt_id, "state": "voided", "void": answer}
    tx.put_receipt(receipt_id, state="voided", content_hash=b"", answer=kept, member="")
    return answer


def _undo(tx: Transaction, entries: list[Entry], stored: StoredReceipt, body: VoidBody) -> None:
    if stored.state == "parked":
        # Nothing of it was booked; head office, which settles it, must know.
        data = {"reason": body.reason}
        tx.append(Draft("NOTE", receipt=stored.receipt_id, part="voided", actor=body.cashier, data=data))
        return
    for entry in entries:
        if entry.kind in UNDONE:
            part = "" if entry.kind == "RECEIPT" else f"{entry.kind}/{entry.part}"
            draft = reversal(entry, part)
            tx.append(msgspec.structs.replace(draft, actor=body.cashier or entry.actor))


def _answer(tx: Transaction, receipt_id: str) -> dict[str, Any]:
    seq, head = tx.head()
    return {"receipt_id": receipt_id, "state": "voided", "seq": seq, "head_hash": head.hex()}


def _mark(tx: Transaction, stored: StoredReceipt, answer: dict[str, Any]) -> None:
    """Keep what the commit answered: a repeat of it, and the recovery call, still show it."""
    tx.put_receipt(
        stored.receipt_id,
        state="voided",
        content_hash=stored.content_hash,
        answer={**stored.answer, "state": "voided", "void": answer},
        member=stored.member,
    )
