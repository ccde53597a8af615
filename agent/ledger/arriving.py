"""A directory on its way: written piece by piece under another name, and whole before it gets its own.

What lies there already after a cut is checked against the signed list and kept, so a download of
hundreds of megabytes goes on where it stopped.
"""

import os
import shutil
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from agent.errors import LedgerDamaged, LedgerReadOnly
from agent.journal.directory import file_name
from agent.ledger.directory import Directory

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

    def __init__(self, folder: Path, cursor: int, pieces: Sequence[Piece]) -> None:
        self._folder = folder
        self._pieces = pieces
        self._cursor = cursor
        self._part = folder / f"{file_name(cursor)}.part"
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
        if len(content) != piece.size or sha256(content).hexdigest() != piece.sha256:
            raise LedgerDamaged(f"piece {self.done} of {self._part.name} is not as announced")
        try:
            if shutil.disk_usage(self._folder).free < self._missing() + SPARE_BYTES:
                raise LedgerReadOnly(
                    f"no room for the member directory: {self._missing()} bytes are missing",
                    remedy="free space on the disk",
                )
            with self._part.open("ab") as file:
                file.write(content)
                file.flush()
                if (self.done + 1) % FLUSH_EVERY == 0:
                    os.fdatasync(file.fileno())
        except OSError as failure:
            raise LedgerReadOnly(f"{self._part} cannot be written: {failure.strerror}") from None
        self.done += 1

    def finish(self) -> Directory:
        """Flush the whole file, give it its name and open it.

        Raises:
            LedgerDamaged: it is no directory.
        """
        assert self.is_whole, "pieces are missing"
        whole = self._folder / file_name(self._cursor)
        with self._part.open("rb+") as file:
            os.fsync(file.fileno())
        self._part.replace(whole)
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        try:
            return Directory(whole)
        except LedgerDamaged:
            whole.unlink()
            raise

    def _missing(self) -> int:
        return sum(piece.size for piece in self._pieces[self.done :])

    def _kept(self) -> int:
        """Count the pieces that lie here as announced, and cut off what follows them."""
        if not self._part.exists():
            return 0
        kept = 0
        with self._part.open("rb+") as file:
            for piece in self._pieces:
                content = file.read(piece.size)
                if len(content) != piece.size or sha256(content).hexdigest() != piece.sha256:
                    break
                kept += 1
            file.truncate(sum(piece.size for piece in self._pieces[:kept]))
        return kept


def remove_others(folder: Path, cursor: int) -> None:
    """Remove directories and unfinished ones other than that of `cursor`."""
    for path in folder.glob("members-*.db*"):
        if path.name not in {file_name(cursor), f"{file_name(cursor)}.part"}:
            path.unlink(missing_ok=True)
