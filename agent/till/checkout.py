"""The calls of a sale, each in a few lines: read the body, do it, move the gate, tell the screens.

What each call means stands in `quote.py`, `hold.py`, `commit.py`, `void.py` and `returns.py`.
"""

from collections.abc import Callable
from typing import Any

import structlog

from agent.clock import Clock
from agent.documents import decode_json
from agent.errors import Conflict, Refused
from agent.ledger.ledger import Ledger
from agent.loyalty.basket import Basket
from agent.loyalty.quote import Quote
from agent.till.cards import CardReads
from agent.till.claim import MINUTE_MS, Claims, ClaimSettings
from agent.till.commit import commit
from agent.till.events import Events
from agent.till.gate import Gate
from agent.till.guard import PHONES, PHONES_S, UNKNOWN_CARDS, UNKNOWN_CARDS_S, Limit
from agent.till.hold import HOLD_MS, hold, points_of
from agent.till.identify import Identified, Identifier, Unknown
from agent.till.joining import Joining, Place
from agent.till.numbers import TypedNumbers
from agent.till.phones import normalised
from agent.till.quote import Decode, Quoter, TillSettings
from agent.till.returns import take_back
from agent.till.shapes import (
    CardBody,
    ClaimBody,
    ConsentsBody,
    HoldBody,
    IdentificationBody,
    MemberBody,
    ReturnBody,
    VoidBody,
)
from agent.till.shown import PHONE
from agent.till.talk import Talk
from agent.till.void import void

log = structlog.get_logger()


class Checkout:
    """One till's checkout; `mode` says online, offline or degraded, `online_wait_s` bounds a wait."""

    def __init__(
        self,
        ledger: Ledger,
        quoter: Quoter,
        identifier: Identifier,
        cards: CardReads,
        events: Events,
        *,
        gate: Gate,
        clock: Clock,
        settings: TillSettings,
        decode_text: Decode,
        mode: Callable[[], str],
        place: Place,
        online_wait_s: float = 0.3,
    ) -> None:
        self._ledger = ledger
        self._quoter = quoter
        self._identifier = identifier
        self._cards = cards
        self.events = events
        self._gate = gate
        self._clock = clock
        self._settings = settings
        self._numbers = TypedNumbers(quoter.seal, identifier, decode_text)
        self._unknown = Limit(UNKNOWN_CARDS, UNKNOWN_CARDS_S)
        self.talk = Talk(ledger, quoter, gate, events)
        self._claims = Claims(
            ledger,
            quoter,
            ClaimSettings(settings.claim_minutes * MINUTE_MS, settings.language, settings.phone_balance_most),
            now_ms=self._now_ms,
            monotonic_s=clock.monotonic_s,
        )
        self._phones = Limit(PHONES, PHONES_S)
        self._joining = Joining(
            ledger,
            identifier,
            quoter.seal,
            place,
            find=lambda unknown: cards.ask_whose(unknown, online_wait_s),
        )
        self._mode = mode
        self._online_wait_s = online_wait_s

    @property
    def language(self) -> str:
        """The cashiers' language, unless a call asks for another."""
        return self._settings.language

    @property
    def training(self) -> bool:
        """Whether this till only practises: every answer says so."""
        return self._settings.training

    def hello(self) -> dict[str, Any]:
        """Tell who answers and how things stand; nothing personal."""
        programme = self._quoter.programme()
        heard_ms = self._ledger.read.mark("last_contact_ms")
        return {
            "store": self._settings.store,
            "till": self._settings.till,
            "mode": self._mode(),
            "programme": {"id": programme.id, "version": programme.version} if programme else None,
            "data_age_s": max(0, self._now_ms() - heard_ms) // 1000 if heard_ms else None,
        }

    async def identify(self, body: bytes, peer: str = "") -> dict[str, Any]:
        """Say whose number the POS read; unknown and blocked are answers, too many unknown an error."""
        if self._unknown.is_over(peer, self._clock.monotonic_s()):
            raise Refused(
                "too_many_unknown_cards", "too many unknown cards in a minute", remedy="wait a minute"
            )
        told = decode_json(body, IdentificationBody, what="identification")
        if told.identification_type == "PhoneNumber":
            return await self._identify_phone(told, peer)
        kind, value = self._numbers.decode(told.value)
        outcome = self._identifier.identify(kind, value, told.entry_mode)
        if isinstance(outcome, Unknown):
            outcome = await self._cards.ask_whose(outcome, self._online_wait_s)
        if isinstance(outcome, Unknown):
            self._unknown.add(peer, self._clock.monotonic_s())
        return self._cards.tell(outcome, device="pos")

    async def _identify_phone(self, told: IdentificationBody, peer: str) -> dict[str, Any]:
        """Find whoever forgot the card; a blocked number is answered as an unknown one, as late."""
        self._count_phone(peer)
        self._numbers.refuse_payment_card(told.value)
        phone = normalised(told.value, self._settings.phone_region)
        outcome = self._identifier.identify(PHONE, phone, told.entry_mode)
        if not isinstance(outcome, Identified):
            unknown = self._identifier.nobody(PHONE, phone, told.entry_mode)
            asked = await self._cards.ask_whose(unknown, self._online_wait_s)
            outcome = asked if isinstance(asked, Identified) else unknown
        return self._cards.tell(outcome, device="pos", most_shown=self._settings.phone_balance_most)

    def _count_phone(self, peer: str) -> None:
        now_s = self._clock.monotonic_s()
        if self._phones.is_over(peer, now_s):
            raise Refused(
                "too_many_unknown_cards", "too many phone numbers in a minute", remedy="wait a minute"
            )
        self._phones.add(peer, now_s)

    async def join(self, body: bytes, peer: str = "") -> dict[str, Any]:
        """Take somebody in by phone or with a fresh card."""
        told = decode_json(body, MemberBody, what="member")
        if told.phone:
            self._count_phone(peer)
            self._numbers.refuse_payment_card(told.phone)
        self._numbers.refuse_payment_card(told.name)
        outcome, is_provisional = await self._joining.join(told)
        most = self._settings.phone_balance_most if told.phone else None
        answer = {**self._cards.tell(outcome, device="pos", most_shown=most), "provisional": is_provisional}
        self.events.publish("member.enrolled", {"masked": outcome.masked, "provisional": is_provisional})
        return answer

    async def attach(self, token: str, body: bytes) -> dict[str, Any]:
        """Give a member a further card."""
        return await self._joining.attach(token, decode_json(body, CardBody, what="card"))

    async def consent(self, token: str, body: bytes) -> dict[str, Any]:
        """Write down what a member agrees to or withdraws."""
        told = decode_json(body, ConsentsBody, what="consents")
        self._numbers.refuse_payment_card(told.name)
        return await self._joining.consent(token, told)

    async def quote(self, receipt_id: str, body: bytes) -> Quote:
        """Say what a basket would give; waits a moment if head office is just being asked."""
        basket = decode_json(body, Basket, what="basket")
        _same_receipt(receipt_id, basket)
        if basket.instruments:
            basket = self._numbers.sealed(basket)
            known = self._quoter.identification_of(basket)
            if known is not None and known.member:
                await self._cards.settled(known.member, self._online_wait_s, wishes=basket.redeem)
        quote = self._quoter.quote(basket).told
        self.events.publish("quote.updated", {"receipt_id": receipt_id, "due_minor": quote.due_minor})
        return quote

    async def hold(self, receipt_id: str, body: bytes) -> dict[str, Any]:
        """Set points aside while the customer pays, and close the gate for card reads."""
        told = decode_json(body, HoldBody, what="hold")
        _same_receipt(receipt_id, told.basket)
        try:
            basket = self._numbers.sealed(told.basket)
            answer = await hold(self._ledger, self._quoter, basket, etag=told.etag, now_ms=self._now_ms())
        except Refused:
            self._gate.reopen(receipt_id)
            raise
        lapses_ns = int(self._clock.monotonic_s() * 1e9) + HOLD_MS * 1_000_000
        self._gate.close(receipt_id, until_ns=lapses_ns)
        self.events.publish("receipt.held", {"receipt_id": receipt_id, "held": answer["held"]})
        return answer

    async def commit(self, receipt_id: str, body: bytes) -> dict[str, Any]:
        """Book a paid receipt; never refused for what it holds."""
        if self._gate.accepting:
            self._gate.close(receipt_id)
        try:
            done = await commit(
                self._ledger,
                self._quoter,
                self._numbers,
                receipt_id,
                body,
                offline=self._mode() != "online",
                language=self._settings.language,
                prompts=self.talk.prompts_of(receipt_id),
                training=self.training,
            )
        except Conflict as failure:
            self._alarm(receipt_id, failure.code, str(failure))
            raise
        finally:
            self._gate.reopen(receipt_id)
        self.talk.forget(receipt_id)
        if not done.repeated:
            self._tell(receipt_id, done.answer, done.cashier)
        return done.answer

    async def void(self, receipt_id: str, body: bytes) -> dict[str, Any]:
        """Cancel a receipt."""
        told = decode_json(body or b"{}", VoidBody, what="void")
        answer = await void(self._ledger, receipt_id, told)
        self._quoter.forget(receipt_id)
        self.talk.forget(receipt_id)
        self._gate.reopen(receipt_id)
        self.events.publish("receipt.voided", {"receipt_id": receipt_id})
        return answer

    async def take_back(self, receipt_id: str, return_id: str, body: bytes) -> dict[str, Any]:
        """Take goods back."""
        told = decode_json(body, ReturnBody, what="return")
        current = self._quoter.programme()
        answer = await take_back(self._ledger, receipt_id, return_id, told, current=current)
        self.events.publish("receipt.returned", answer)
        return answer

    async def claim(self, receipt_id: str, body: bytes) -> dict[str, Any]:
        """Give an anonymous receipt to a member whose card came late."""
        told = decode_json(body, ClaimBody, what="claim")
        answer = await self._claims.claim(receipt_id, told)
        self.events.publish("receipt.claimed", {"receipt_id": receipt_id, "masked": answer["member_tag"]})
        return answer

    async def recall(self, receipt_id: str) -> dict[str, Any]:
        """Say what became of a receipt: the recovery call."""
        stored = self._ledger.read.receipt(receipt_id)
        if stored is not None:
            return stored.answer
        held = self._ledger.read.hold(receipt_id)
        if held is not None:
            wallets = {name: sum(one.amount for one in slices) for name, slices in held.wallets.items()}
            return {"receipt_id": receipt_id, "state": "held", "held": points_of(wallets)}
        known = self._quoter.remembered(receipt_id)
        if known is not None:
            return {"receipt_id": receipt_id, "state": "quoted", "etag": known.quote.etag}
        raise Refused("receipt_unknown", f"nothing happened under {receipt_id} here")

    def set_accepting(self, *, accepting: bool) -> None:
        """Open or close the gate by hand, for a parked sale say."""
        if accepting:
            self._gate.reopen()
        else:
            self._gate.close("")

    def _tell(self, receipt_id: str, answer: dict[str, Any], cashier: str) -> None:
        told = {"receipt_id": receipt_id, "state": answer["state"], "seq": answer["seq"]}
        self.events.publish("receipt.committed", told)
        log.info("receipt committed", receipt=receipt_id, state=answer["state"], seq=answer["seq"])
        for difference in answer["differences"]:
            if difference == "no_quote":
                continue  # nothing was agreed that could differ; head office lists it
            self._alarm(receipt_id, difference, "what was paid differs from what was agreed", cashier)

    def _alarm(self, receipt_id: str, code: str, detail: str, cashier: str = "") -> None:
        """Tell the screens and store IT; head office hears it from the journal."""
        log.warning("receipt alarm", receipt=receipt_id, code=code, detail=detail, cashier=cashier)
        told = {"receipt_id": receipt_id, "code": code, "till": self._settings.till, "cashier": cashier}
        self.events.publish("alarm", {key: value for key, value in told.items() if value})

    def _now_ms(self) -> int:
        return int(self._clock.now().timestamp() * 1000)


def _same_receipt(receipt_id: str, basket: Basket) -> None:
    if basket.receipt_id != receipt_id:
        raise Refused("receipt_id_mismatch", f"the path names {receipt_id}, the basket {basket.receipt_id}")
