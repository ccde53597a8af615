"""One head office: its books, its segments and its keys, opened together."""

import fcntl
import os
import secrets
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agent.clock import Clock, random_id
from agent.errors import ConfigurationError, LedgerBusy, LedgerDamaged, LoyaltyError
from agent.headoffice.own_journal import OwnJournal
from agent.headoffice.segments import Append, Segments, append_durably
from agent.headoffice.store import settings, tills
from agent.headoffice.store.database import Database

log = structlog.get_logger()
FLEET_KEY_BYTES = 32


class Disk(NamedTuple):
    """How head office reaches its disk: a simulation plants its faults here."""

    books: Callable[[Path], Database] = Database
    append: Append = append_durably


class Office:
    """What every part of head office is given; `clock` is the only time they know.

    One process at a time serves; commands open the same folder beside it.  `new_id` names its own journals.
    """

    def __init__(
        self,
        state: Path,
        clock: Clock,
        *,
        serving: bool = False,
        disk: Disk = Disk(),  # noqa: B008 - a tuple of functions
        new_id: Callable[[], str] = random_id,
    ) -> None:
        self.state = state
        self.clock = clock
        self._disk = disk
        self._new_id = new_id
        try:
            state.mkdir(mode=0o750, parents=True, exist_ok=True)
            self._lock = _lock(state / "lock") if serving else None
        except OSError as failure:
            raise ConfigurationError(
                f"{state} cannot be used: {failure.strerror}", remedy="check paths.state and its rights"
            ) from None
        try:
            self.store = disk.books(state / "books.db")
            # Microseconds since 1970: above every change of books that an older copy took the place of.
            self.store.changes_from = self.now_ms() * 1000
            settings.make_settings(
                self.store,
                {
                    "fleet_key": secrets.token_bytes(FLEET_KEY_BYTES),
                    "publisher_key": Ed25519PrivateKey.generate().private_bytes_raw(),
                },
            )
            if serving:
                self.segments.incarnations()  # cut torn tails and find damage before anybody is answered
                if put_back := self.own_journal.open():
                    log.warning("own journal put back into older books", count=put_back)
        except LoyaltyError:
            self.close()
            raise

    @cached_property
    def segments(self) -> Segments:
        """The received journals, read once.

        Raises:
            LedgerDamaged: a segment ends before what was booked from it; that is no torn tail.
        """
        # The marks first: a server beside us may receive and book while we read the files.
        booked = [
            (row["incarnation"], row["booked_seq"], bytes(row["booked_hash"]))
            for row in tills.journals(self.store)
        ]
        segments = Segments(
            self.state / "segments", for_writing=self._lock is not None, append=self._disk.append
        )
        for incarnation, booked_seq, booked_hash in booked:
            seq, head = segments.received(incarnation)
            if seq < booked_seq or (seq == booked_seq and head != booked_hash):
                raise LedgerDamaged(
                    f"the segment of {incarnation} ends at entry {seq}, booked are {booked_seq}",
                    remedy="restore the segments folder from a backup",
                )
        return segments

    @cached_property
    def own_journal(self) -> OwnJournal:
        """What head office set aside, read once.

        Raises:
            LedgerDamaged: one of its files cannot be read.
        """
        return OwnJournal(
            self.state / "own",
            self.store,
            for_writing=self._lock is not None,
            append=self._disk.append,
            new_id=self._new_id,
        )

    @property
    def fleet_key(self) -> bytes:
        """The key under which all tags are made, 32 bytes."""
        return settings.setting(self.store, "fleet_key")

    @property
    def publisher(self) -> Ed25519PrivateKey:
        """The key that signs programmes."""
        return Ed25519PrivateKey.from_private_bytes(settings.setting(self.store, "publisher_key"))

    def now_ms(self) -> int:
        """Return the wall time in milliseconds."""
        return int(self.clock.now().timestamp() * 1000)

    def close(self) -> None:
        """Close the books and let go of the folder."""
        if hasattr(self, "store"):
            self.store.close()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def _lock(path: Path) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise LedgerBusy(f"another head office serves {path.parent}", remedy="stop it first") from None
    return descriptor
