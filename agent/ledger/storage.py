"""The folder a ledger lives in, as an argument: real here, simulated where faults are planted."""

import os
import shutil
from pathlib import Path
from typing import Protocol

from agent.ledger.database import Connection, connect


class Storage(Protocol):
    """What creating and opening a ledger asks of a folder; names are relative to it."""

    def connect(self, name: str, *, read_only: bool = False, immutable: bool = False) -> Connection:
        """Open a database of this folder; one that never changes needs no locks."""
        ...

    def hold(self, name: str) -> int:
        """Open a file for as long as its descriptor is kept; it and the folder are made if need be."""
        ...

    def free_bytes(self) -> int:
        """Return how much more the disk takes."""
        ...

    def read_at(self, name: str, offset: int, size: int) -> bytes:
        """Return a stretch of a large file, shorter where it ends."""
        ...

    def write_at(self, name: str, offset: int, content: bytes) -> None:
        """Write into a large file, which ends behind these bytes then; they are not on the disk yet."""
        ...

    def write_file(self, name: str, content: bytes) -> None:
        """Write a small file's bytes; they are not on the disk yet."""
        ...

    def exists(self, name: str) -> bool:
        """Say whether there is such a file."""
        ...

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        ...

    def flush(self, name: str) -> None:
        """Return once the file's bytes are on the disk."""
        ...

    def replace(self, source: str, target: str) -> None:
        """Give a file another name, at once or not at all."""
        ...

    def flush_directory(self) -> None:
        """Return once the folder's names are on the disk."""
        ...

    def read(self, name: str) -> bytes | None:
        """Return the bytes of a small file, None if there is none."""
        ...

    def put(self, name: str, content: bytes) -> None:
        """Give a small file these bytes: after a power cut it holds the old ones or the new ones."""
        ...


class DiskStorage:
    """A folder on a real disk."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def connect(self, name: str, *, read_only: bool = False, immutable: bool = False) -> Connection:
        """Open a database of this folder; one that never changes needs no locks."""
        return connect(self._folder / name, read_only=read_only, immutable=immutable)

    def hold(self, name: str) -> int:
        """Open a file for as long as its descriptor is kept; it and the folder are made if need be."""
        self._folder.mkdir(parents=True, exist_ok=True)
        return os.open(self._folder / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def free_bytes(self) -> int:
        """Return how much more the disk takes."""
        return shutil.disk_usage(self._folder).free

    def read_at(self, name: str, offset: int, size: int) -> bytes:
        """Return a stretch of a large file, shorter where it ends."""
        with (self._folder / name).open("rb") as file:
            file.seek(offset)
            return file.read(size)

    def write_at(self, name: str, offset: int, content: bytes) -> None:
        """Write into a large file, which ends behind these bytes then; they are not on the disk yet."""
        with os.fdopen(os.open(self._folder / name, os.O_RDWR | os.O_CREAT, 0o600), "rb+") as file:
            file.seek(offset)
            file.write(content)
            file.truncate()

    def exists(self, name: str) -> bool:
        """Say whether there is such a file."""
        return (self._folder / name).exists()

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        (self._folder / name).unlink(missing_ok=True)

    def flush(self, name: str) -> None:
        """Return once the file's bytes are on the disk."""
        _fsync(self._folder / name, os.O_RDWR)

    def replace(self, source: str, target: str) -> None:
        """Give a file another name, at once or not at all."""
        (self._folder / source).replace(self._folder / target)

    def flush_directory(self) -> None:
        """Return once the folder's names are on the disk."""
        _fsync(self._folder, os.O_RDONLY | os.O_DIRECTORY)

    def read(self, name: str) -> bytes | None:
        """Return the bytes of a small file, None if there is none."""
        try:
            return (self._folder / name).read_bytes()
        except FileNotFoundError:
            return None

    def put(self, name: str, content: bytes) -> None:
        """Give a small file these bytes: after a power cut it holds the old ones or the new ones."""
        draft = f"{name}.new"
        self.write_file(draft, content)
        self.flush(draft)
        self.replace(draft, name)

    def write_file(self, name: str, content: bytes) -> None:
        """Write a small file's bytes; they are not on the disk yet."""
        (self._folder / name).write_bytes(content)


def _fsync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
