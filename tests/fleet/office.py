"""Head office in the fleet: the production one, with its door as a function and its projector as a timer."""

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from agent.config.headoffice import Placement
from agent.errors import LedgerDamaged, LedgerReadOnly, LoyaltyError
from agent.headoffice import decisions, giving_up, members, placement, publish, tills
from agent.headoffice.office import Disk as OfficeDisk
from agent.headoffice.office import Office
from agent.headoffice.reexecute import Judge
from agent.headoffice.store import tills as journals
from agent.headoffice.store.database import Database
from agent.sync.signing import is_from
from agent.sync.wire import (
    BLOB_PATH,
    PATHS,
    Acknowledged,
    AllowanceRequest,
    Hello,
    MemberRequest,
    Pull,
    Push,
    Retry,
    Sealed,
    encode,
)
from tests.fleet.machine import Machine
from tests.fleet.mount import FleetVfs
from tests.fleet.oracle import Oracle
from tests.fleet.story import Story
from tests.fleet.wiring import Wiring

BOOKED_WITHIN_S = 2.0
PLACED = {
    False: Placement(policy="half_at_home"),
    True: Placement(policy="whole_at_home", least=20),
}
"""What lies in the home stores; where those have a pool, as much as can be."""
BOOKS = ("books.db", "books.db-wal")
_decode_sealed = msgspec.msgpack.Decoder(Sealed).decode


class FleetOffice(Machine):
    """One head office; `answer` is its door."""

    def __init__(
        self,
        place: Path,
        vfs: FleetVfs,
        *,
        chance: Random,
        wiring: Wiring,
        story: Story,
        oracle: Oracle,
        template: Callable[[Path], None],
        has_pools: bool,
    ) -> None:
        super().__init__("office", place, vfs, chance=chance)
        self._wiring = wiring
        self._story = story
        self._oracle = oracle
        self._vfs = vfs
        self._names = 0
        self._books_soon = False
        self._placement = PLACED[has_pools]
        self.office: Office | None = None
        template(self.disk.folder)
        self._handlers: dict[str, tuple[Any, Callable[..., Any]]] = {
            PATHS[Hello]: (Hello, self._greet),
            PATHS[Push]: (Push, self._push),
            PATHS[AllowanceRequest]: (AllowanceRequest, self._allow),
            PATHS[MemberRequest]: (MemberRequest, self._look_up),
            PATHS[Pull]: (Pull, self._page),
        }
        self._decoders = {
            path: msgspec.msgpack.Decoder(kind).decode for path, (kind, _) in self._handlers.items()
        }

    @property
    def open(self) -> Office:
        """The running office."""
        assert self.office is not None, "head office is down"
        return self.office

    def answer(self, path: str, body: bytes) -> bytes | None:
        """Answer a till; None if head office is down, or went down over it."""
        if not self.is_alive:
            return None
        if path.startswith(BLOB_PATH):
            return publish.blob(self.open, path.removeprefix(BLOB_PATH)) or b""
        sealed = _decode_sealed(body)
        key = tills.public_key_of(self.open, sealed.till)
        assert key is not None
        assert is_from(sealed, path, key)
        message = self._decoders[path](sealed.payload)
        try:
            told = self._handlers[path][1](sealed.till, message, body)
        except LedgerReadOnly:
            told = Retry(5000)
        if not self.is_alive:
            self._story.event(self.name, f"went down over {path[9:]}")
            return None
        self._oracle.office_said(sealed.till, message, told)
        return encode(told)

    def book(self) -> None:
        """Book all that was received: the projector's turn."""
        self._books_soon = False
        if not self.is_alive:
            return
        self._projector.book()
        if self.is_alive:
            self._oracle.booked(self.open)

    def place(self) -> None:
        """Plan stock for the stores, as the nightly command does; the projector sets it aside."""
        if self.is_alive:
            try:
                planned = list(placement.plan(self.open, self._placement))
                for some in planned:
                    placement.order(self.open, some, self._placement)
            except LoyaltyError:
                return
            orders = sum(len(one.orders) for one in planned)
            recalls = sum(len(one.recalls) for one in planned)
            self._story.event(self.name, f"places {orders} lots of stock, wants {recalls} back")
            self._book_soon()

    def write_off(self, till: str, *, give_back: bool) -> None:
        """Give up a till's earlier journals, as two people do."""
        if not self.is_alive:
            return
        given_up = [
            row["incarnation"]
            for row in journals.journals(self.open.store)
            if row["till"] == till and row["state"] == "FENCED"
        ]
        try:
            if given_up:
                if give_back:
                    for incarnation in given_up:
                        self._oracle.gave_up(self.open, incarnation)
                giving_up.write_off(self.open, till, ("a", "b"), give_back=give_back)
                self._story.event(self.name, f"{len(given_up)} journals of {till} written off")
        except LoyaltyError as failure:
            self._story.event(self.name, f"{till} not written off: {failure.code}")

    def backup(self) -> dict[str, bytes]:
        """Copy the books, and nothing else."""
        return self.disk.snapshot(*BOOKS)

    def restore(self, books: dict[str, bytes]) -> None:
        """Put older books in place of those in use; segments and own journal stay."""
        self.kill()
        self.disk.replace_files(books, but_remove=tuple(name for name in BOOKS if name not in books))
        self.start()

    def was_cut(self, how: str) -> None:
        """Tell of a cut in the middle of a write."""
        self._story.event(self.name, f"power cut while writing: {how}")

    def _boot(self) -> bool:
        disk = OfficeDisk(
            books=lambda path: self._wiring.books(Database(path, vfs=self._vfs.name)),
            append=self._wiring.append(self.disk),
        )
        try:
            self.office = self._wiring.office(
                self.disk.folder, self.clock, serving=True, disk=disk, new_id=self._new_id
            )
            decisions.catch_up(self.office)
        except LedgerDamaged as failure:
            if not self.disk.dead:
                self._story.violated("I5", f"head office does not open: {failure}")
            return False
        except LoyaltyError:
            return False  # the power went while it started
        self._projector = self._wiring.projector(
            self.office, Judge(self.office.store), on_failure=lambda: None
        )
        self._oracle.office_started(self.office)
        self._book_soon()
        return True

    def _abandon(self) -> None:
        if self.office is not None:
            self.office.close()
            self.office = None

    def _book_soon(self) -> None:
        if not self._books_soon:
            self._books_soon = True
            self.loop.call_later(self.chance.uniform(0.05, BOOKED_WITHIN_S), self.book)

    def _new_id(self) -> str:
        self._names += 1
        return f"{self._names:032x}"

    def _greet(self, till: str, message: Hello, _: bytes) -> Any:
        return self._wiring.greet(self.open, till, message)

    def _push(self, till: str, message: Push, raw: bytes) -> Any:
        told = self._wiring.receive(self.open, till, message, raw)
        said = f"{till} pushed {message.first_seq}+{len(message.entries)}: {_in_short(told)}"
        self._story.event(self.name, said)
        self._book_soon()
        return told

    def _allow(self, till: str, message: AllowanceRequest, _: bytes) -> Any:
        told = self._wiring.allow(self.open, till, message)
        self._story.event(self.name, f"{till} asked for {message.request_id}: {_in_short(told)}")
        return told

    def _look_up(self, _till: str, message: MemberRequest, _: bytes) -> Any:
        return members.look_up(self.open, message.card_tag)

    def _page(self, till: str, message: Pull, _: bytes) -> Any:
        return self._wiring.page(self.open, till, message)


def _in_short(told: Any) -> str:
    name = type(told).__name__
    match told:
        case Acknowledged(received_seq=seq):
            return f"{name} {seq}"
        case _ if hasattr(told, "number"):
            return f"{name} #{told.number} of {told.amount}"
        case _ if hasattr(told, "reason"):
            return f"{name} {told.reason}"
        case _:
            return name
