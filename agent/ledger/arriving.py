"""A directory on its way: written piece by piece under another name, and whole before it gets its own.

What lies there already after a cut is checked against the signed list and kept, so a download of
hundreds of megabytes goes on where it stopped.
"""

import contextlib
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from agent.errors import LedgerDamaged, LedgerReadOnly
from agent.journal.directory import file_name
from agent.ledger.directory import Directory
from agent.ledger.storage import Storage

SPARE_BYTES = 64 * 1024 * 1024
"""What must stay free on the disk for the ledger itself."""
FLUSH_EVERY = 8
"""Pieces between flushes, so that the last one has little to do."""


class Piece(NamedTuple):
    """A stretch of the file: SHA-256 (hex) and length of its bytes as they lie in it."""

    sha256: str
    size: int


class Arriving:
    """A directory file under way in the state folder."""

    def __init__(self, folder: Path, storage: Storage, cursor: int, pieces: Sequence[Piece]) -> None:
        self._path = folder / file_name(cursor)
        self._storage = storage
        self._pieces = pieces
        self._part = f"{self._path.name}.part"
        self._has_name = False
        self.done = self._kept()
        """How many pieces lie here."""

    @property
    def is_whole(self) -> bool:
        """Say whether every piece is here."""
        return self.done == len(self._pieces)

    def add(self, content: bytes) -> None:
        """Write the next piece.

        Raises:
            LedgerDamaged: it is not the piece that was announced.
            LedgerReadOnly: it cannot be written, or the disk would be left too full.
        """
        piece = self._pieces[self.done]
        if not _is_it(content, piece):
            raise LedgerDamaged(f"piece {self.done} of {self._part} is not as announced")
        missing = self._bytes(len(self._pieces)) - self._bytes(self.done)
        try:
            if self._storage.free_bytes() < missing + SPARE_BYTES:
                raise LedgerReadOnly(
                    f"no room for the member directory: {missing} bytes are missing",
                    remedy="free space on the disk",
                )
            # At its own place, whatever a write that failed half-way left there.
            self._storage.write_at(self._part, self._bytes(self.done), content)
            if (self.done + 1) % FLUSH_EVERY == 0:
                self._flush()
        except OSError as failure:
            raise self._unwritable(failure) from None
        self.done += 1

    def finish(self) -> Directory:
        """Flush the whole file, give it its name and open it; once more if what followed failed.

        Raises:
            LedgerDamaged: it is no directory.
            LedgerReadOnly: the disk failed; pieces that are lost with it are missing again.
        """
        assert self.is_whole, "pieces are missing"
        try:
            if not self._has_name:
                self._storage.write_at(self._part, self._bytes(self.done), b"")
                self._flush()
                self._storage.replace(self._part, self._path.name)
                self._has_name = True
            self._storage.flush_directory()
        except OSError as failure:
            raise self._unwritable(failure) from None
        try:
            return Directory(self._path, self._storage)
        except LedgerDamaged:
            with contextlib.suppress(OSError):
                self._storage.remove(self._path.name)
            raise

    def _flush(self) -> None:
        try:
            self._storage.flush(self._part)
        except OSError:
            # The kernel takes lost pages for written now: no byte of the file is believed any more.
            self.done = 0
            with contextlib.suppress(OSError):
                self._storage.remove(self._part)
            raise

    def _unwritable(self, failure: OSError) -> LedgerReadOnly:
        return LedgerReadOnly(f"{self._part} cannot be written: {failure.strerror}")

    def _bytes(self, pieces: int) -> int:
        return sum(piece.size for piece in self._pieces[:pieces])

    def _kept(self) -> int:
        """Count the pieces that lie here as announced; what cannot be read is fetched again."""
        kept = 0
        with contextlib.suppress(OSError):
            while kept < len(self._pieces) and self._storage.exists(self._part):
                piece = self._pieces[kept]
                if not _is_it(self._storage.read_at(self._part, self._bytes(kept), piece.size), piece):
                    break
                kept += 1
        return kept


def _is_it(content: bytes, piece: Piece) -> bool:
    return len(content) == piece.size and sha256(content).hexdigest() == piece.sha256
