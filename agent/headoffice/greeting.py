"""By what name a till may greet whoever shows a card: only with consent, only a first name and an initial.

The name itself lies in a box of personal data (`people.py`) and leaves this office in no other form.
"""

from agent.headoffice import people
from agent.headoffice.office import Office
from agent.headoffice.store import counter, members
from agent.sync.announced import NAME_CHARACTERS, Greeting

PURPOSE = "greeting"
"""The consent it takes."""


def greet(office: Office, tag: bytes) -> Greeting:
    """Return the name for the card of a tag; empty to everybody who is not to be greeted by it."""
    store = office.store
    with store.reading():
        card = members.card_row(store, tag)
        row = members.member_row(store, card["member"]) if card is not None else None
        if card is None or row is None or card["blocked"] or row["status"] != "active":
            return Greeting()
        consents = {one["purpose"]: one["granted"] for one in counter.consents_of(store, row["member"])}
        if not consents.get(PURPOSE):
            return Greeting()
        told = max(
            people.persons(office, row["member"]), key=lambda one: (bool(one.name), one.told_ms), default=None
        )
    return Greeting(short(told.name) if told is not None else "")


def short(name: str) -> str:
    """Return the first name and the initial of the last, which two strangers at a counter may hear.

    >>> short("Anna Maria Korhonen"), short("  Анна "), short("")
    ('Anna K.', 'Анна', '')
    """
    parts = name.split()
    if not parts:
        return ""
    first = parts[0][: NAME_CHARACTERS - 3]
    return f"{first} {parts[-1][0]}." if len(parts) > 1 else first
