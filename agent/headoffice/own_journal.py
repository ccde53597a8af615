"""Head office's own journal: what it sets aside or erases stands here before anybody hears of it (S1).

The books may come back from an older backup; this journal lies in files of its own, and what the books
lack is put back from it, so the same points are not set aside twice and who was erased stays erased.
One chained entry each, in the same segments as received journals.  Books that lack even the name of a
journal start a new one.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from agent.clock import random_id
from agent.errors import LedgerDamaged
from agent.headoffice.segments import Append, Segments, append_durably
from agent.headoffice.store import allowances, erasures, members, own
from agent.headoffice.store.allowances import BASKET, Issue
from agent.headoffice.store.protocol import Store
from agent.journal.chain import chain_end
from agent.journal.entry import Entry, canonical_bytes, entry_from
from agent.sync.wire import Push, Sealed, encode

NAME = "head office"
ALLOW, ERASE = "ALLOW", "ERASE"


class OwnJournal:
    """Written under the books' writing lock alone; `folder` should be on the disk of the segments."""

    def __init__(
        self,
        folder: Path,
        store: Store,
        *,
        for_writing: bool,
        append: Append = append_durably,
        new_id: Callable[[], str] = random_id,
    ) -> None:
        self._store = store
        self._new_id = new_id
        self._segments = Segments(folder, for_writing=for_writing, append=append)
        self._incarnation = ""

    def open(self) -> int:
        """Put back into the books what they lack; return how many entries that were.

        Raises:
            LedgerDamaged: it contradicts the books.
        """
        with self._store.writing():
            count = sum(self._catch_up(name) for name in self._segments.incarnations())
            name, seq, head = own.newest(self._store) or (self._new_id(), 0, b"")
            if seq and self._segments.received(name) != (seq, head):
                # Its file is gone or older than the books, which hold all of it: a new one goes on.
                name = self._new_id()
            self._incarnation = name
            own.move_mark(self._store, name, *self._segments.received(name))
        return count

    def catch_up(self) -> int:
        """Put back what was written here although the books' commit failed; inside `writing`."""
        return self._catch_up(self._incarnation)

    def write(self, issues: Sequence[Issue], now_ms: int) -> None:
        """Write allowances durably, with one flush; inside the transaction that issues them.

        Raises:
            LedgerReadOnly: they could not be written; none may be issued.
        """
        self._append([_entry(issue) for issue in issues], now_ms)

    def write_erasure(self, member: str, erased_ms: int) -> None:
        """Write one erasure durably; as `write`.

        Raises:
            LedgerReadOnly: it could not be written; no till may hear of it.
        """
        self._append([Entry("", 0, ERASE, account=member)], erased_ms)

    def _append(self, entries: Sequence[Entry], now_ms: int) -> None:
        seq, head = self._segments.received(self._incarnation)
        bodies = [
            canonical_bytes(
                msgspec.structs.replace(entry, incarnation=self._incarnation, seq=number, wall_ms=now_ms)
            )
            for number, entry in enumerate(entries, start=seq + 1)
        ]
        push = Push(self._incarnation, seq + 1, head, bodies, chain_end(head, bodies))
        self._segments.append(push, encode(Sealed(NAME, encode(push), b"")), now_ms)
        own.move_mark(self._store, self._incarnation, seq + len(bodies), push.last_hash)

    def issues(self) -> Iterator[tuple[str, int, Issue]]:
        """Yield every allowance written, with the journal and number of each."""
        for name in self._segments.incarnations():
            for received in self._segments.entries(name, 0):
                if (entry := entry_from(received.body)).kind == ALLOW:
                    yield name, received.seq, _issue(entry)

    def _catch_up(self, incarnation: str) -> int:
        seq, head = self._segments.received(incarnation)
        booked_seq, booked_hash = own.mark(self._store, incarnation)
        if seq < booked_seq or (seq == booked_seq and head != (booked_hash or head)):
            return 0  # older than the books; `open` begins a new one
        count = 0
        for received in self._segments.entries(incarnation, booked_seq):
            entry = entry_from(received.body)
            if entry.kind == ERASE:
                count += _erase_again(self._store, entry)
            else:
                count += _put_back(self._store, _issue(entry))
        if seq > booked_seq:
            own.move_mark(self._store, incarnation, seq, head)
        return count


def _put_back(store: Store, issue: Issue) -> bool:
    known = allowances.by_number(store, issue.incarnation, issue.number)
    if known is None:
        allowances.issue(store, issue._replace(member=members.owner_of(store, issue.member)))
        allowances.skip_number(store, issue.incarnation, issue.number)
        return True
    if (known["request_id"], known["issued"]) != (issue.request_id, sum(part for _, part in issue.slices)):
        raise LedgerDamaged(
            f"allowance {issue.number} of {issue.incarnation} is another one in the books",
            remedy="bring back books and own journal of one time",
        )
    return False


def _erase_again(store: Store, entry: Entry) -> bool:
    known = erasures.erasure(store, entry.account)
    if known is not None and known["erased_ms"] >= entry.wall_ms:
        return False
    erasures.erase(store, entry.account, entry.wall_ms)
    erasures.announce(store, entry.account)
    return True


def _entry(issue: Issue) -> Entry:
    data = {
        "incarnation": issue.incarnation,
        "request_id": issue.request_id,
        "slices": [list(one) for one in issue.slices],
        "honour_until_ms": issue.honour_until_ms,
    }
    if issue.purpose != BASKET:
        data["purpose"] = issue.purpose
    return Entry("", 0, ALLOW, account=issue.member, unit=issue.wallet, allowance=issue.number, data=data)


def _issue(entry: Entry) -> Issue:
    data = entry.data
    return Issue(
        incarnation=data["incarnation"],
        number=entry.allowance,
        member=entry.account,
        wallet=entry.unit,
        request_id=data["request_id"],
        slices=[(lot, amount) for lot, amount in data["slices"]],
        issued_ms=entry.wall_ms,
        honour_until_ms=data["honour_until_ms"],
        purpose=data.get("purpose", BASKET),
    )
