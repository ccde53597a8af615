"""A claim: an anonymous receipt that became a member's at its till, minutes after it was paid.

The CLAIM entry is judged like a receipt; what it earns follows as entries of its own.
"""

from typing import Protocol

from agent.headoffice.outcomes import Parked
from agent.headoffice.receipts import by_rule
from agent.headoffice.shapes import ReceiptData, receipt_data
from agent.headoffice.store import books, log, members
from agent.headoffice.store.protocol import Row, Store
from agent.journal.entry import Entry, entry_from

SAME = ("basket", "at", "tz", "draw")
"""What a claim rests on as its receipt does."""


class Notes(Protocol):
    """Where differences are told."""

    def differ(self, entry: Entry, kind: str, detail: str) -> None:
        """Note a difference for a person to look at."""

    def compare_facts(self, entry: Entry, data: ReceiptData, row: Row) -> None:
        """Tell in what a till was behind."""


def take_claim(store: Store, notes: Notes, entry: Entry) -> None:
    """Let a receipt be its claimant's.

    Raises:
        Parked: there is no such anonymous receipt of this journal, or the claim rests on another basket.
        msgspec.ValidationError: it is no claim.
    """
    data = receipt_data(entry)
    found = log.receipt_of(store, entry.receipt)
    if found is None or found["incarnation"] != entry.incarnation:
        raise Parked("claim_without_receipt", "the journal that claims it never sold it")
    sale = entry_from(bytes(found["body"]))
    if sale.account:
        raise Parked("claimed_twice", "the receipt was a member's from the start")
    if any(sale.data.get(name) != entry.data.get(name) for name in SAME):
        raise Parked("claim_differs", "the claim rests on another basket or moment than its receipt")
    row = members.member_row(store, entry.account)
    if row is None:
        notes.differ(entry, "unknown_member", f"{entry.account} is not in the books")
    else:
        notes.compare_facts(entry, data, row)
    if books.receipt_state(store, entry.receipt) != "committed":
        notes.differ(
            entry, "claim_after_return", "goods had come back, or it was voided, when it was claimed"
        )
    points = [(rule, points) for rule, _, points in by_rule(data)]
    books.give_receipt(store, entry.receipt, entry.account, points)
