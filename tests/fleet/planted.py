"""Planted bugs by name: each takes the place of one piece of production in the fleet's wiring.

The first seven are the rules of the allowance protocol, switched off one by one; the others break the
till, the line's ends and head office elsewhere.  `SEEDS` says in how many runs each must have shown.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec

from agent.errors import Refused
from agent.headoffice import allowances, delta, intake, tills
from agent.headoffice.office import Office
from agent.headoffice.own_journal import OwnJournal
from agent.headoffice.projector import Projector
from agent.headoffice.store import allowances as rows
from agent.headoffice.store import tills as journals
from agent.journal.entry import Draft, Entry
from agent.ledger.records import Slice
from agent.ledger.transaction import Transaction
from agent.sync.loop import SyncLoop
from agent.sync.session import Session
from agent.sync.wire import Acknowledged, AllowanceRequest, Gap, Push, Refusal
from tests.faultlab.mutants import MUTANTS as STORAGES
from tests.faultlab.mutants import Tampered
from tests.fleet.disk import Disk
from tests.fleet.wiring import Wiring

HOUR_MS = 3_600_000


# ------------------------------------------------------------- the seven rules of the protocol


def _reclaim_on_timer(office: Office, till: str, request: AllowanceRequest) -> Any:
    """Head office takes back what no journal spoke of for an hour."""
    with office.store.writing():
        office.store.run(
            "UPDATE allowance SET state = 'CLOSED' WHERE issued_ms < ?", (office.now_ms() - HOUR_MS,)
        )
    return allowances.answer(office, till, request)


class _AcceptsAgain(Transaction):
    """A till takes an allowance in that it gave back before."""

    def accept_allowance(self, allowance: Any) -> bool:
        if self._one("SELECT 1 FROM allowance WHERE number = ? AND closed > 0", allowance.number):
            self._db.execute("DELETE FROM allowance_lot WHERE number = ?", (allowance.number,))
            self._db.execute("DELETE FROM allowance WHERE number = ?", (allowance.number,))
        return super().accept_allowance(allowance)


class _BooksAgain(Projector):
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


class _AnyEpoch(Transaction):
    """A till takes in what was given to an earlier incarnation."""

    def accept_allowance(self, allowance: Any) -> bool:
        ours = msgspec.structs.replace(allowance, incarnation=self.incarnation)
        return super().accept_allowance(ours)


def _free_the_dead(office: Office, till: str, hello: Any) -> Any:
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


# ------------------------------------------------------------- the till


class _Unchecked(Transaction):
    """A till redeems what is wished, whatever its allowance holds."""

    def take(self, member: str, wallet: str, points: int, day: Any) -> list[Slice]:
        chosen = super().take(member, wallet, points, day)
        row = self._one(
            "SELECT number, lot FROM allowance JOIN allowance_lot USING (number)"
            " WHERE member = ? AND wallet = ? ORDER BY number DESC",
            member,
            wallet,
        )
        return [Slice(row[0], row[1], points)] if row is not None and points > 0 else chosen

    def _derive(self, entry: Entry) -> None:
        try:
            super()._derive(entry)
        except Refused:
            self.failed = None


class _GivesBack(Transaction):
    """A cancelled redemption goes back into the till's allowance, open or not, while head office frees it."""

    def append(self, draft: Draft) -> Entry:
        entry = super().append(draft)
        if entry.kind == "REVERSE" and entry.data.get("undoes") == "REDEEM":
            of = int(entry.data["of"][1])
            original = next(one for one in self.entries_of(entry.receipt) if one.seq == of)
            for lot, amount in entry.lots:
                self._db.execute(
                    "UPDATE allowance_lot SET spent = spent - ? WHERE number = ? AND lot = ?",
                    (amount, original.allowance, lot),
                )
            self._db.execute("UPDATE allowance SET closed = 0 WHERE number = ?", (original.allowance,))
        return entry


class _NoWitness(Tampered):
    """A till does not look whether an older copy of its ledger came back."""

    def read(self, name: str) -> bytes | None:
        return None if name == "witness" else self.real.read(name)


class _Forgetful(Session):
    """A till holds a page of news for taken in before it is."""

    async def _take_in(self, delta: Any) -> None:
        await self._write(lambda tx: tx.set_mark("cursor", delta.to_cursor))
        if not delta.programmes and self._now_ms() % 3 == 0:
            return
        await super()._take_in(delta)


class _Believing(Session):
    """A till holds what it sends for acknowledged, and does not send it again."""

    async def _greet(self, incarnation: str, head_seq: int) -> int:
        waits = await super()._greet(incarnation, head_seq)
        sent = self._ledger.read.mark("sent")
        if incarnation == self._ledger.incarnation and not waits:
            self._received[incarnation] = max(self._received[incarnation], sent)
        return waits

    async def _push(self, incarnation: str) -> int:
        head = self._ledger.read.head()[0]
        await self._write(lambda tx: tx.set_mark("sent", head))
        return await super()._push(incarnation)


def _syncing(session: type[Session]) -> type[SyncLoop]:
    class Loop(SyncLoop):
        def __init__(self, *arguments: Any, **named: Any) -> None:
            super().__init__(*arguments, **named)
            told = {key: named[key] for key in ("clock", "publisher_key", "program_version", "on_programme")}
            self._session = session(*arguments, **told)

    return Loop


# ------------------------------------------------------------- head office


def _unsynced(disk: Disk) -> Callable[..., None]:
    """A batch is acknowledged before it is on the disk."""

    def append(path: Any, record: bytes, at: int) -> None:
        name = str(path.relative_to(disk.folder))
        if not path.exists():
            disk.act("open", name, path.touch, is_new=True)
        disk.act("write", name, lambda: disk.write_at(name, record, at), offset=at, data=record)

    return append


def _each_request_is_new(office: Office, till: str, request: AllowanceRequest) -> Any:
    """The same request again is another allowance."""
    (count,) = office.store.rows("SELECT count(*) AS n FROM allowance")
    again = msgspec.structs.replace(request, request_id=f"{request.request_id}/{count['n']}")
    return allowances.answer(office, till, again)


class _Unwritten(OwnJournal):
    """Head office's own journal is written after the answer: a backup of the books does not know it."""

    def write(self, issue: Any, now_ms: int) -> None:
        pass


class _ForgetsIssues(Office):
    @property
    def own_journal(self) -> OwnJournal:
        if not hasattr(self, "_unwritten"):
            self._unwritten = _Unwritten(
                self.state / "own",
                self.store,
                for_writing=self._lock is not None,
                append=self._disk.append,
                new_id=self._new_id,
            )
        return self._unwritten


def _skips_gaps(office: Office, till: str, push: Push, raw: bytes) -> Any:
    """The first batch of a longer backlog is acknowledged as if all of it had come."""
    told = intake.receive(office, till, push, raw)
    if isinstance(told, Acknowledged | Gap) and len(push.entries) > 1 and push.first_seq % 7 == 1:
        return Acknowledged(push.incarnation, push.first_seq + len(push.entries) - 1, push.last_hash)
    return told


def _refuses_the_dead(office: Office, till: str, push: Push, raw: bytes) -> Any:
    """What a replaced journal still has to say is not taken."""
    journal = journals.journal(office.store, push.incarnation)
    if journal is not None and journal["state"] != "ACTIVE":
        return Refusal("fenced", "this journal was replaced")
    return intake.receive(office, till, push, raw)


def _early_booked(office: Office, till: str, pull: Any) -> Any:
    """A page of news says that it contains what was only received."""
    told = delta.page(office, till, pull)
    if getattr(told, "booked_seq", -1) >= 0:
        return msgspec.structs.replace(told, booked_seq=office.segments.received(pull.incarnation)[0])
    return told


class _Altered:
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


def _books(before: str, after: str) -> Callable[[Any], Any]:
    return lambda real: _Altered(real, lambda sql: sql.replace(before, after))


SOUND = Wiring()
PLANTED: dict[str, Wiring] = {
    "reclaim_on_timer": replace(SOUND, allow=_reclaim_on_timer),
    "accept_after_close": replace(SOUND, transaction=_AcceptsAgain),
    "forget_booked": replace(SOUND, projector=_BooksAgain),
    "no_epoch": replace(SOUND, transaction=_AnyEpoch),
    "keep_epoch": replace(SOUND, incarnation=lambda till, _fresh: till.encode().hex().zfill(32)),
    "free_the_dead": replace(SOUND, greet=_free_the_dead),
    "redeem_unchecked": replace(SOUND, transaction=_Unchecked),
    "reverse_gives_back_here": replace(SOUND, transaction=_GivesBack),
    "answer_before_durable": replace(SOUND, storage=STORAGES["normal-sync"]),
    "repeat_is_new": replace(SOUND, storage=STORAGES["repeat-is-new"]),
    "no_witness": replace(SOUND, storage=_NoWitness),
    "cursor_before_news": replace(SOUND, sync=_syncing(_Forgetful)),
    "sent_is_acknowledged": replace(SOUND, sync=_syncing(_Believing)),
    "ack_before_durable": replace(SOUND, append=_unsynced),
    "each_request_is_new": replace(SOUND, allow=_each_request_is_new),
    "own_journal_unwritten": replace(SOUND, office=_ForgetsIssues),
    "ack_beyond_received": replace(SOUND, receive=_skips_gaps),
    "the_dead_are_refused": replace(SOUND, receive=_refuses_the_dead),
    "booked_too_early": replace(SOUND, page=_early_booked),
    "open_counts_as_free": replace(
        SOUND, books=_books("a.state = 'OPEN' AND s.lot = l.lot", "0 AND s.lot = l.lot")
    ),
    "twin_is_booked": replace(
        SOUND, books=_books("parked = 0 AND incarnation <> ? AND", "parked = 0 AND incarnation = '' || ? AND")
    ),
    "spending_is_not_booked": replace(
        SOUND,
        books=_books(
            "SET spent = spent + ? WHERE incarnation", "SET spent = spent + 0 * ? WHERE incarnation"
        ),
    ),
}
"""Every planted bug by its name."""
assert rows.FREE_LOTS.count("a.state = 'OPEN' AND s.lot = l.lot") == 1
