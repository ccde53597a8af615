"""Head office's own journal of what people decided: corrections, transfers, merged members, cards, awards.

Chained and durable like a till's, in files of their own, so that older books get it back.  A command writes
it beside a running server: the books' writing lock is the lock of these files too.  A reference names each
decision: the same again is a read, other content under it a conflict.
"""

import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from agent.errors import Conflict, Refused
from agent.headoffice import moving
from agent.headoffice.booking import book_up_to
from agent.headoffice.moving import Decided
from agent.headoffice.office import Office
from agent.headoffice.reexecute import Judge
from agent.headoffice.segments import Segments
from agent.headoffice.store import moves, own, tills
from agent.headoffice.store.protocol import Store
from agent.journal.chain import genesis, next_hash
from agent.journal.entry import Draft, Entry, canonical_bytes, entry_from
from agent.journal.kinds import OPENING
from agent.sync.wire import Push, Sealed, encode

FOLDER = "decided"


def decide(
    office: Office, reference: str, asked: dict[str, Any], drafts: Callable[[], Sequence[Draft]]
) -> bool:
    """Write and book a decision in one transaction; return False if it was decided before.

    `drafts` is asked inside the transaction, so what it looks at cannot change before it is written.

    Raises:
        Conflict: something else was decided under this reference.
        Refused: what `drafts` or booking refuses, or these books are older; nothing is written.
        LedgerReadOnly: nothing can be written now.
    """
    with office.store.writing():
        segments = _caught_up(office)
        if known := moves.of_reference(office.store, reference):
            if entry_from(known[0]).data.get("asked") != asked:
                raise Conflict(
                    Conflict.code,
                    f"something else was decided under {reference}",
                    remedy="choose another reference",
                )
            return False
        name, seq, head = own.newest(office.store, own.DECISIONS) or ("", 0, b"")
        if not name or segments.received(name) != (seq, head):
            # Its file is gone or older than the books, which hold all of it: a new one goes on.
            name = secrets.token_hex(16)
            seq, head = segments.received(name)
        entries = [
            _numbered(office, draft, name, number, asked) for number, draft in enumerate(drafts(), seq + 1)
        ]
        made = list(_chained(((canonical_bytes(one), office.now_ms()) for one in entries), head))
        for one in made:
            moving.book(office.store, one)
        if made:
            _append(office, segments, made, head)
    return True


def catch_up(office: Office) -> int:
    """Book what older books lack of it; return how many entries that were."""
    if not (office.state / FOLDER).exists():
        return 0
    _book_the_given_up(office)
    with office.store.writing():
        before = _booked(office.store)
        _caught_up(office)
        return _booked(office.store) - before


def streams(office: Office) -> dict[str, Iterator[Decided]]:
    """Return what was decided, a stream for each journal of ours, from its first entry."""
    if not (office.state / FOLDER).exists():
        return {}
    segments = Segments(office.state / FOLDER, for_writing=False)
    return {name: _from_file(segments, name, 0, genesis(name)) for name in segments.incarnations()}


def _book_the_given_up(office: Office) -> None:
    """Book again, in older books, what journals had said before they were given up.

    The decision itself would make all of that late: points that members have would be gone.
    """
    segments = Segments(office.state / FOLDER, for_writing=False)
    for name in segments.incarnations():
        seq, head = own.mark(office.store, name)
        for one in _from_file(segments, name, seq, head or genesis(name)):
            for journal, seq in _booked_before(office, one):
                book_up_to(office.store, office.segments, journal, seq, Judge(office.store))


def _booked_before(office: Office, decided: Decided) -> list[tuple[str, int]]:
    """Return how far journals were booked when one was given up, as far as that is here."""
    entry = decided.entry
    if entry.kind != "WRITE_OFF" or entry.allowance:
        return []
    told: dict[str, int] = entry.data["booked"]
    return [(journal, min(seq, office.segments.received(journal)[0])) for journal, seq in told.items()]


def _caught_up(office: Office) -> Segments:
    """Open the files under the lock; what they hold beyond the books is booked first."""
    segments = Segments(office.state / FOLDER, for_writing=True)
    for name in segments.incarnations():
        seq, head = segments.received(name)
        booked_seq, booked_hash = own.mark(office.store, name)
        for decided in _from_file(segments, name, booked_seq, booked_hash or genesis(name)):
            _refuse_to_be_first(office, decided)
            moving.book(office.store, decided)
        if seq > booked_seq:
            own.move_mark(office.store, name, seq, head, own.DECISIONS)
    return segments


def _refuse_to_be_first(office: Office, decided: Decided) -> None:
    """Refuse to give a journal up in books that have not booked again what it said before."""
    for name, seq in _booked_before(office, decided):
        journal = tills.journal(office.store, name)
        if journal is not None and journal["booked_seq"] < seq:
            raise Refused(
                "books_behind",
                "these books are older than what was decided",
                remedy="start head office first",
            )


def _from_file(segments: Segments, name: str, after: int, head: bytes) -> Iterator[Decided]:
    return _chained(((one.body, one.accepted_ms) for one in segments.entries(name, after)), head)


def _chained(bodies: Iterable[tuple[bytes, int]], head: bytes) -> Iterator[Decided]:
    for body, decided_ms in bodies:
        head = next_hash(head, body)
        yield Decided(entry_from(body), body, head, decided_ms)


def _booked(store: Store) -> int:
    row = store.row("SELECT count(*) AS n FROM (SELECT DISTINCT incarnation, seq FROM movement) AS one")
    assert row is not None
    return int(row["n"])


def _numbered(office: Office, draft: Draft, name: str, seq: int, asked: dict[str, Any]) -> Entry:
    fields = {field: getattr(draft, field) for field in Draft.__struct_fields__}
    if draft.amount > 0 and not draft.lots and draft.kind in OPENING:
        fields["lots"] = [(f"{name[:8]}-{seq}", draft.amount)]
    fields["data"] = draft.data | {"asked": asked}
    fields["at"] = draft.at or office.clock.now().isoformat()
    return Entry(name, seq, wall_ms=office.now_ms(), **fields)


def _append(office: Office, segments: Segments, made: Sequence[Decided], head: bytes) -> None:
    first, last = made[0].entry, made[-1]
    push = Push(first.incarnation, first.seq, head, [one.body for one in made], last.hash)
    segments.append(push, encode(Sealed(moving.NAME, encode(push), b"")), last.decided_ms)
    own.move_mark(office.store, push.incarnation, last.entry.seq, last.hash, own.DECISIONS)
