"""Booking: what was received becomes lots, counts, receipts and differences, in order, exactly once.

The mark `booked` moves in the transaction that books, so a crash repeats nothing and skips nothing.
Receipts are evaluated again before the transaction: that is the slow part, and it needs no books.
"""

from collections.abc import Callable, Sequence
from itertools import islice
from typing import NamedTuple

import msgspec

from agent.headoffice.effects import Effects
from agent.headoffice.outcomes import Parked, Waiting
from agent.headoffice.segments import Received, Segments
from agent.headoffice.settling import SETTLES, settle_returns
from agent.headoffice.settling_voids import may_settle, settle_void
from agent.headoffice.store import log, members, tills
from agent.headoffice.store.database import IntegrityError
from agent.headoffice.store.log import Booked
from agent.headoffice.store.protocol import Store
from agent.journal.chain import next_hash
from agent.journal.entry import Entry, entry_from
from agent.journal.reversing import EFFECTS

LARGEST_NUMBER = 2**63
"""What a column can hold."""
JUDGED = frozenset({"RECEIPT", "CLAIM"})
"""Kinds with a basket, facts and a quote."""
BATCH = 200
"""Entries booked in one transaction; allowances wait for it, so it stays short."""
# What a malformed entry can raise while it is read; an error of our own must still be seen in a test.
POISON = (msgspec.MsgspecError, ValueError, TypeError, LookupError, ArithmeticError, IntegrityError)


class Finding(NamedTuple):
    """Something a person should look at: a word and a sentence."""

    kind: str
    detail: str


Judge = Callable[[Entry], list[Finding]]
"""Evaluates a RECEIPT or CLAIM entry again and says what disagrees; must not raise for a malformed one."""


def book_all(store: Store, segments: Segments, judge: Judge) -> int:
    """Book everything received and not booked yet; return how many entries that were.

    Raises:
        LedgerReadOnly: the books cannot be written now; nothing is lost, call again.
    """
    count = 0
    for incarnation in segments.incarnations():
        while booked := book_some(store, segments, incarnation, judge):
            count += booked
    return count


def book_some(store: Store, segments: Segments, incarnation: str, judge: Judge) -> int:
    """Book the next entries of one journal; return how many, 0 if all is booked."""
    journal = tills.journal(store, incarnation)
    if journal is None:
        return 0
    batch = list(islice(segments.entries(incarnation, journal["booked_seq"]), BATCH))
    if batch:
        book_batch(store, incarnation, batch, judge)
    return len(batch)


def book_up_to(store: Store, segments: Segments, incarnation: str, last: int, judge: Judge) -> None:
    """Book what was received of one journal up to an entry, as far as it is not booked."""
    while (journal := tills.journal(store, incarnation)) is not None and journal["booked_seq"] < last:
        count = min(BATCH, last - journal["booked_seq"])
        batch = list(islice(segments.entries(incarnation, journal["booked_seq"]), count))
        if not batch:
            return
        book_batch(store, incarnation, batch, judge)


def book_batch(store: Store, incarnation: str, batch: Sequence[Received], judge: Judge) -> None:
    """Book entries that follow the mark, in one transaction."""
    read = [(received, _read(received.body)) for received in batch]
    findings = {
        received.seq: judge(entry) for received, entry in read if entry is not None and entry.kind in JUDGED
    }
    with store.writing():
        journal = tills.journal(store, incarnation)
        assert journal is not None, incarnation
        if journal["booked_seq"] != batch[0].seq - 1:
            return  # another process booked meanwhile; the next call reads the new mark
        effects = Effects(store, journal["till"], journal["store"])
        head = bytes(journal["booked_hash"])
        for received, entry in read:
            head = next_hash(head, received.body)
            _book(store, effects, _logged(incarnation, received, entry, head), entry)
            for finding in findings.get(received.seq, ()):
                where = (incarnation, received.seq, entry.receipt if entry else "")
                log.add_difference(store, where, finding.kind, finding.detail)
        for member in effects.touched:
            members.touch(store, member)
        log.move_mark(store, incarnation, batch[-1].seq, head)


def _book(store: Store, effects: Effects, logged: Booked, entry: Entry | None) -> None:
    twin = log.twin_of(store, logged)
    log.add_entry(store, logged)
    if entry is None:
        _park(store, logged, Parked("undecodable", f"{len(logged.body)} bytes that are no entry"))
        return
    if twin is not None:
        said = f"{twin['incarnation']}/{twin['seq']} says the same of this receipt"
        _park(store, logged, Parked("booked_twice", said))
        return
    try:
        with store.attempt():
            effects.apply(entry)
    except Waiting:
        log.mark(store, logged.incarnation, logged.seq, log.WAITING)
    except Parked as reason:
        _park(store, logged, reason)
    except POISON as failure:
        _park(store, logged, Parked("malformed", f"{type(failure).__name__}: {failure}"))
    else:
        if entry.kind in EFFECTS:
            _release(store, effects, entry)
        if entry.kind in SETTLES:
            _settle(store, effects, entry, settle_returns)
        if may_settle(entry):
            _settle(store, effects, entry, settle_void)


def _release(store: Store, effects: Effects, came: Entry) -> None:
    """Book what other tills gave back of this receipt before it came; a difference stands at `came`."""
    for row in log.waiting_for(store, came.receipt):
        entry = entry_from(bytes(row["body"]))
        try:
            with store.attempt():
                effects.apply(entry)
        except Waiting:
            continue
        except Parked as reason:
            log.mark(store, entry.incarnation, entry.seq, log.REFUSED_LATE)
            effects.differ(came, reason.kind, f"{entry.incarnation}/{entry.seq}: {reason}")
        else:
            log.mark(store, entry.incarnation, entry.seq, log.BOOKED)


def _settle(
    store: Store, effects: Effects, came: Entry, settle: Callable[[Store, Effects, Entry], None]
) -> None:
    """Settle what waited for this entry; what cannot be settled stays a difference."""
    try:
        with store.attempt():
            settle(store, effects, came)
    except (Parked, *POISON) as failure:
        effects.differ(came, "return_not_settled", f"{type(failure).__name__}: {failure}")


def _park(store: Store, logged: Booked, reason: Parked) -> None:
    log.mark(store, logged.incarnation, logged.seq, log.PARKED)
    log.add_difference(
        store, (logged.incarnation, logged.seq, logged.receipt), reason.kind, str(reason)[:2000]
    )


def _read(body: bytes) -> Entry | None:
    try:
        entry = entry_from(body)
    except msgspec.DecodeError:
        return None
    return entry if abs(entry.amount) < LARGEST_NUMBER else None


def _logged(incarnation: str, received: Received, entry: Entry | None, head: bytes) -> Booked:
    told = entry or Entry(incarnation, received.seq, kind="")
    return Booked(
        incarnation=incarnation,
        seq=received.seq,
        kind=told.kind,
        receipt=told.receipt,
        part=told.part,
        undoes=str(told.data.get("undoes") or "") if told.kind == "REVERSE" else "",
        account=told.account,
        unit=told.unit,
        amount=told.amount,
        at=told.at,
        body=received.body,
        hash=head,
        accepted_ms=received.accepted_ms,
    )
