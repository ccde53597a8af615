"""How programs reach a simulated disk: SQLite through one layer for all, a ledger through its storage."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from agent.ledger.database import Connection, connect
from agent.ledger.storage import DiskStorage
from tests.faultlab.sqlite_vfs import WatchedVfs
from tests.fleet.disk import IO_ERROR, NOT_KEPT, Disk


class FleetVfs:
    """One layer under every SQLite of the fleet; it knows by the folder whose disk a file is on."""

    def __init__(self) -> None:
        self._disks: dict[str, Disk] = {}
        self._vfs = WatchedVfs(self, sees_reads=False)

    @property
    def name(self) -> str:
        """What to open a database with."""
        return self._vfs.name

    def watch(self, folder: Path, disk: Disk) -> None:
        """Let a disk see what happens in a folder."""
        self._disks[str(folder)] = disk

    def forget(self, disk: Disk) -> None:
        """Stop watching for a disk."""
        self._disks.pop(str(disk.folder), None)

    def close(self) -> None:
        """Take the layer away; no database of the fleet may be open."""
        self._vfs.close()

    def name_of(self, path: str) -> str | None:
        """Return the path of a watched file, None for any other."""
        folder, _, name = path.rpartition("/")
        return path if folder in self._disks and not name.endswith(NOT_KEPT) else None

    def do(self, call: str, name: str, real: Callable[[], int], **told: Any) -> int:
        """Hand a call to the disk it is for; a disk that was given up refuses."""
        folder, _, file = name.rpartition("/")
        disk = self._disks.get(folder)
        return IO_ERROR if disk is None else disk.do(call, file, real, **told)


class FleetStorage(DiskStorage):
    """A till's folder on a simulated disk."""

    def __init__(self, disk: Disk, vfs: str) -> None:
        super().__init__(disk.folder)
        self._disk = disk
        self._vfs = vfs

    def connect(self, name: str, *, read_only: bool = False, immutable: bool = False) -> Connection:
        """Open a database of this folder."""
        return connect(self._folder / name, read_only=read_only, immutable=immutable, vfs=self._vfs)

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        if self.exists(name):
            self._disk.act("delete", name, lambda: super(FleetStorage, self).remove(name))

    def flush(self, name: str) -> None:
        """Return once the file's bytes are on the disk."""
        self._disk.act("sync", name, lambda: None)

    def replace(self, source: str, target: str) -> None:
        """Give a file another name, at once or not at all."""
        real = super().replace
        self._disk.act("rename", source, lambda: real(source, target), target=target)

    def flush_directory(self) -> None:
        """Return once the folder's names are on the disk."""
        self._disk.act("sync_directory", "", lambda: None)

    def write_file(self, name: str, content: bytes) -> None:
        """Write a small file's bytes; they are not on the disk yet."""
        path = self._folder / name
        if name in NOT_KEPT:
            super().write_file(name, content)
            return
        if self.exists(name):
            self._disk.act("truncate", name, lambda: os.truncate(path, 0), offset=0)
        else:
            self._disk.act("open", name, path.touch, is_new=True)
        self._disk.act("write", name, lambda: path.write_bytes(content), offset=0, data=content)
