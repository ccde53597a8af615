"""A folder whose every change is written down, and in which any call can be made to fail.

SQLite's calls pass through `sqlite_vfs`, those of the ledger itself through the storage it is given.
"""

import errno
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from threading import RLock
from typing import Any, NamedTuple, Self

from agent.ledger.database import Connection, connect
from agent.ledger.lock import NAME as LOCK
from agent.ledger.storage import DiskStorage
from tests.faultlab.disk_log import Op
from tests.faultlab.sqlite_vfs import CANTOPEN, OK, WatchedVfs

SHARED_MEMORY = "-shm"
"""SQLite rebuilds this file after a crash, whatever it holds; it is not recorded."""
FULL = 13
CODES = {"open": CANTOPEN, "read": 266, "write": 778, "sync": 1034, "truncate": 1546, "delete": 2570}
"""What SQLite's Unix VFS answers when the kernel refuses with EIO."""


class Fault(NamedTuple):
    """The call of this class with this number fails, and if `for_good` each one after it."""

    call: str
    number: int
    error: int = errno.EIO
    for_good: bool = False

    def hits(self, call: str, number: int) -> bool:
        """Say whether this call is the one."""
        return call == self.call and (number == self.number or (self.for_good and number > self.number))


class RecordedDisk(DiskStorage):
    """A ledger's folder (agent.ledger.storage.Storage) under watch, from `with` to its end."""

    def __init__(self, folder: Path, *, log: list[Op] | None = None, fault: Fault | None = None) -> None:
        super().__init__(folder)
        self.folder = folder
        self.log: list[Op] = [] if log is None else log
        self.is_recording = True
        self.counts: Counter[str] = Counter()
        self._fault = fault
        self._lock = RLock()
        self._vfs = WatchedVfs(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._vfs.close()

    def note(self, op: Op) -> None:
        """Put an operation, or a claim of the workload, into the log."""
        if self.is_recording:
            self.log.append(op)

    def end(self) -> dict[str, bytes]:
        """Return the files as they are now; nothing that is still done to them is recorded."""
        with self._lock:
            self.is_recording = False
            return {one.name: one.read_bytes() for one in self.folder.iterdir()}

    def name_of(self, path: str) -> str | None:
        """Return the name of a file of this folder that is worth recording."""
        place, _, name = path.rpartition("/")
        return name if place == str(self.folder) and not name.endswith(SHARED_MEMORY) else None

    def do(self, call: str, name: str, real: Callable[[], int], **told: Any) -> int:
        """Do what SQLite asks and write it down, or refuse it."""
        with self._lock:  # or a write of another thread could slip between a sync and its record
            failure = self._refuse(call, name)
            if failure:
                return FULL if failure == errno.ENOSPC and call == "write" else CODES.get(call, OK)
            code = real()
            if code == OK:
                self._record(call, name, **told)
            return code

    def connect(self, name: str, *, read_only: bool = False, immutable: bool = False) -> Connection:
        """Open a database of this folder, watched."""
        return connect(self.folder / name, read_only=read_only, immutable=immutable, vfs=self._vfs.name)

    def hold(self, name: str) -> int:
        """Open a file for as long as its descriptor is kept."""
        self._raise_if_refused("open", name)
        return super().hold(name)

    def read_at(self, name: str, offset: int, size: int) -> bytes:
        """Return a stretch of a large file."""
        self._raise_if_refused("read", name)
        return super().read_at(name, offset, size)

    def write_at(self, name: str, offset: int, content: bytes) -> None:
        """Write into a large file; half of what is refused is there all the same, as on a real disk."""
        is_new = not self.exists(name)
        self._own("open", name, lambda: None, is_new=is_new)
        with self._lock:
            if failure := self._refuse("write", name):
                super().write_at(name, offset, content[: len(content) // 2])
                raise OSError(failure, os.strerror(failure), name)
            super().write_at(name, offset, content)
            self._record("write", name, offset=offset, data=content)
            self._record("truncate", name, offset=offset + len(content))

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        if self.exists(name):
            self._own("delete", name, lambda: super(RecordedDisk, self).remove(name))

    def flush(self, name: str) -> None:
        """Return once the file's bytes are on the disk."""
        self._own("sync", name, lambda: super(RecordedDisk, self).flush(name))

    def replace(self, source: str, target: str) -> None:
        """Give a file another name, at once or not at all."""
        self._own("rename", source, lambda: super(RecordedDisk, self).replace(source, target), target=target)

    def flush_directory(self) -> None:
        """Return once the folder's names are on the disk."""
        self._own("sync_directory", "", super().flush_directory)

    def read(self, name: str) -> bytes | None:
        """Return the bytes of a small file, None if there is none."""
        with self._lock:
            if self.exists(name):
                self._raise_if_refused("read", name)
            return super().read(name)

    def write_file(self, name: str, content: bytes) -> None:
        """Write a small file's bytes."""
        if name == LOCK:  # what stands in it is for people, and gone with the process
            self._raise_if_refused("write", name)
            super().write_file(name, content)
            return
        is_new = not self.exists(name)
        self._own("open", name, lambda: None, is_new=is_new)
        self.note(Op("truncate", name))
        self._own("write", name, lambda: super(RecordedDisk, self).write_file(name, content), data=content)

    def _own(self, call: str, name: str, real: Callable[[], None], **told: Any) -> None:
        with self._lock:
            self._raise_if_refused(call, name)
            real()
            self._record(call, name, **told)

    def _raise_if_refused(self, call: str, name: str) -> None:
        failure = self._refuse(call, name)
        if failure:
            raise OSError(failure, os.strerror(failure), name)

    def _refuse(self, call: str, name: str) -> int:
        if not self.is_recording:
            return 0
        self.counts[call] += 1
        if self._fault is None or not self._fault.hits(call, self.counts[call]):
            return 0
        self.log.append(Op("fail", name, target=call))
        return self._fault.error

    def _record(self, call: str, name: str, **told: Any) -> None:
        match call:
            case "open" if told["is_new"]:
                self.note(Op("create", name))
            case "write" | "truncate":
                self.note(Op(call, name, told.get("offset", 0), told.get("data", b"")))
            case "rename":
                self.note(Op("rename", name, target=told["target"]))
            case "delete":
                self.note(Op("delete", name))
                if told.get("flush"):
                    self.note(Op("sync_directory"))
            case "sync" | "sync_directory":
                self.note(Op(call, name))
            case _:
                pass
