"""The member directory beside the ledger: read-only, as of one cursor; what changed since lies in the ledger.

A directory is replaced whole by a newer one: fetched under another name, checked, renamed, named in the
ledger, and only then are the ledger's own rows dropped that it contains.
"""

import contextlib
from collections import OrderedDict
from pathlib import Path
from threading import Lock
from typing import Any

from agent.errors import LedgerDamaged, LedgerError
from agent.journal.directory import APPLICATION_ID, FORMAT, card_key, file_name, member_key
from agent.ledger.database import Connection, SqliteError
from agent.ledger.storage import DiskStorage, Storage
from agent.loyalty.compact import expand
from agent.loyalty.member import MemberFacts

CACHE_KIB = 8 * 1024
REMEMBERED = 64
"""Members kept as read: a sale asks for its member at card read, quote and commit."""
_MEMBER = "SELECT facts FROM member WHERE key = ?"
_HOLDER = "SELECT rest, blocked, facts FROM card JOIN member ON member.key = card.member WHERE card.key = ?"
MARK = "directory"
"""The ledger's mark that names the directory in use by its cursor."""


class Directory:
    """One directory file, open; may be asked from any thread."""

    def __init__(self, path: Path, storage: Storage | None = None) -> None:
        """Open a directory, which lies in that storage.

        Raises:
            LedgerDamaged: it is no directory of ours, or of another format.
        """
        self._path = path
        self._lock = Lock()
        self._last: OrderedDict[str, MemberFacts] = OrderedDict()
        place = storage or DiskStorage(path.parent)
        self._db: Connection = place.connect(path.name, read_only=True, immutable=True)
        try:
            self._db.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
            known = self._db.execute("PRAGMA application_id").fetchone()[0]
            about = dict(self._db.execute("SELECT name, value FROM about").fetchall())
        except SqliteError as failure:
            self._db.close()
            raise _damaged(path, str(failure)) from None
        self.cursor, self.members = int(about.get("cursor", -1)), int(about.get("members", -1))
        if known != APPLICATION_ID or about.get("format") != FORMAT or path.name != file_name(self.cursor):
            self._db.close()
            raise _damaged(path, "it is not what its name says")

    def holder(self, tag: bytes) -> tuple[MemberFacts, bool] | None:
        """Return a card's member and whether the card is blocked, None if it is not here."""
        key, rest = card_key(tag)
        row = self._one(_HOLDER, key)
        if row is None or row[0] != rest:
            return None
        return self._remembered(row[2]), bool(row[1])

    def by_name(self, member: str) -> MemberFacts | None:
        """Return the member of this pseudonym; none ever changes, so the last ones are remembered."""
        known = self._last.get(member)
        if known is None and (row := self._one(_MEMBER, member_key(member))) is not None:
            known = self._remembered(row[0])
        return known if known is not None and known.member == member else None

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._db.close()

    def _remembered(self, facts: bytes) -> MemberFacts:
        known = expand(facts)
        self._last[known.member] = known
        if len(self._last) > REMEMBERED:
            self._last.popitem(last=False)
        return known

    def _one(self, sql: str, key: int) -> tuple[Any, ...] | None:
        with self._lock:
            try:
                found: tuple[Any, ...] | None = self._db.execute(sql, (key,)).fetchone()
            except SqliteError as failure:
                raise _damaged(self._path, str(failure)) from None
        return found


class Shelf:
    """Holds the directory in use, None before the first one; replaced whole."""

    def __init__(self, directory: Directory | None = None) -> None:
        self.directory = directory

    def put(self, directory: Directory) -> None:
        """Use this one from now on."""
        old, self.directory = self.directory, directory
        if old is not None:
            old.close()

    def close(self) -> None:
        """Let go of what is open."""
        if self.directory is not None:
            self.directory.close()


def open_shelf(folder: Path, cursor: int, storage: Storage | None = None) -> Shelf:
    """Open the directory that the ledger names (0: none yet); one that is gone or broken is none.

    A till without it sells on: unknown cards earn later, and the next pull fetches it again.  In a till's own
    `storage` older ones are removed, which a power cut may have left behind.
    """
    if not cursor:
        return Shelf()
    try:
        shelf = Shelf(Directory(folder / file_name(cursor), storage))
    except LedgerError:
        return Shelf()
    if storage is not None:
        remove_older(folder, storage, cursor)
    return shelf


def remove_older(folder: Path, storage: Storage, cursor: int) -> None:
    """Remove directories, and unfinished ones, older than that of `cursor`; one that stays goes next time."""
    for path in folder.glob("members-*.db*"):
        number = path.name.removeprefix("members-").partition(".")[0]
        if number.isdigit() and int(number) < cursor:
            with contextlib.suppress(OSError):
                storage.remove(path.name)


def _damaged(path: Path, reason: str) -> LedgerDamaged:
    return LedgerDamaged(f"{path} cannot be used: {reason}", remedy="it is fetched again with the next pull")
