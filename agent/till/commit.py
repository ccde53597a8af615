"""Paid: one durable transaction, and never a refusal for what a paid receipt holds.

Step 6 of the walk.  What was agreed is written as agreed; without a matching quote the receipt earns, and
gets no discount of ours; what cannot be read at all is parked.  All of it is settled at head office.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, TypeVar

import msgspec
import structlog

from agent.errors import Conflict, DocumentError, LedgerError, Mistake, Refused
from agent.journal.entry import Draft
from agent.ledger.ledger import Ledger
from agent.ledger.records import StoredReceipt
from agent.ledger.transaction import Transaction
from agent.loyalty.basket import Tender, as_plain
from agent.till.brought_back import BroughtBack, book_brought_back, brought_back, claw_back
from agent.till.entries import effect_drafts, receipt_draft
from agent.till.hold import wanted_of
from agent.till.numbers import TypedNumbers
from agent.till.quote import Agreed, Quoter
from agent.till.receipt_text import receipt_text
from agent.till.shapes import CommitBody

T = TypeVar("T")
_canonical = msgspec.json.Encoder(order="sorted").encode
_lenient = msgspec.json.Decoder(CommitBody)
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Committed:
    """The answer to a commit; `repeated` says that it was one before."""

    answer: dict[str, Any]
    repeated: bool
    cashier: str = ""


@dataclass(frozen=True, slots=True)
class Paid:
    """A paid receipt on its way into the ledger: what came, and what it takes to answer."""

    receipt_id: str
    plain: dict[str, Any]
    digest: bytes
    offline: bool
    language: str
    prompts: Sequence[Draft] = ()
    training: bool = False


def content_hash(plain: Any) -> bytes:
    """Hash a body as canonical JSON: key order and white space are no difference."""
    return blake2b(_canonical(plain), digest_size=16).digest()


async def commit(
    ledger: Ledger,
    quoter: Quoter,
    numbers: TypedNumbers,
    receipt_id: str,
    body: bytes,
    *,
    offline: bool,
    language: str,
    prompts: Sequence[Draft] = (),
    training: bool = False,
) -> Committed:
    """Book a paid receipt; the same body again gets the first answer.  `prompts` are written with it.

    Raises:
        DocumentError: the body is no JSON object (the only content that is refused).
        Conflict: this receipt was committed with other content; both are kept.
        LedgerReadOnly: nothing can be written now; the POS keeps the receipt and repeats the call.
    """
    try:
        plain = msgspec.json.decode(body, type=dict[str, Any])
        digest = content_hash(plain)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as failure:
        wrong = Mistake("", "not_json", {}, "send one JSON object")
        raise DocumentError("commit", [wrong]) from failure
    paid = Paid(receipt_id, plain, digest, offline, language, prompts, training)
    # A repeat is a read.
    stored = _if_paid(ledger.read.receipt(receipt_id)) or await _booked_or_parked(
        ledger, quoter, numbers, paid, body
    )
    if isinstance(stored, dict):
        quoter.forget(receipt_id)
        return Committed(stored, repeated=False, cashier=_cashier(plain))
    if stored.content_hash == digest:
        return Committed(stored.answer, repeated=True)
    await _keep_conflict(ledger, numbers, paid)
    raise Conflict("receipt_conflict", f"receipt {receipt_id} was committed with other content")


async def _booked_or_parked(
    ledger: Ledger, quoter: Quoter, numbers: TypedNumbers, paid: Paid, body: bytes
) -> dict[str, Any] | StoredReceipt:
    """Write a new receipt and return its answer; or return the one that was written while we thought."""

    def park(why: str) -> Callable[[Transaction], dict[str, Any] | StoredReceipt]:
        return _unless_paid(paid.receipt_id, lambda tx, before: _park(tx, paid, numbers, why, before))

    try:
        parsed = _parsed(paid.receipt_id, body)
        agreed, differences = _agreed(quoter, numbers, parsed)
        tenders = msgspec.convert(
            numbers.without_payment_cards(msgspec.to_builtins(parsed.tenders)), list[Tender]
        )
        parsed = msgspec.structs.replace(parsed, tenders=tenders)
        back = brought_back(ledger, agreed.basket, quoter.programme())
        return await _write(
            ledger,
            _unless_paid(
                paid.receipt_id,
                lambda tx, before: _book(tx, agreed, parsed, paid, [*differences, *before], back=back),
            ),
        )
    except (msgspec.ValidationError, RecursionError, Refused) as failure:
        return await _write(ledger, park(str(failure)))
    except LedgerError:
        raise
    except Exception as failure:
        # The money was taken: a fault of ours must not keep the receipt out of the ledger.
        log.exception("receipt parked", receipt=paid.receipt_id)
        return await _write(ledger, park(f"{type(failure).__name__} while booking"))


def _cashier(plain: dict[str, Any]) -> str:
    basket = plain.get("basket")
    return str(basket.get("cashier", "")) if isinstance(basket, dict) else ""


def _if_paid(stored: StoredReceipt | None) -> StoredReceipt | None:
    """Return a receipt that was committed; one that was only cancelled before stands in nobody's way."""
    return stored if stored is not None and stored.is_paid else None


def _unless_paid(
    receipt_id: str, write: Callable[[Transaction, list[str]], dict[str, Any]]
) -> Callable[[Transaction], dict[str, Any] | StoredReceipt]:
    """Make the change that writes a receipt unless it was committed; `write` hears of an earlier void.

    Such a receipt counts all the same: the money was taken.
    """

    def change(tx: Transaction) -> dict[str, Any] | StoredReceipt:
        known = tx.receipt(receipt_id)
        if known is not None and known.is_paid:
            return known
        return write(tx, ["voided_before"] if known is not None else [])

    return change


def _parsed(receipt_id: str, body: bytes) -> CommitBody:
    parsed = _lenient.decode(body)
    if parsed.basket.receipt_id != receipt_id:
        raise Refused("receipt_id_mismatch", f"the basket names receipt {parsed.basket.receipt_id}")
    return parsed


def _agreed(quoter: Quoter, numbers: TypedNumbers, parsed: CommitBody) -> tuple[Agreed, list[str]]:
    """Return what was agreed; a receipt without a matching quote earns, and gets no discount of ours."""
    basket, was_removed = numbers.sealed_when_paid(parsed.basket, parsed.identification)
    removed = ["payment_card_removed"] if was_removed else []
    if parsed.etag and (known := quoter.matching(basket.receipt_id, parsed.etag, basket)):
        return known, removed + _tender_differences(quoter, known, parsed)
    return quoter.unquoted(basket), [*removed, *(["etag_mismatch"] if parsed.etag else []), "no_quote"]


def _tender_differences(quoter: Quoter, agreed: Agreed, parsed: CommitBody) -> list[str]:
    """Name other tenders than planned, and apart from that a rule that was promised for the planned ones."""
    planned = sorted((one.kind, one.product) for one in agreed.basket.planned_tenders)
    paid = sorted((one.kind, one.product) for one in parsed.tenders)
    if not planned or planned == paid:
        return []
    is_given_wrongly = quoter.rests_on_tenders(agreed, parsed.tenders)
    return ["tender_differs", *(["tender_rule"] if is_given_wrongly else [])]


def _book(
    tx: Transaction,
    agreed: Agreed,
    parsed: CommitBody,
    paid: Paid,
    differences: list[str],
    *,
    back: BroughtBack,
) -> dict[str, Any]:
    """Write the entry group of a receipt: RECEIPT first, then its effects, then what is given back."""
    receipt_id, wanted = paid.receipt_id, wanted_of(agreed)
    came = book_brought_back(tx, back, agreed)
    differences = [*differences, *came.differences]
    taken = tx.take_held(receipt_id, agreed.member, wanted, day=agreed.day, beyond=agreed.beyond)
    for wallet, points in wanted.items():
        got = sum(one.amount for one in taken.get(wallet, []))
        if got < points:
            # The customer was told so; the shop bears it until head office decides.
            differences = [*differences, f"redeem_short/{wallet}/{points - got}"]
    tx.append(
        receipt_draft(
            agreed,
            parsed.tenders,
            fiscal=parsed.fiscal,
            differences=differences,
            offline=paid.offline,
            taken_out=came.taken_out.earned,
        )
    )
    for draft in (*effect_drafts(agreed, taken), *_unsaid(tx, paid.prompts)):
        tx.append(draft)
    claw_back(tx, agreed, came.taken_out, back.current)
    if agreed.member:
        tx.close_allowances(agreed.member, receipt_id)
    answer = {
        "receipt_id": receipt_id,
        "state": "committed",
        "due_minor": agreed.quote.due_minor,
        "wallets": as_plain(agreed.told.wallets),
        "differences": differences,
        **_position(tx),
        "receipt_text": receipt_text(
            agreed.told, agreed.basket.currency, paid.language, training=paid.training
        ),
        **came.told,
    }
    tx.put_receipt(
        receipt_id, state="committed", content_hash=paid.digest, answer=answer, member=agreed.member
    )
    return answer


def _unsaid(tx: Transaction, prompts: Sequence[Draft]) -> list[Draft]:
    return [one for one in prompts if not tx.has_entry(one.receipt, one.kind, one.part)]


def _park(tx: Transaction, paid: Paid, numbers: TypedNumbers, why: str, before: list[str]) -> dict[str, Any]:
    """Keep what cannot be booked, without identifiers, for head office to settle."""
    tx.release_hold(paid.receipt_id)
    data: dict[str, Any] = {"why": why, "body": _storable(paid.plain, numbers)}
    if before:
        data["differences"] = before
    tx.append(Draft(kind="NOTE", receipt=paid.receipt_id, part="parked", data=data))
    answer = {
        "receipt_id": paid.receipt_id,
        "state": "parked",
        "why": why,
        "differences": ["parked", *before],
        **_position(tx),
        "receipt_text": [],
    }
    tx.put_receipt(paid.receipt_id, state="parked", content_hash=paid.digest, answer=answer, member="")
    return answer


async def _keep_conflict(ledger: Ledger, numbers: TypedNumbers, paid: Paid) -> None:
    part = f"conflict/{paid.digest.hex()}"
    draft = Draft(
        kind="NOTE", receipt=paid.receipt_id, part=part, data={"body": _storable(paid.plain, numbers)}
    )

    def keep(tx: Transaction) -> None:
        if not tx.has_entry(paid.receipt_id, "NOTE", part):
            tx.append(draft)

    await _write(ledger, keep)


def _storable(plain: dict[str, Any], numbers: TypedNumbers) -> str:
    """Return a body as text without what identifies a customer: that never enters the journal."""
    kept = {key: value for key, value in plain.items() if key != "identification"}
    if isinstance(kept.get("basket"), dict):
        kept["basket"] = {key: value for key, value in kept["basket"].items() if key != "instruments"}
    return _canonical(numbers.without_payment_cards(kept)).decode()


def _position(tx: Transaction) -> dict[str, Any]:
    """Say where the journal ends: a POS that keeps it notices a restored disk."""
    seq, head = tx.head()
    return {"seq": seq, "head_hash": head.hex()}


async def _write(ledger: Ledger, change: Callable[[Transaction], T]) -> T:
    return await asyncio.wrap_future(ledger.write(change))
