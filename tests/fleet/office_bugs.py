"""Planted bugs of head office."""

from collections.abc import Callable
from typing import Any

import msgspec

from agent.headoffice import allowances, delta, intake, tills
from agent.headoffice.office import Office
from agent.headoffice.own_journal import OwnJournal
from agent.headoffice.projector import Projector
from agent.headoffice.store import tills as journals
from agent.sync.wire import Acknowledged, AllowanceRequest, Gap, Push, Refusal
from tests.fleet.disk import Disk

HOUR_MS = 3_600_000


def reclaim_on_timer(office: Office, till: str, request: AllowanceRequest) -> Any:
    """Head office takes back what no journal spoke of for an hour."""
    with office.store.writing():
        office.store.run(
            "UPDATE allowance SET state = 'CLOSED' WHERE issued_ms < ?", (office.now_ms() - HOUR_MS,)
        )
    return allowances.answer(office, till, request)


class BooksAgain(Projector):
    """Head office forgets that it booked the last entries of a journal."""

    def book(self) -> None:
        super().book()
        store = self._office.store
        for row in journals.journals(store):
            seq = row["booked_seq"]
            if seq % 5 == 4:
                with store.writing():
                    store.run(
                        "DELETE FROM entry WHERE incarnation = ? AND seq = ?", (row["incarnation"], seq)
                    )
                    held = store.row(
                        "SELECT hash FROM entry WHERE incarnation = ? AND seq = ?",
                        (row["incarnation"], seq - 1),
                    )
                    assert held is not None
                    store.run(
                        "UPDATE incarnation SET booked_seq = ?, booked_hash = ? WHERE incarnation = ?",
                        (seq - 1, bytes(held["hash"]), row["incarnation"]),
                    )
        super().book()


def free_the_dead(office: Office, till: str, hello: Any) -> Any:
    """Head office frees what a till held, when it meets a new journal of it."""
    is_new = journals.journal(office.store, hello.incarnation) is None
    told = tills.greet(office, till, hello)
    if is_new:
        with office.store.writing():
            office.store.run(
                "UPDATE allowance SET state = 'CLOSED' WHERE incarnation IN"
                " (SELECT incarnation FROM incarnation WHERE till = ? AND incarnation <> ?)",
                (till, hello.incarnation),
            )
    return told


def unsynced(disk: Disk) -> Callable[..., None]:
    """A batch is acknowledged before it is on the disk."""

    def append(path: Any, record: bytes, at: int) -> None:
        name = str(path.relative_to(disk.folder))
        if not path.exists():
            disk.act("open", name, path.touch, is_new=True)
        disk.act("write", name, lambda: disk.write_at(name, record, at), offset=at, data=record)

    return append


def each_request_is_new(office: Office, till: str, request: AllowanceRequest) -> Any:
    """The same request again is another allowance."""
    (count,) = office.store.rows("SELECT count(*) AS n FROM allowance")
    again = msgspec.structs.replace(request, request_id=f"{request.request_id}/{count['n']}")
    return allowances.answer(office, till, again)


class Unwritten(OwnJournal):
    """Head office's own journal is written after the answer: a backup of the books does not know it."""

    def write(self, issue: Any, now_ms: int) -> None:
        pass


class ForgetsIssues(Office):
    @property
    def own_journal(self) -> OwnJournal:
        if not hasattr(self, "_unwritten"):
            self._unwritten = Unwritten(
                self.state / "own",
                self.store,
                for_writing=self._lock is not None,
                append=self._disk.append,
                new_id=self._new_id,
            )
        return self._unwritten


def skips_gaps(office: Office, till: str, push: Push, raw: bytes) -> Any:
    """The first batch of a longer backlog is acknowledged as if all of it had come."""
    told = intake.receive(office, till, push, raw)
    if isinstance(told, Acknowledged | Gap) and len(push.entries) > 1 and push.first_seq % 7 == 1:
        return Acknowledged(push.incarnation, push.first_seq + len(push.entries) - 1, push.last_hash)
    return told


def refuses_the_dead(office: Office, till: str, push: Push, raw: bytes) -> Any:
    """What a replaced journal still has to say is not taken."""
    journal = journals.journal(office.store, push.incarnation)
    if journal is not None and journal["state"] != "ACTIVE":
        return Refusal("fenced", "this journal was replaced")
    return intake.receive(office, till, push, raw)


def early_booked(office: Office, till: str, pull: Any) -> Any:
    """A page of news says that it contains what was only received."""
    told = delta.page(office, till, pull)
    if getattr(told, "booked_seq", -1) >= 0:
        return msgspec.structs.replace(told, booked_seq=office.segments.received(pull.incarnation)[0])
    return told


class Altered:
    """Books whose statements pass through a planted bug."""

    def __init__(self, real: Any, change: Callable[[str], str]) -> None:
        self._real = real
        self._change = change

    def rows(self, sql: str, values: Any = ()) -> Any:
        return self._real.rows(self._change(sql), values)

    def row(self, sql: str, values: Any = ()) -> Any:
        return self._real.row(self._change(sql), values)

    def run(self, sql: str, values: Any = ()) -> Any:
        return self._real.run(self._change(sql), values)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in {"_real", "_change"}:
            object.__setattr__(self, name, value)
        else:
            setattr(self._real, name, value)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


def books(before: str, after: str) -> Callable[[Any], Any]:
    return lambda real: Altered(real, lambda sql: sql.replace(before, after))
