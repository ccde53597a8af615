"""What a REVERSE undoes: found in the log, of the same receipt and account, and never undone twice over."""

from agent.headoffice.outcomes import Parked, Waiting
from agent.headoffice.store import log, settlements
from agent.headoffice.store.protocol import Store
from agent.journal.entry import Entry, entry_from


def original_of(store: Store, entry: Entry) -> Entry:
    """Return the entry that a REVERSE undoes, wholly or in part.

    Raises:
        Waiting: another till has not sent it yet.
        Parked: it names none, another account's, one without effect, or undoes more than is left of it.
    """
    of = entry.data.get("of")
    if not isinstance(of, list | tuple) or len(of) != 2:  # noqa: PLR2004 - incarnation and number
        raise Parked("malformed", "a REVERSE must say which entry it undoes")
    row = log.entry_row(store, str(of[0]), int(of[1]))
    if row is None or row["parked"] == log.WAITING:
        raise Waiting
    if row["parked"]:
        raise Parked("undoes_parked", f"{of[0]}/{of[1]} never had its effect")
    original = entry_from(bytes(row["body"]))
    told = (entry.data.get("undoes"), entry.receipt, entry.account, entry.unit)
    if told != (original.kind, original.receipt, original.account, original.unit):
        raise Parked("undoes_other", f"{of[0]}/{of[1]} is another account's, receipt's or kind")
    _refuse_excess(store, entry, original)
    return original


def _refuse_excess(store: Store, entry: Entry, original: Entry) -> None:
    """Refuse to undo more of an entry than is left of it."""
    before = [entry_from(bytes(row["body"])) for row in log.reversals(store, entry.receipt, original.kind)]
    before = [
        one
        for one in before
        if (one.incarnation, one.seq) != (entry.incarnation, entry.seq)
        and list(one.data.get("of", ())) == [original.incarnation, original.seq]
    ]
    settled = settlements.of(store, original)
    if not original.amount:
        if before or settled:
            raise Parked("undone_before", "this was undone already")
        return
    left = {lot: -amount for lot, amount in original.lots}
    for one in before:
        for lot, amount in one.lots:
            left[lot] = left.get(lot, 0) - amount
    for lot, amount in settled:
        left[lot] = left.get(lot, 0) - amount
    sign = 1 if original.amount < 0 else -1
    for lot, amount in entry.lots:
        if not 0 < sign * amount <= sign * left.get(lot, 0):
            raise Parked("beyond_original", f"{abs(amount)} of lot {lot}, {abs(left.get(lot, 0))} are left")
