"""Caps that all members share (`max_total`): head office counts, and whoever is booked first is first.

A till without a slice gives such a gift provisionally and says so on the receipt; one beyond the cap is
parked here, so it stands in the log without effect, for a person to tell the customer.
"""

from functools import lru_cache

from agent.errors import DocumentError
from agent.headoffice.outcomes import Parked
from agent.headoffice.store import books, programmes
from agent.headoffice.store.protocol import Store
from agent.journal.entry import Entry
from agent.loyalty.read import load_programme


def take_one(store: Store, entry: Entry) -> None:
    """Count a gift of a receipt against its rule's cap.

    Raises:
        Parked: all have been given.
    """
    capped = _cap_of(store, entry)
    if capped is None:
        return
    programme, rule, most = capped
    if books.given(store, programme, rule) >= most:
        raise Parked("beyond_total", f"all {most} of rule {rule} were given before")
    books.give_capped(store, programme, rule, 1)


def give_back(store: Store, entry: Entry) -> None:
    """Let somebody else have what an undone receipt was given."""
    capped = _cap_of(store, entry)
    if capped is not None:
        books.give_capped(store, capped[0], capped[1], -1)


def _cap_of(store: Store, entry: Entry) -> tuple[str, str, int] | None:
    """Return programme, rule and cap of a gift; None if it has none, or no receipt of a till gave it."""
    rule = str(entry.data.get("rule") or "")
    named = books.programme_of(store, entry.receipt) if rule else None
    row = programmes.programme_row(store, *named) if named is not None else None
    most = _caps(bytes(row["text"])).get(rule) if row is not None else None
    return None if named is None or most is None else (named[0], rule, most)


@lru_cache(maxsize=8)
def _caps(text: bytes) -> dict[str, int]:
    """Return the rules of a programme that all members share a number of."""
    try:
        rules = load_programme(text, name="programme").text.rule
    except DocumentError:
        return {}
    return {name: word.max_total for name, word in rules.items() if word.max_total is not None}
