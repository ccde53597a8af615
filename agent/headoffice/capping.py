"""Caps that all members share (`max_total`): head office counts, and whoever is booked first is first.

A till without a slice gives such a gift provisionally and says so on the receipt; one beyond the cap is
parked here, so it stands in the log without effect, for a person to tell the customer.
"""

from agent.headoffice.outcomes import Parked
from agent.headoffice.store import books
from agent.headoffice.store.protocol import Store
from agent.headoffice.versions import compiled_of
from agent.journal.entry import Entry


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
    compiled = compiled_of(store, *named) if named is not None else None
    word = compiled.programme.text.rule.get(rule) if compiled is not None else None
    if named is None or word is None or word.max_total is None:
        return None
    return named[0], rule, word.max_total
