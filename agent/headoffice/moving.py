"""What each of head office's own entries does to the books, live and when they are put back or made anew.

Everything adds up in any order: an entry may be booked again into books that know its decision already
(a merged member, an attached card), and changes nothing then.
"""

from typing import Any, NamedTuple

from agent.errors import Refused
from agent.headoffice import lost
from agent.headoffice.effects import Effects
from agent.headoffice.merging import merge
from agent.headoffice.outcomes import Parked
from agent.headoffice.store import books, debts, log, members, moves
from agent.headoffice.store.books import Dates
from agent.headoffice.store.protocol import Store
from agent.journal.entry import Entry

MOVES_LOTS = frozenset({"ADJUST", "TRANSFER", "EXPIRE", "DEBT"})
NAME = "head office"


class Decided(NamedTuple):
    """One of our own entries as it stands in its file: bytes, hash, and when it was written."""

    entry: Entry
    body: bytes
    hash: bytes
    decided_ms: int


def book(store: Store, decided: Decided) -> None:
    """Book one of our own entries, inside `writing`; the log tells it among the tills'.

    Raises:
        Refused: it is not what its kind should be; nothing may be written then.
    """
    entry = decided.entry
    log.add_entry(store, _logged(decided), parked=log.DECIDED)
    effects = Effects(store, NAME, "")
    match entry.kind:
        case "MERGE":
            merge(store, entry.account, str(entry.data["into"]))
        case "CARD":
            _card(store, effects.owned(entry))
        case kind if kind in MOVES_LOTS:
            _move(store, effects.owned(entry))
        case "SETTLE":
            _settle(store, effects, entry)
        case "WRITE_OFF":
            lost.book(store, effects.owned(entry))
        case _:
            _effect(effects, entry)
    owner = entry.account if entry.kind == "MERGE" else effects.owned(entry).account
    moves.add(store, entry, owner)
    members.touch(store, entry.account)
    members.touch(store, members.owner_of(store, entry.account))


def _logged(decided: Decided) -> log.Booked:
    entry = decided.entry
    return log.Booked(
        incarnation=entry.incarnation,
        seq=entry.seq,
        kind=entry.kind,
        receipt=entry.receipt,
        part=entry.part,
        undoes=str(entry.data.get("undoes", "")),
        account=entry.account,
        unit=entry.unit,
        amount=entry.amount,
        at=entry.at,
        body=decided.body,
        hash=decided.hash,
        accepted_ms=decided.decided_ms,
    )


def _effect(effects: Effects, entry: Entry) -> None:
    """Book what the programme gives at head office: an award's gifts, counts and measures."""
    try:
        effects.apply(entry)
    except Parked as reason:
        raise Refused(
            "cannot_be_booked", str(reason), remedy="look at the programme and the member"
        ) from None


def _move(store: Store, entry: Entry) -> None:
    dates: dict[str, Any] = entry.data.get("dates", {})
    for lot, amount in entry.lots:
        key = (entry.account, entry.unit, lot)
        if lot in dates and amount > 0:
            books.receive_lot(store, key, amount, Dates(*dates[lot]))
        else:
            books.move_lot(store, key, amount)


def _settle(store: Store, effects: Effects, entry: Entry) -> None:
    """Pay a debt; what is left of it after the first look is told."""
    owned = effects.owned(entry)
    is_first = not debts.times_looked_at(store, (owned.account, owned.unit, entry.part))
    if is_first and (owed := entry.data.get("owed")):
        effects.differ(entry, "limited_debt", f"{entry.account} owes {owed} {entry.unit} spent offline")
    _move(store, owned)


def _card(store: Store, entry: Entry) -> None:
    members.put_card(store, bytes.fromhex(entry.data["tag"]), entry.account)
    if blocked := entry.data.get("blocks"):
        members.block_card(store, bytes.fromhex(blocked), str(entry.data.get("reason", "")))
