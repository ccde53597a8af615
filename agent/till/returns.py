"""Goods come back: earned points go out, spent points return into their own lots, money is refunded.

The answer rests on the RECEIPT entry of the sale and on earlier returns of it, nothing else.  A sale
that this till does not know is noted, and head office settles its points.
"""

import asyncio
from fractions import Fraction
from typing import Any

import msgspec

from agent.errors import Conflict, Refused
from agent.journal.entry import Draft, Entry
from agent.ledger.ledger import Ledger
from agent.ledger.transaction import Transaction
from agent.loyalty.basket import Basket, Line
from agent.loyalty.inverse import Inverse, add_line
from agent.loyalty.quote import Quote
from agent.till.shapes import ReturnBody, ReturnLine


async def take_back(ledger: Ledger, receipt_id: str, return_id: str, body: ReturnBody) -> dict[str, Any]:
    """Book a return; the same return again gets the same answer.

    Raises:
        Conflict: this return id came with other lines.
        Refused: more comes back than was sold, or the receipt was voided.
    """
    stored = ledger.read.receipt(receipt_id)
    if stored is not None and stored.state == "voided":
        raise Refused("wrong_state", f"receipt {receipt_id} was voided: nothing of it can come back")
    entries = ledger.read.entries_of(receipt_id)
    asked = msgspec.to_builtins(body)
    for entry in entries:
        if entry.kind == "RETURN" and entry.part == return_id:
            if entry.data["asked"] == asked:
                return dict(entry.data["answer"])
            raise Conflict("receipt_conflict", f"return {return_id} came with other lines")
    sale = next((entry for entry in entries if entry.kind == "RECEIPT"), None)

    def change(tx: Transaction) -> dict[str, Any]:
        if sale is None or not sale.data.get("quote"):
            return _note(tx, receipt_id, return_id, asked)
        return _book(tx, sale, entries, return_id=return_id, body=body)

    return await asyncio.wrap_future(ledger.write(change))


def _note(tx: Transaction, receipt_id: str, return_id: str, asked: dict[str, Any]) -> dict[str, Any]:
    answer = {"receipt_id": receipt_id, "return_id": return_id, "state": "noted", "provisional": True}
    data = {"asked": asked, "answer": answer}
    tx.append(Draft("RETURN", receipt=receipt_id, part=return_id, at=asked["returned_at"], data=data))
    return answer


def _book(
    tx: Transaction, sale: Entry, entries: list[Entry], *, return_id: str, body: ReturnBody
) -> dict[str, Any]:
    basket, quote = (
        msgspec.convert(sale.data["basket"], Basket),
        msgspec.convert(sale.data["quote"], Quote),
    )
    before = _returned(entries)
    inverse, minors = _inverse(basket, quote, before, body)
    is_all = all(
        before.get(line.line, 0) + minors.get(line.line, 0) >= line.amount_minor for line in basket.lines
    )
    answer: dict[str, Any] = {
        "receipt_id": sale.receipt,
        "return_id": return_id,
        "state": "returned" if is_all else "partly_returned",
        "refund_minor": inverse.refund_minor,
        "earned_back": inverse.earned,
        "spent_back": inverse.spent,
        "provisional": False,
    }
    data = {
        "asked": msgspec.to_builtins(body),
        "answer": answer,
        "lines": [[line, minor] for line, minor in sorted(minors.items())],
    }
    at, actor = body.returned_at.isoformat(), body.cashier or sale.actor
    draft = Draft("RETURN", sale.receipt, return_id, sale.account, at=at, actor=actor, data=data)
    tx.append(draft)
    for one in _reversals(entries, inverse, return_id):
        tx.append(msgspec.structs.replace(one, at=at, actor=actor))
    _move_state(tx, sale, str(answer["state"]))
    seq, head = tx.head()
    return {**answer, "seq": seq, "head_hash": head.hex()}


def _move_state(tx: Transaction, sale: Entry, state: str) -> None:
    stored = tx.receipt(sale.receipt)
    if stored is not None:
        tx.put_receipt(
            sale.receipt,
            state=state,
            content_hash=stored.content_hash,
            answer={**stored.answer, "state": state},
            member=stored.member,
        )


def _returned(entries: list[Entry]) -> dict[int, int]:
    """Return how many minor units of each line came back before."""
    before: dict[int, int] = {}
    for entry in entries:
        if entry.kind == "RETURN":
            for line, minor in entry.data.get("lines", []):
                before[line] = before.get(line, 0) + minor
    return before


def _inverse(
    basket: Basket, quote: Quote, before: dict[int, int], body: ReturnBody
) -> tuple[Inverse, dict[int, int]]:
    lines = {line.line: line for line in basket.lines}
    quoted = {line.line: line for line in quote.lines}
    inverse, minors = Inverse(), dict[int, int]()
    for asked in body.lines:
        line = lines.get(asked.line)
        if line is None or asked.line in minors:
            raise Refused("return_too_large", f"line {asked.line} is not on the receipt, or is named twice")
        left = line.amount_minor - before.get(line.line, 0)
        now = _asked_minor(asked, line, left)
        if not 0 < now <= left:
            raise Refused(
                "return_too_large", f"of line {line.line} only {left} minor units are left", left=left
            )
        minors[line.line] = now
        if line.line in quoted:
            done = before.get(line.line, 0)
            add_line(inverse, quoted[line.line], gross_minor=line.amount_minor, before=done, now=now)
        else:
            inverse.refund_minor += now
    return inverse, minors


def _asked_minor(asked: ReturnLine, line: Line, left: int) -> int:
    if asked.amount_minor is not None:
        return asked.amount_minor
    if asked.quantity is None:
        return left
    part = Fraction(asked.quantity) / Fraction(line.quantity) if Fraction(line.quantity) else Fraction(1)
    return int(line.amount_minor * part)


def _reversals(entries: list[Entry], inverse: Inverse, return_id: str) -> list[Draft]:
    """Undo points lot by lot: what is left of each entry, in the order in which they were written."""
    drafts: list[Draft] = []
    for kind, totals in (("EARN", inverse.earned), ("REDEEM", inverse.spent)):
        for wallet, points in totals.items():
            missing = points
            for entry in entries:
                if entry.kind == kind and entry.unit == wallet and missing:
                    lots = _part_of_lots(entry, entries, missing)
                    missing -= sum(abs(amount) for _, amount in lots)
                    if lots:
                        drafts.append(_reverse(entry, lots, return_id))
    return drafts


def _part_of_lots(entry: Entry, entries: list[Entry], points: int) -> list[tuple[str, int]]:
    undone: dict[str, int] = {}
    for other in entries:
        if other.kind == "REVERSE" and other.data.get("of") == [entry.incarnation, entry.seq]:
            for lot, amount in other.lots:
                undone[lot] = undone.get(lot, 0) + abs(amount)
    sign = -1 if entry.amount > 0 else 1
    parts = []
    for lot, amount in entry.lots:
        part = min(points, abs(amount) - undone.get(lot, 0))
        if part > 0:
            parts.append((lot, sign * part))
            points -= part
    return parts


def _reverse(entry: Entry, lots: list[tuple[str, int]], return_id: str) -> Draft:
    return Draft(
        "REVERSE",
        receipt=entry.receipt,
        part=f"{return_id}/{entry.kind}/{entry.part}",
        account=entry.account,
        unit=entry.unit,
        amount=sum(amount for _, amount in lots),
        lots=lots,
        data={"undoes": entry.kind, "of": [entry.incarnation, entry.seq]},
    )
