"""Cancel a receipt: before commit a hold is given back, afterwards every effect is undone by its opposite."""

import asyncio
from typing import Any

import msgspec

from agent.errors import Refused
from agent.journal.entry import Entry
from agent.ledger.ledger import Ledger
from agent.ledger.transaction import Transaction
from agent.till.entries import reversal
from agent.till.shapes import VoidBody

UNDONE = frozenset({"RECEIPT", "EARN", "REDEEM", "COUNT", "COUPON", "GIVE"})


async def void(ledger: Ledger, receipt_id: str, body: VoidBody) -> dict[str, Any]:
    """Cancel a receipt; cancelling it again gets the same answer.

    Raises:
        Refused: goods of it have come back already.
    """
    stored = ledger.read.receipt(receipt_id)
    if stored is not None and stored.state == "voided":
        return stored.answer
    if stored is not None and stored.state in {"partly_returned", "returned"}:
        raise Refused("wrong_state", f"goods of receipt {receipt_id} came back already: it cannot be voided")
    is_paid = stored is not None and stored.state == "committed"
    entries = ledger.read.entries_of(receipt_id) if is_paid else []

    def change(tx: Transaction) -> dict[str, Any]:
        if is_paid:
            _undo(tx, entries, body)
        else:
            tx.release_hold(receipt_id)
        seq, head = tx.head()
        answer = {"receipt_id": receipt_id, "state": "voided", "seq": seq, "head_hash": head.hex()}
        if is_paid and stored is not None:
            tx.put_receipt(
                receipt_id,
                state="voided",
                content_hash=stored.content_hash,
                answer=answer,
                member=stored.member,
            )
        return answer

    return await asyncio.wrap_future(ledger.write(change))


def _undo(tx: Transaction, entries: list[Entry], body: VoidBody) -> None:
    for entry in entries:
        if entry.kind in UNDONE:
            part = "" if entry.kind == "RECEIPT" else f"{entry.kind}/{entry.part}"
            draft = reversal(entry, part)
            tx.append(msgspec.structs.replace(draft, actor=body.cashier or entry.actor))
