"""What a REVERSE undoes: found in the log, of the same receipt and account, and never undone twice over."""

from collections.abc import Callable

from agent.headoffice.outcomes import Parked, Waiting
from agent.headoffice.store import log, settlements
from agent.headoffice.store.protocol import Store
from agent.journal.entry import Entry, entry_from
from agent.journal.reversing import FIGURES


def original_of(store: Store, entry: Entry, owned: Callable[[Entry], Entry]) -> Entry:
    """Return the entry that a REVERSE undoes, wholly or in part; `owned` names whose it is now.

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
    told = (entry.data.get("undoes"), entry.receipt, owned(entry).account, entry.unit)
    if told != (original.kind, original.receipt, owned(original).account, original.unit):
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
    before += settlements.of(store, original)
    figures = FIGURES.get(original.kind)
    if not original.amount and not figures:
        if before:
            raise Parked("undone_before", "this was undone already")
        return
    left = _moved(original, figures)
    for one in before:
        for name, amount in _moved(one, figures).items():
            left[name] = left.get(name, 0) + amount
    for name, amount in _moved(entry, figures).items():
        rest = left.get(name, 0)
        is_within = amount * rest < 0 and abs(amount) <= abs(rest)
        if not is_within and (amount or not figures):
            kind = "undone_before" if figures and before and not rest else "beyond_original"
            raise Parked(kind, f"{abs(amount)} of {name}, {abs(rest)} are left")


def _moved(entry: Entry, figures: tuple[str, ...] | None) -> dict[str, int]:
    """Return what an entry moves, by lot or by figure."""
    if figures is not None:
        return {name: int(entry.data.get(name, 0)) for name in figures}
    moved: dict[str, int] = {}
    for lot, amount in entry.lots:
        moved[lot] = moved.get(lot, 0) + amount
    return moved
