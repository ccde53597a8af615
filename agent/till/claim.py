"""A late card: an anonymous receipt of this till is given to a member, who earns what it would have earned.

Nothing is taken off and nothing spent afterwards; the receipt is evaluated with the member's facts and
the rules that change no price, by both ends.  The CLAIM entry holds all that this rests on, as a RECEIPT
does.  Only for some minutes, once a receipt and few times a card: claiming strangers' receipts is a known
fraud.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from agent.errors import Refused
from agent.journal.drafting import Deal, changes, draft, earnings
from agent.journal.entry import Draft, Entry
from agent.ledger.ledger import Ledger
from agent.ledger.records import StoredReceipt
from agent.ledger.transaction import Transaction
from agent.loyalty.basket import Basket
from agent.loyalty.evaluate import evaluate
from agent.loyalty.quote import Quote
from agent.loyalty.unquoted import earning_only
from agent.till.guard import Limit
from agent.till.quote import Quoter
from agent.till.quoted import as_of_now, as_told
from agent.till.receipt_text import receipt_text
from agent.till.shapes import ClaimBody
from agent.till.shown import is_bare
from agent.till.tokens import LIFE_MS, Identification
from agent.till.versions import compiled_of

MINUTE_MS = 60_000
CLAIMS, CLAIMS_S = 3, 3600.0
"""So many receipts a member may claim at one till in so many seconds."""


@dataclass(frozen=True, slots=True)
class ClaimSettings:
    """Until when after the commit a receipt may be claimed, how the slip is written, what a phone tells."""

    within_ms: int
    language: str
    phone_balance_most: int


class Claims:
    """Gives anonymous receipts to members; `now_ms` is the wall clock, `monotonic_s` never falls back."""

    def __init__(
        self,
        ledger: Ledger,
        quoter: Quoter,
        settings: ClaimSettings,
        *,
        now_ms: Callable[[], int],
        monotonic_s: Callable[[], float],
    ) -> None:
        self._ledger = ledger
        self._quoter = quoter
        self._settings = settings
        self._now_ms = now_ms
        self._monotonic_s = monotonic_s
        self._limit = Limit(CLAIMS, CLAIMS_S)

    async def claim(self, receipt_id: str, body: ClaimBody) -> dict[str, Any]:
        """Give a receipt to the member of an identification; the same claim again gets the same answer.

        Raises:
            Refused: nobody's card, no such receipt here, too late, or it is somebody's already.
        """
        known = self._identified(body.identification_id)
        stored = self._ledger.read.receipt(receipt_id)
        if stored is None or stored.incarnation != self._ledger.incarnation:
            raise Refused("receipt_unknown", f"receipt {receipt_id} was not made here")
        if (answered := _answered(stored, known.member)) is not None:
            return answered
        sale = next((one for one in self._ledger.read.entries_of(receipt_id) if one.kind == "RECEIPT"), None)
        if sale is None:
            raise Refused("wrong_state", f"receipt {receipt_id} is parked: head office settles it")
        if self._now_ms() - sale.wall_ms > self._settings.within_ms:
            minutes = self._settings.within_ms // MINUTE_MS
            raise Refused(
                "claim_too_late", f"a receipt can be claimed for {minutes} minutes", minutes=minutes
            )
        if self._limit.is_over(known.member, self._monotonic_s()):
            raise Refused("too_many_claims", "this card claimed several receipts here within the hour")
        self._limit.add(known.member, self._monotonic_s())
        drafts, told = self._made(sale, known, body.cashier)

        def change(tx: Transaction) -> dict[str, Any]:
            # Asked again inside: a void, a return or another claim may be just before us.
            now = tx.receipt(receipt_id) or stored
            if (answered := _answered(now, known.member)) is not None:
                return answered
            return _written(tx, now, drafts, told)

        return await asyncio.wrap_future(self._ledger.write(change))

    def _identified(self, token: str) -> Identification:
        known = self._quoter.seal.open(token)
        if known is None or not known.member or known.made_ms < self._now_ms() - LIFE_MS:
            raise Refused("member_unknown", "the identification is nobody's, or older than half an hour")
        return known

    def _made(self, sale: Entry, known: Identification, cashier: str) -> tuple[list[Draft], dict[str, Any]]:
        """Evaluate the sale for the member; return the entries, and what is told."""
        basket = msgspec.convert(sale.data["basket"], Basket)
        named = msgspec.convert(sale.data["quote"], Quote).programme
        compiled = compiled_of(self._quoter.programme(), self._ledger.read, named)
        at, zone = datetime.fromisoformat(sale.data["at"]), str(sale.data["tz"])
        day = at.astimezone(ZoneInfo(zone)).date()
        online = self._quoter.is_online()
        facts = self._quoter.facts_for(known, sale.receipt, day, online=online)
        if compiled is None or facts is None:
            raise Refused("wrong_state", "the programme of that sale, or the member, is not here any more")
        seen = int(sale.data.get("draw", 0))
        quote = as_of_now(evaluate(earning_only(compiled), facts, basket, at, draw=seen), online=online)
        data: dict[str, Any] = {
            **{key: sale.data[key] for key in ("basket", "at", "tz", "draw") if key in sale.data},
            "quote": msgspec.to_builtins(quote),
            "facts": msgspec.to_builtins(facts),
            "identified_by": {"entry_mode": known.entry_mode, "tag": known.tag.hex()},
            "unquoted": True,
        }
        deal = Deal(basket, quote, known.member, at, day)
        first = msgspec.structs.replace(draft(deal, "CLAIM", "", data=data), actor=cashier or sale.actor)
        most = self._settings.phone_balance_most if is_bare(known) else None
        told = {
            "receipt_id": sale.receipt,
            "member_tag": known.masked,
            "wallets": [
                {"wallet": one.wallet, "earn": one.earn, "provisional": one.provisional}
                for one in quote.wallets
            ],
            "receipt_text": receipt_text(as_told(quote, most), basket.currency, self._settings.language),
        }
        return [first, *earnings(deal), *changes(deal)], told


def _answered(stored: StoredReceipt, member: str) -> dict[str, Any] | None:
    """Return what the same claim was told before; None if the receipt is still anybody's.

    Raises:
        Refused: it is another's, or past that.
    """
    if stored.member == member and "claim" in stored.answer:
        return {**stored.answer["claim"], "state": stored.state}
    if stored.member:
        raise Refused("wrong_state", f"receipt {stored.receipt_id} is a member's already")
    if stored.state != "committed":
        raise Refused("wrong_state", f"receipt {stored.receipt_id} is {stored.state}")
    return None


def _written(
    tx: Transaction, stored: StoredReceipt, drafts: list[Draft], told: dict[str, Any]
) -> dict[str, Any]:
    for one in drafts:
        tx.append(one)
    seq, head = tx.head()
    claim = {**told, "seq": seq, "head_hash": head.hex()}
    tx.put_receipt(
        stored.receipt_id,
        state=stored.state,
        content_hash=stored.content_hash,
        answer={**stored.answer, "claim": claim},
        member=drafts[0].account,
    )
    return {**claim, "state": stored.state}
