"""A member joins at the counter, by phone or with a fresh card; attaches a card; gives or withdraws consent.

Works with head office away: the member is provisional, earns at once, and becomes one with whoever has
the same phone or card once head office books it.  The phone itself is sealed to head office as it is
typed; what stays here and in the journal is its tag.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

import msgspec

from agent.errors import Refused
from agent.journal.entry import Draft
from agent.ledger.ledger import Ledger
from agent.ledger.marks import SEALING_KEY
from agent.ledger.transaction import Transaction
from agent.loyalty.afterwards.enrol import may_join
from agent.loyalty.compile import Compiled
from agent.loyalty.member import MemberFacts
from agent.till.identify import Identified, Identifier, Outcome, Unknown
from agent.till.phones import normalised
from agent.till.shapes import CardBody, ConsentsBody, ConsentWord, MemberBody
from agent.till.shown import PHONE
from agent.till.tokens import LIFE_MS, Identification, TokenSeal

RANDOM_BYTES = 32
GREETING = "greeting"
"""The consent without which nobody's name is taken."""


class Place(NamedTuple):
    """What joining must know of its till: the phones' region, tags' key, programme, clock and chance."""

    region: str
    fleet_key: bytes | None
    programme: Callable[[], Compiled | None]
    now: Callable[[], datetime]
    random_bytes: Callable[[int], bytes]


class Joining:
    """Takes members in; `find` says whose an unknown tag is, head office included."""

    def __init__(
        self,
        ledger: Ledger,
        identifier: Identifier,
        seal: TokenSeal,
        place: Place,
        *,
        find: Callable[[Unknown], Any],
    ) -> None:
        self._ledger = ledger
        self._identifier = identifier
        self._seal = seal
        self._place = place
        self._find = find

    async def join(self, body: MemberBody) -> tuple[Outcome, bool]:
        """Take somebody in; return who that is, and whether as a provisional member of this till.

        The same request again, or somebody who is a member already, is answered as identified.

        Raises:
            Refused: no number of ours, the programme's rules, or this till cannot seal a phone yet.
        """
        if bool(body.phone) == bool(body.identification_id):
            raise Refused("unreadable", "give either phone or identification_id")
        phone = normalised(body.phone, self._place.region) if body.phone else ""
        who = self._applicant(body, phone)
        member = self._seal.member_of(body.request_id)
        outcome = self._identify(who)
        if isinstance(outcome, Unknown):
            outcome = await self._find(outcome)
        if isinstance(outcome, Unknown):
            await self._take_in(body, who.tag, member, phone)
            outcome = self._identify(who)
        if not isinstance(outcome, Identified):
            raise Refused("cannot_enrol", "a card or member of this number must not serve")
        return outcome, outcome.member == member

    async def attach(self, token: str, body: CardBody) -> dict[str, Any]:
        """Give a member a further card; the same again changes nothing.

        Raises:
            Refused: nobody's identification, no fresh card, or the card is somebody else's.
        """
        member, card = self._member(token), self._opened(body.identification_id)
        known = self._ledger.read.member_of(card.tag) if card.tag else None
        if not card.tag or (known is not None and known.member != member):
            raise Refused("card_taken", "this card is somebody else's, or could not be read")
        if known is None:
            data = {"tags": [card.tag.hex()]}
            draft = Draft("CARD", account=member, at=self._at(), actor=body.cashier, data=data)

            def change(tx: Transaction) -> None:
                tx.attach(member, [card.tag])
                tx.append(draft)

            await self._write(change)
        return {"masked": card.masked, "attached": True}

    async def consent(self, token: str, body: ConsentsBody) -> dict[str, Any]:
        """Write down what a member agrees to or withdraws, and seal the name to greet by.

        Raises:
            Refused: nobody's identification, or this till cannot seal a name yet.
        """
        member = self._member(token)
        drafts = self._consents(member, body.consents, body.cashier)
        box = self._box("", _name_to_greet_by(body), "", member)

        def change(tx: Transaction) -> None:
            for one in drafts:
                tx.append(one)
            if box:
                tx.put_box(member, box)

        await self._write(change)
        return {"consents": msgspec.to_builtins(body.consents)}

    def _applicant(self, body: MemberBody, phone: str) -> Unknown:
        """Return who wants to join, as long as nobody knows them."""
        if self._place.fleet_key is None:
            raise Refused("cannot_enrol", "this till is not enrolled with head office")
        if phone:
            return self._identifier.nobody(PHONE, phone, "Keyed")
        card = self._opened(body.identification_id)
        if not card.tag:
            raise Refused("unreadable", "this card could not be read")
        return Unknown("", card.masked, card.entry_mode, card.tag, card.kind)

    async def _take_in(self, body: MemberBody, tag: bytes, member: str, phone: str) -> None:
        ages = self._ages(is_of_age=body.age_confirmed)
        box = self._box(phone, _name_to_greet_by(body), body.language, member)
        by = PHONE if phone else "card"
        data: dict[str, Any] = {"tags": [tag.hex()], "by": by, "language": body.language}
        if ages:
            data["of_age_from"] = {age: day.isoformat() for age, day in ages.items()}
        drafts = [
            Draft("ENROL", account=member, at=self._at(), actor=body.cashier, data=data),
            *self._consents(member, body.consents, body.cashier),
        ]

        def change(tx: Transaction) -> None:
            if tx.knows_member(member):
                raise Refused("cannot_enrol", "this request_id took somebody else in")
            tx.enrol(MemberFacts(member, of_age_from=ages), [tag])
            for one in drafts:
                tx.append(one)
            if box:
                tx.put_box(member, box)

        await self._write(change)

    def _ages(self, *, is_of_age: bool) -> dict[str, date]:
        """Return the ages that a new member has from today: the one that was asked for and confirmed.

        Raises:
            Refused: the programme lets nobody in that way, or asks for an age that nobody confirmed.
        """
        compiled = self._place.programme()
        if compiled is None:
            return {}
        day = self._place.now().astimezone(compiled.zone).date()
        why = may_join(compiled.programme, day, is_of_age=is_of_age)
        if why is not None and why.values.get("what") == "age":
            raise Refused("age_to_confirm", f"the programme asks for the age of {why.values['age']}")
        if why is not None:
            raise Refused("cannot_enrol", f"the programme says: {why.code} {why.values}")
        word = compiled.programme.text.enrol
        return {str(word.age_at_least): day} if word is not None and word.age_at_least else {}

    def _box(self, phone: str, name: str, language: str, member: str) -> bytes:
        """Seal what only head office may read; nothing if there is nothing."""
        if not phone and not name:
            return b""
        key = self._ledger.read.text_mark(SEALING_KEY)
        if not key:
            raise Refused("cannot_enrol", "head office's key for personal data has not arrived yet")
        from agent.journal.box import seal_box  # noqa: PLC0415 - few starts need it

        told = {"phone": phone, "language": language, "name": name}
        plain = msgspec.msgpack.encode(told | {"told_ms": int(self._place.now().timestamp() * 1000)})
        return seal_box(bytes.fromhex(key), plain, member, self._place.random_bytes(RANDOM_BYTES))

    def _consents(self, member: str, consents: Sequence[ConsentWord], cashier: str) -> list[Draft]:
        at = self._at()
        told = [msgspec.to_builtins(one) for one in consents]
        return [Draft("CONSENT", account=member, at=at, actor=cashier, data=one) for one in told]

    def _identify(self, who: Unknown) -> Outcome:
        return self._identifier.identify_tag(who.tag, who.masked, who.entry_mode, who.kind)

    def _member(self, token: str) -> str:
        member = self._opened(token).member
        if not member:
            raise Refused("member_unknown", "the identification is nobody's")
        return member

    def _opened(self, token: str) -> Identification:
        known = self._seal.open(token)
        if known is None or known.made_ms < int(self._place.now().timestamp() * 1000) - LIFE_MS:
            raise Refused("member_unknown", "the identification is none of ours, or older than half an hour")
        return known

    def _at(self) -> str:
        return self._place.now().isoformat()

    async def _write(self, change: Callable[[Transaction], None]) -> None:
        await asyncio.wrap_future(self._ledger.write(change))


def _name_to_greet_by(body: MemberBody | ConsentsBody) -> str:
    """Return the name that was told, if its purpose was agreed to: without that it goes no further."""
    is_agreed = any(one.purpose == GREETING and one.granted for one in body.consents)
    return body.name.strip() if is_agreed else ""
