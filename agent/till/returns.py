"""Goods come back: earned points go out, spent points return into their own lots, money is refunded.

The answer rests on the RECEIPT entry of the sale and on earlier returns of it, nothing else.  A sale
that this till does not know is noted, and head office undoes its points once it has both.
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, tzinfo
from typing import Any, NamedTuple

import msgspec

from agent.errors import Conflict, Refused
from agent.journal.entry import Draft, Entry
from agent.journal.reversing import Undone, extended, undone_by
from agent.ledger.ledger import Ledger
from agent.ledger.records import StoredReceipt
from agent.ledger.transaction import Transaction
from agent.loyalty.afterwards.return_policy import Sale, effects_by_policy, with_debt
from agent.loyalty.basket import Basket
from agent.loyalty.compile import Compiled
from agent.loyalty.language.words import setting
from agent.loyalty.member import MemberFacts
from agent.loyalty.quote import Quote
from agent.loyalty.returns import ReturnEffects, asked_minor, effects_of, with_claim
from agent.loyalty.unquoted import earning_only
from agent.till.shapes import ReturnBody
from agent.till.versions import compiled_of

Judge = Callable[[Mapping[int, int], Mapping[int, int]], ReturnEffects]


class Policy(NamedTuple):
    """The sale's programme on returns: what one does, and until when points come back into an ended lot.

    `judge` is given the minor units of each line that came back before and come back now.
    """

    judge: Judge
    expired_lots: str = "keep"
    zone: tzinfo = UTC


async def take_back(
    ledger: Ledger, receipt_id: str, return_id: str, body: ReturnBody, *, current: Compiled | None = None
) -> dict[str, Any]:
    """Book a return; the same return again gets the same answer.

    The programme of the sale decides by its own policies; `current` is the one in force.

    Raises:
        Conflict: this return id came with other lines.
        Refused: more comes back than was sold, or the receipt was voided.
    """
    kept = kept_of(ledger, receipt_id)
    # Asked inside the transaction: two returns of one line must not both find it unreturned.
    return await asyncio.wrap_future(
        ledger.write(lambda tx: book_return(tx, kept, return_id, body, current=current))
    )


class Kept(NamedTuple):
    """What the reader knows of a sale besides the journal in use: it may have been made before a restore."""

    receipt_id: str
    entries: list[Entry]
    stored: StoredReceipt | None


def kept_of(ledger: Ledger, receipt_id: str) -> Kept:
    """Return what archived journals hold of a sale."""
    entries = [one for one in ledger.read.entries_of(receipt_id) if one.incarnation != ledger.incarnation]
    return Kept(receipt_id, entries, ledger.read.receipt(receipt_id))


def book_return(
    tx: Transaction, kept: Kept, return_id: str, body: ReturnBody, *, current: Compiled | None
) -> dict[str, Any]:
    """Book a return inside a transaction, as `take_back` does; nothing is written if it raises.

    Raises:
        Conflict, Refused: see `take_back`.
    """
    receipt_id = kept.receipt_id
    entries = kept.entries + tx.entries_of(receipt_id)
    known = next((one for one in entries if (one.kind, one.part) == ("RETURN", return_id)), None)
    asked = msgspec.to_builtins(body)
    if known is not None:
        if known.data["asked"] == asked:
            return dict(known.data["answer"])
        raise Conflict("receipt_conflict", f"return {return_id} came with other lines")
    known_here = tx.receipt(receipt_id) or kept.stored
    if known_here is not None and known_here.state == "voided":
        raise Refused("wrong_state", f"receipt {receipt_id} was voided: nothing of it can come back")
    sale = next((one for one in entries if one.kind == "RECEIPT"), None)
    if sale is None:
        return _note(tx, receipt_id, return_id, asked)
    claim = next((one for one in entries if one.kind == "CLAIM"), None)
    policy = _policy(tx, sale, current)
    if claim is not None:
        policy = _claimed(policy, _policy(tx, claim, current))
    answer = _book(tx, claim or sale, entries, policy, return_id=return_id, body=body)
    _move_state(tx, known_here, str(answer["state"]))
    return answer


def _note(tx: Transaction, receipt_id: str, return_id: str, asked: dict[str, Any]) -> dict[str, Any]:
    """Note a return of a sale that another till made: its points are settled at head office."""
    answer = {"receipt_id": receipt_id, "return_id": return_id, "state": "noted", "provisional": True}
    data = {"asked": asked, "answer": answer}
    tx.append(Draft("RETURN", receipt=receipt_id, part=return_id, at=asked["returned_at"], data=data))
    return answer


def _policy(tx: Transaction, sale: Entry, current: Compiled | None) -> Policy:
    """Return the policies of the sale's programme; in proportion if that version is not here any more."""
    basket = msgspec.convert(sale.data["basket"], Basket)
    quote = msgspec.convert(sale.data["quote"], Quote)
    compiled = compiled_of(current, tx, quote.programme)
    if compiled is None:
        return Policy(lambda before, now: effects_of(basket, quote, before, now))
    facts = msgspec.convert(sale.data.get("facts"), MemberFacts | None)
    at = datetime.fromisoformat(sale.data["at"])
    sold = Sale(basket, quote, facts, at, int(sale.data.get("draw", 0)))
    rules = earning_only(compiled) if sale.data.get("unquoted") else compiled

    def judge(before: Mapping[int, int], now: Mapping[int, int]) -> ReturnEffects:
        effects = effects_by_policy(rules, sold, before, now)
        balances = {wallet: tx.balance(sale.account, wallet) for wallet in effects.earned}
        return with_debt(effects, compiled.programme, balances)

    settings = compiled.programme.text.settings
    return Policy(judge, setting(settings, "returned_expired_lot"), compiled.zone)


def _claimed(of_sale: Policy, of_claim: Policy) -> Policy:
    """Return the policies of a sale that became a member's afterwards."""
    return of_sale._replace(
        judge=lambda before, now: with_claim(of_sale.judge(before, now), of_claim.judge(before, now))
    )


def _book(
    tx: Transaction, sale: Entry, entries: list[Entry], policy: Policy, *, return_id: str, body: ReturnBody
) -> dict[str, Any]:
    basket = msgspec.convert(sale.data["basket"], Basket)
    quote = msgspec.convert(sale.data["quote"], Quote)
    before = _returned(entries)
    minors = _asked_minors(basket, before, entries, body)
    effects = policy.judge(before, minors)
    is_all = all(
        before.get(line.line, 0) + minors.get(line.line, 0) >= line.amount_minor for line in basket.lines
    )
    answer: dict[str, Any] = {
        "receipt_id": sale.receipt,
        "return_id": return_id,
        "state": "returned" if is_all else "partly_returned",
        "refund_minor": effects.refund_minor,
        "earned_back": effects.earned,
        "spent_back": effects.spent,
        "provisional": False,
    }
    if effects.deducted_minor:
        answer["deducted_minor"] = effects.deducted_minor
    data = {
        "asked": msgspec.to_builtins(body),
        "answer": answer,
        "lines": [[line, minor] for line, minor in sorted(minors.items())],
    }
    day = body.returned_at.astimezone(policy.zone).date()
    drafts = [
        Draft("RETURN", receipt=sale.receipt, part=return_id, account=sale.account, data=data),
        *(_draft(tx, one, policy, day) for one in undone_by(entries, quote, effects, return_id)),
    ]
    for one in drafts:
        actor = body.cashier or sale.actor
        tx.append(msgspec.structs.replace(one, at=body.returned_at.isoformat(), actor=actor))
    return answer


def _draft(tx: Transaction, one: Undone, policy: Policy, day: date) -> Draft:
    if one.original.kind != "REDEEM":
        return one.draft
    ends = tx.lot_ends(one.original.account, (lot for lot, _ in one.draft.lots))
    return extended(one.draft, policy.expired_lots, ends, day)


def _move_state(tx: Transaction, stored: StoredReceipt | None, state: str) -> None:
    if stored is not None:
        tx.put_receipt(
            stored.receipt_id,
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


def _asked_minors(
    basket: Basket, before: dict[int, int], entries: list[Entry], body: ReturnBody
) -> dict[int, int]:
    """Return the rung-up minor units of each line that come back now."""
    lines = {line.line: line for line in basket.lines}
    minors: dict[int, int] = {}
    for asked in body.lines:
        line = lines.get(asked.line)
        if line is None or asked.line in minors:
            raise Refused("return_too_large", f"line {asked.line} is not on the receipt, or is named twice")
        if line.amount_minor <= 0:
            minors[line.line] = 0  # a free article or a deposit given back: no money or points of ours
            continue
        left = line.amount_minor - before.get(line.line, 0)
        now = asked_minor(
            line,
            left,
            quantity=asked.quantity,
            amount_minor=asked.amount_minor,
            earlier=_quantities(entries, line.line),
        )
        if not 0 < now <= left:
            raise Refused(
                "return_too_large", f"of line {line.line} only {left} minor units are left", left=left
            )
        minors[line.line] = now
    return minors


def _quantities(entries: list[Entry], line: int) -> list[str]:
    """Return the quantities of a line that came back before."""
    return [
        one["quantity"]
        for entry in entries
        if entry.kind == "RETURN"
        for one in entry.data["asked"]["lines"]
        if one["line"] == line and one.get("quantity")
    ]
