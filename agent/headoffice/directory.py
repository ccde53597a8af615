"""The member directory: all members as of now in one file, cut into pieces that tills fetch by hash.

A till needs it to know 6 million members without a network.  Made at night and after erasures; tills
hear of it with their next pull.
"""

import zlib
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from agent.headoffice.facts import Owned, facts_from
from agent.headoffice.office import Office
from agent.headoffice.store import directories, settings
from agent.headoffice.store.directory_file import Listed, write_directory
from agent.headoffice.store.protocol import Store
from agent.journal.directory import file_name
from agent.loyalty.compact import compact
from agent.sync.announced import DirectoryNews, PieceList, PieceNews
from agent.sync.wire import encode

PIECE_BYTES = 4 * 1024 * 1024
FOLDER = "directory"
_QUICK = 1
"""zlib's level: higher ones take three times as long for a tenth less."""


class Made(NamedTuple):
    """A directory that tills can fetch; sizes in bytes, `sent` as it travels."""

    cursor: int
    members: int
    size: int
    sent: int


def make(office: Office) -> Made:
    """Make the directory of this moment and announce it; pieces of the one before are removed.

    Raises:
        LedgerDamaged: two members or cards cannot be told apart.
        LedgerReadOnly: the books cannot be written now.
    """
    folder = office.state / FOLDER
    folder.mkdir(mode=0o750, exist_ok=True)
    store = office.store
    with store.reading():
        cursor = settings.change(store)
        file = folder / file_name(cursor)
        count = write_directory(file, cursor, _listed(store))
    pieces, sent = _cut(file, folder)
    size = file.stat().st_size
    file.unlink()
    text = encode(PieceList(cursor, pieces))
    digest = sha256(text).hexdigest()
    (folder / digest).write_bytes(text)
    with store.writing():
        if (known := directories.newest(store)) is None or known["cursor"] < cursor:
            signature = office.publisher.sign(digest.encode())
            directories.add(store, (cursor, digest, signature, count, size, office.now_ms()))
    _remove_old(folder, {digest, *(piece.blob for piece in pieces)})
    return Made(cursor, count, size, sent)


def directory_news(store: Store, *, above: int) -> DirectoryNews | None:
    """Return how a till that has the directory of cursor `above` hears of a newer one."""
    row = directories.newest(store)
    if row is None or row["cursor"] <= above:
        return None
    return DirectoryNews(row["cursor"], row["sha256"], bytes(row["signature"]))


def directory_blob(state: Path, digest: str) -> bytes | None:
    """Return a piece, or the list of pieces, by its SHA-256 (hex)."""
    if len(digest) != 2 * sha256().digest_size or not set(digest) <= set("0123456789abcdef"):
        return None
    try:
        return (state / FOLDER / digest).read_bytes()
    except FileNotFoundError:
        return None


def _listed(store: Store) -> Iterator[Listed]:
    for one in directories.everybody(store):
        facts = facts_from(one.row, Owned(*one[2:]))
        cards = [(bytes(card["tag"]), bool(card["blocked"])) for card in one.cards]
        yield Listed(one.row["member"], one.row["version"], compact(facts), cards)


def _cut(file: Path, folder: Path) -> tuple[list[PieceNews], int]:
    pieces, sent = [], 0
    with file.open("rb") as whole:
        while content := whole.read(PIECE_BYTES):
            packed = zlib.compress(content, _QUICK)
            blob = sha256(packed).hexdigest()
            (folder / blob).write_bytes(packed)
            pieces.append(PieceNews(blob, sha256(content).hexdigest(), len(content)))
            sent += len(packed)
    return pieces, sent


def _remove_old(folder: Path, kept: set[str]) -> None:
    for path in folder.iterdir():
        if path.name not in kept:
            path.unlink()
