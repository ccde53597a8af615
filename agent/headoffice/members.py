"""Members: look one up, show one, block a card or a member; numbers are turned into tags at this door."""

from typing import Any

import msgspec

from agent.errors import Refused
from agent.headoffice import people
from agent.headoffice.allowances import time_zone
from agent.headoffice.facts import facts_of, wire_row
from agent.headoffice.feed import instant
from agent.headoffice.office import Office
from agent.headoffice.store import counter, debts, erasures, members
from agent.headoffice.store.protocol import Row, Store
from agent.journal.tag import tag_of
from agent.sync.wire import MemberAnswer, NoMember

CARD = "card"


def look_up(office: Office, tag: bytes) -> MemberAnswer:
    """Return whose card this is, as the tills keep members."""
    store = office.store
    with store.reading():
        card = members.card_row(store, tag)
        row = members.member_row(store, card["member"]) if card is not None else None
        return wire_row(store, row, office.clock.now()) if row is not None else NoMember()


def card_tag(office: Office, number: str, scheme: str = CARD) -> bytes:
    """Return the tag under which a number is known; spaces and hyphens do not matter."""
    return tag_of(scheme, normalised(number), office.fleet_key)


def normalised(number: str) -> str:
    """Return a typed number without what people put between its digits.

    >>> normalised("299 0000-000017 ")
    '2990000000017'
    """
    return "".join(number.split()).replace("-", "")


def show(office: Office, member_or_card: str) -> dict[str, Any]:
    """Return what is known of a member: facts, and cards as the first 8 hex digits of their tags.

    Raises:
        Refused: nobody has this id or card number.
    """
    store = office.store
    with store.reading():
        row, _ = find(office, member_or_card)
        facts = msgspec.to_builtins(facts_of(store, row, office.clock.now()))
        cards = members.cards_of(store, row["member"])
        owed = _owed(store, row["member"])
        consents = [
            {**dict(one), "granted": bool(one["granted"])}
            for one in counter.consents_of(store, row["member"])
        ]
    today = office.clock.now().astimezone(time_zone(office)).date().isoformat()
    balances = {
        wallet: sum(lot["amount"] for lot in held["lots"] if (lot["expires_on"] or today) >= today)
        for wallet, held in facts["wallets"].items()
    }
    return {
        "member": row["member"],
        "status": row["status"],
        "reason": row["reason"],
        "balances": balances,
        "owed": owed,
        "cards": [{"tag": bytes(card["tag"]).hex()[:8], "blocked": bool(card["blocked"])} for card in cards],
        "consents": consents,
        "persons": [msgspec.to_builtins(one) for one in people.persons(office, row["member"])],
        "facts": facts,
    }


def _owed(store: Store, member: str) -> dict[str, int]:
    """Return what a member owes of each wallet: spent offline beyond what was there."""
    owed: dict[str, int] = {}
    for row in debts.open_debts(store, member):
        if row["remaining"] < 0:
            owed[row["wallet"]] = owed.get(row["wallet"], 0) - row["remaining"]
    return owed


def block(office: Office, member_or_card: str, reason: str) -> str:
    """Block a member by id, or one card by its number; every till hears of it with its next pull.

    Returns what was blocked, in words.

    Raises:
        Refused: nobody has this id or card number.
    """
    store = office.store
    with store.writing():
        row, tag = find(office, member_or_card)
        if tag is None:
            members.block_member(store, row["member"], reason)
        else:
            members.block_card(store, tag, reason)
        members.touch(store, row["member"])
    return f"member {row['member']}" if tag is None else f"one card of member {row['member']}"


def find(office: Office, member_or_card: str) -> tuple[Row, bytes | None]:
    """Return a member's row by id, or by card number together with the card's tag.

    Raises:
        Refused: nobody has this id or card number; an erased member says so.
    """
    row = members.member_row(office.store, member_or_card)
    if row is not None:
        return row, None
    tag = card_tag(office, member_or_card)
    card = members.card_row(office.store, tag)
    row = members.member_row(office.store, card["member"]) if card is not None else None
    if row is None and (gone := erasures.erasure(office.store, member_or_card)) is not None:
        raise Refused("erased", f"this member was erased on {instant(gone['erased_ms'])[:10]}")
    if row is None:
        raise Refused("unknown_member", "no member has this id or card number")
    return row, tag
