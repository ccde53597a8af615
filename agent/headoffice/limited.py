"""Limited spending as head office books it: every point is a debt first, then paid with what is free.

A till let points go beyond its allowances.  The whole redemption becomes a debt lot of its own, which adds
up whatever arrives first; what it takes from the member is decided right afterwards (`owing.py`).
"""

from agent.headoffice.outcomes import Parked
from agent.headoffice.store import books, debts
from agent.headoffice.store.protocol import Store
from agent.headoffice.versions import compiled_of
from agent.journal.entry import Entry


def is_limited(entry: Entry) -> bool:
    """Say whether an entry spends beyond allowances."""
    return entry.kind == "REDEEM" and not entry.allowance and entry.data.get("limited") is True


def book(store: Store, entry: Entry) -> None:
    """Book what a till let go beyond allowances as a debt of its own.

    Raises:
        Parked: it takes nothing, or its programme lets nothing go.
    """
    if entry.amount >= 0 or not entry.lots:
        raise Parked("malformed", "REDEEM must take points from lots")
    named = books.programme_of(store, entry.receipt)
    compiled = compiled_of(store, *named) if named else None
    words = compiled.programme.text.wallet.get(entry.unit) if compiled else None
    if words is None or words.offline.mode != "limited":
        raise Parked("no_allowance", f"spent {-entry.amount} {entry.unit} without an allowance of ours")
    _move(store, entry, entry, entry.amount)


def give_back(store: Store, entry: Entry, original: Entry) -> None:
    """Take from the debt what a REVERSE gives back; what was paid for it comes home with the next look."""
    _move(store, entry, original, entry.amount)


def _move(store: Store, entry: Entry, original: Entry, amount: int) -> None:
    debt = debts.lot_of(original.incarnation, original.seq)
    books.move_lot(store, (entry.account, entry.unit, debt), amount)
