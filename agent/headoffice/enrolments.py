"""What tills book of people: a member who joined, a card attached, a consent, an outcome of a prompt.

Whoever joined twice (the same phone or card at two tills that could not know) becomes one member: the
first account is the heir's, and whatever still arrives for the other one is the heir's too.
"""

from datetime import date
from typing import Annotated

import msgspec
from msgspec import Meta

from agent.headoffice.merging import merge
from agent.headoffice.outcomes import Parked
from agent.headoffice.store import counter, erasures, members
from agent.headoffice.store.protocol import Store
from agent.journal.entry import Entry

Tag = Annotated[str, Meta(pattern="^[0-9a-f]{32}$")]
Word = Annotated[str, Meta(min_length=1, max_length=64)]
NOTHING_SAID = {"tier": "", "segments": "[]", "choices": "[]", "events": "[]", "of_age_from": "{}"}


class Joined(msgspec.Struct, frozen=True):
    """What ENROL and CARD entries carry: the tags that lead to the member, and ages confirmed that day."""

    tags: Annotated[list[Tag], Meta(max_length=8)]
    of_age_from: Annotated[dict[Word, date], Meta(max_length=8)] = {}


class Consent(msgspec.Struct, frozen=True):
    """What a CONSENT entry carries."""

    purpose: Word
    granted: bool
    text_version: Word
    channel: Word


class Prompted(msgspec.Struct, frozen=True):
    """What a PROMPT entry carries."""

    code: Word
    outcome: Annotated[str, Meta(pattern="^(shown|taken|declined)$")]
    rule: Annotated[str, Meta(max_length=64)] = ""


def join(store: Store, entry: Entry) -> str:
    """Take a member in who joined at a till; return whose account it is then.

    Raises:
        Parked: the account is no name of a member.
        msgspec.ValidationError: it is no enrolment.
    """
    told = msgspec.convert(entry.data, Joined)
    if not entry.account:
        raise Parked("malformed", "an enrolment names its member")
    if erasures.erasure(store, entry.account) is not None:
        return entry.account  # booked again after the member was erased: nobody joins by that
    if members.member_row(store, entry.account) is None:
        ages = msgspec.json.encode(told.of_age_from, order="sorted").decode()
        members.put_member(store, entry.account, NOTHING_SAID | {"of_age_from": ages})
    for tag in map(bytes.fromhex, told.tags):
        known = members.card_row(store, tag)
        if known is None:
            members.put_card(store, tag, members.owner_of(store, entry.account))
        elif known["member"] != members.owner_of(store, entry.account):
            merge(store, members.owner_of(store, entry.account), known["member"])
    return members.owner_of(store, entry.account)


def attach(store: Store, entry: Entry) -> str:
    """Attach cards to a member; return what stands against it, nothing if all went well."""
    told = msgspec.convert(entry.data, Joined)
    if members.member_row(store, entry.account) is None:
        return f"{entry.account} is not in the books"
    for tag in map(bytes.fromhex, told.tags):
        known = members.card_row(store, tag)
        if known is not None and members.owner_of(store, known["member"]) != entry.account:
            return "the card is another member's"
        members.put_card(store, tag, entry.account)
    return ""


def consent(store: Store, entry: Entry) -> None:
    """Keep a consent or its withdrawal."""
    told = msgspec.convert(entry.data, Consent)
    words = (told.purpose, int(told.granted), told.text_version, told.channel, entry.at)
    counter.put_consent(store, (entry.incarnation, entry.seq), entry.account, words)


def prompt(store: Store, entry: Entry) -> None:
    """Keep what became of a prompt."""
    told = msgspec.convert(entry.data, Prompted)
    words = (entry.receipt, told.code, told.rule, entry.actor, told.outcome)
    counter.put_prompt(store, (entry.incarnation, entry.seq), words)
