"""Past receipts from the log, in the order of time, with what came back of them, for a rehearsal.

Voided ones are left out: they left nothing, and the log knows no moment at which they did.
"""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from agent.clock import SystemClock
from agent.headoffice.feed import entry_of
from agent.headoffice.office import Office
from agent.headoffice.settling import returned
from agent.headoffice.shapes import ReceiptData, receipt_data
from agent.headoffice.store import log
from agent.journal.entry import entry_from
from agent.rehearsal.past import PastReceipt, PastReturn


class OfficeReceipts:
    """The receipts of a head office's folder; each reader opens it beside a server that may be running."""

    def __init__(self, state: Path) -> None:
        self._state = state

    def count(self) -> int:
        """Return how many receipts count."""
        office = Office(self._state, SystemClock())
        try:
            return len(log.receipts_that_count(office.store))
        finally:
            office.close()

    def __iter__(self) -> Iterator[PastReceipt]:
        """Yield each receipt as it was judged: its own basket, moment, facts and draw."""
        office = Office(self._state, SystemClock())
        try:
            rows = log.receipts_that_count(office.store)
            for row in sorted(rows, key=lambda one: (datetime.fromisoformat(one["at"]), one["position"])):
                entry = entry_of(log.row_at(office.store, row["position"]))
                assert entry is not None, "what is booked as a receipt can be read"
                data = receipt_data(entry)
                back = list(_back(office, entry.receipt, data)) if row["state"] != "committed" else []
                yield PastReceipt(data.basket, data.at, data.facts, data.draw, back)
        finally:
            office.close()


def _back(office: Office, receipt: str, data: ReceiptData) -> Iterator[PastReturn]:
    """Yield what came back of a receipt, also where its till did not know it."""
    entries = [entry_from(body) for body in log.booked_of(office.store, receipt)]
    for one in returned(data.basket, entries):
        yield PastReturn(datetime.fromisoformat(one.entry.data["asked"]["returned_at"]), one.now)
