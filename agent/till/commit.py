"""Paid: one durable transaction, and never a refusal for what a paid receipt holds.

Step 6 of the walk.  What was agreed is written as agreed; without a matching quote the receipt is kept
and gives nothing of ours; what cannot be read at all is parked.  All of it is settled at head office.
"""

import asyncio
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import msgspec

from agent.errors import Conflict, DocumentError, Refused
from agent.journal.entry import Draft
from agent.ledger.ledger import Ledger
from agent.ledger.transaction import Transaction
from agent.loyalty.basket import as_plain
from agent.loyalty.quote import ProgrammeRef, Quote
from agent.till.entries import effect_drafts, receipt_draft
from agent.till.quote import Agreed, Quoter
from agent.till.receipt_text import receipt_text
from agent.till.shapes import CommitBody

DONE = ("committed", "partly_returned", "returned", "voided", "parked")
_canonical = msgspec.json.Encoder(order="sorted").encode
_lenient = msgspec.json.Decoder(CommitBody)


@dataclass(frozen=True, slots=True)
class Committed:
    """The answer to a commit; `repeated` says that it was one before."""

    answer: dict[str, Any]
    repeated: bool


def content_hash(plain: Any) -> bytes:
    """Hash a body as canonical JSON: key order and white space are no difference."""
    return blake2b(_canonical(plain), digest_size=16).digest()


async def commit(
    ledger: Ledger,
    quoter: Quoter,
    receipt_id: str,
    body: bytes,
    *,
    offline: bool,
    language: str,
) -> Committed:
    """Book a paid receipt; the same body again gets the first answer.

    Raises:
        DocumentError: the body is no JSON object (the only content that is refused).
        Conflict: this receipt was committed with other content; both are kept.
        LedgerReadOnly: nothing can be written now; the POS keeps the receipt and repeats the call.
    """
    try:
        plain = msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as failure:
        raise DocumentError("commit", []) from failure
    digest = content_hash(plain)
    stored = ledger.read.receipt(receipt_id)
    if stored is not None and stored.state in DONE:
        if stored.content_hash == digest:
            return Committed(stored.answer, repeated=True)
        await _keep_conflict(ledger, receipt_id, plain)
        raise Conflict("receipt_conflict", f"receipt {receipt_id} was committed with other content")
    try:
        parsed = _parsed(receipt_id, body)
        agreed, differences = _agreed(quoter, receipt_id, parsed)
    except (msgspec.ValidationError, RecursionError, Refused) as failure:
        why = str(failure)
        answer = await _write(ledger, lambda tx: _park(tx, receipt_id, plain, digest, why))
    else:

        def booked(tx: Transaction) -> dict[str, Any]:
            return _book(tx, agreed, parsed, digest, differences, offline=offline, language=language)

        answer = await _write(ledger, booked)
    quoter.forget(receipt_id)
    return Committed(answer, repeated=False)


def _parsed(receipt_id: str, body: bytes) -> CommitBody:
    parsed = _lenient.decode(body)
    if parsed.basket.receipt_id != receipt_id:
        raise Refused("receipt_id_mismatch", f"the basket names receipt {parsed.basket.receipt_id}")
    return parsed


def _agreed(quoter: Quoter, receipt_id: str, parsed: CommitBody) -> tuple[Agreed, list[str]]:
    """Return what was agreed; a receipt without a matching quote gives nothing of ours."""
    if parsed.etag and (known := quoter.matching(receipt_id, parsed.etag, parsed.basket)):
        return known, _tender_differences(known, parsed)
    plain = quoter.evaluate(parsed.basket, use_expired_tokens=True)
    nothing = Quote(
        receipt_id, ProgrammeRef("", 0, ""), sum(line.amount_minor for line in plain.basket.lines)
    )
    agreed = Agreed(plain.basket, plain.facts, plain.identification, nothing, plain.at, plain.time_zone)
    return agreed, ["etag_mismatch"] if parsed.etag else []


def _tender_differences(agreed: Agreed, parsed: CommitBody) -> list[str]:
    planned = sorted((one.kind, one.product) for one in agreed.basket.planned_tenders)
    paid = sorted((one.kind, one.product) for one in parsed.tenders)
    return ["tender_differs"] if planned and planned != paid else []


def _book(
    tx: Transaction,
    agreed: Agreed,
    parsed: CommitBody,
    digest: bytes,
    differences: list[str],
    *,
    offline: bool,
    language: str,
) -> dict[str, Any]:
    """Write the entry group of a receipt: RECEIPT first, then its effects, then what is given back."""
    receipt_id = agreed.basket.receipt_id
    wanted = {one.wallet: one.redeem for one in agreed.quote.wallets if one.redeem}
    taken = tx.take_held(receipt_id, agreed.facts.member if agreed.facts else "", wanted)
    for wallet, points in wanted.items():
        got = sum(points for _, _, points in taken.get(wallet, []))
        if got < points:
            # The customer was told so; the shop bears it until head office decides.
            differences = [*differences, f"redeem_short/{wallet}/{points - got}"]
    tx.append(
        receipt_draft(
            agreed, tenders=parsed.tenders, fiscal=parsed.fiscal, differences=differences, offline=offline
        )
    )
    for draft in effect_drafts(agreed, taken, new_voucher_id=receipt_id):
        tx.append(draft)
    if agreed.facts is not None:
        tx.close_allowances(agreed.facts.member, receipt_id)
    seq, head = tx.head()
    answer = {
        "receipt_id": receipt_id,
        "state": "committed",
        "due_minor": agreed.quote.due_minor,
        "wallets": as_plain(agreed.quote.wallets),
        "differences": differences,
        "seq": seq,
        "head_hash": head.hex(),
        "receipt_text": receipt_text(agreed.quote, agreed.basket.currency, language),
    }
    tx.put_receipt(
        receipt_id,
        state="committed",
        content_hash=digest,
        answer=answer,
        member=agreed.facts.member if agreed.facts else "",
    )
    return answer


def _park(tx: Transaction, receipt_id: str, plain: dict[str, Any], digest: bytes, why: str) -> dict[str, Any]:
    """Keep what cannot be booked, without identifiers, for head office to settle."""
    tx.append(
        Draft(kind="NOTE", receipt=receipt_id, part="parked", data={"why": why, "body": _storable(plain)})
    )
    seq, head = tx.head()
    answer = {
        "receipt_id": receipt_id,
        "state": "parked",
        "why": why,
        "seq": seq,
        "head_hash": head.hex(),
        "receipt_text": [],
    }
    tx.put_receipt(receipt_id, state="parked", content_hash=digest, answer=answer, member="")
    return answer


async def _keep_conflict(ledger: Ledger, receipt_id: str, plain: dict[str, Any]) -> None:
    part = f"conflict/{content_hash(plain).hex()}"
    draft = Draft(kind="NOTE", receipt=receipt_id, part=part, data={"body": _storable(plain)})

    def keep(tx: Transaction) -> None:
        if not tx.has_entry(receipt_id, "NOTE", part):
            tx.append(draft)

    await _write(ledger, keep)


def _storable(plain: Any) -> str:
    """Return a parked body as text without its instruments: identifiers never enter the journal."""
    if isinstance(plain, dict) and isinstance(plain.get("basket"), dict):
        plain = {
            **plain,
            "basket": {key: one for key, one in plain["basket"].items() if key != "instruments"},
        }
    return _canonical(plain)[:65_536].decode(errors="replace")


async def _write(ledger: Ledger, change: Any) -> Any:
    return await asyncio.wrap_future(ledger.write(change))
