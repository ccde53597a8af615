"""A disk that may lose power: what was written and not synced can be taken back, in part or torn.

The files are real and lie in memory; beside them stands, for each change that a cut may still forget, what
was there before.  So a cut costs what is pending, not what the disk holds.  Names are kept in order, as
ext4 and xfs keep them: syncing any file commits them all (`tests.faultlab.disk_log` has the same model, and
POSIX's, for every state instead of one).
"""

import os
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any, Protocol

from tests.faultlab.sqlite_vfs import OK
from tests.fleet.changes import NAMES, Change, choose

IO_ERROR = 10
NOT_KEPT = ("-shm", "lock")
"""SQLite rebuilds its shared memory whatever it holds; a lock ends with its process."""


class Watch(Protocol):
    """Who shows a disk what happens in its folder."""

    def watch(self, folder: Path, disk: "Disk") -> None:
        """Show a disk what happens in a folder."""
        ...

    def forget(self, disk: "Disk") -> None:
        """Show it nothing any more."""
        ...


class Disk:
    """One machine's folder; after a cut it is `dead` until `revive` lays it out anew.

    `on_cut` hears of a cut that `fuse` set off in the middle of a call.
    """

    def __init__(self, place: Path, vfs: Watch, *, on_cut: Callable[[], None]) -> None:
        self._place = place
        self._vfs = vfs
        self._on_cut = on_cut
        self._generation = 0
        self._inodes: dict[str, int] = {}
        self._names: dict[int, str] = {}
        self._files: dict[str, int] = {}
        self._next_inode = 0
        self.pending: list[Change] = []
        self.dead = False
        self._fuse = -1
        self.calls = 0
        self.folder = self._lay_out()

    def fuse(self, calls: int) -> None:
        """Cut the power at the so-manyth write, sync or change of a name from now."""
        self._fuse = calls

    def do(self, call: str, name: str, real: Callable[[], int], **told: Any) -> int:
        """Carry out a call of SQLite's and remember what it changed; a dead disk refuses."""
        if self.dead:
            return IO_ERROR
        self._count()
        if self.dead:
            return IO_ERROR
        change = self._before(call, name, **told)
        code = real()
        if code == OK:
            self._after(call, name, change)
            if told.get("flush"):
                self._after("sync_directory", "", None)
        return code

    def act(self, call: str, name: str, real: Callable[[], object], **told: Any) -> None:
        """Carry out a call of our own; a dead disk raises OSError."""
        if self.do(call, name, lambda: (real(), OK)[1], **told) != OK:
            raise OSError(5, "the power was cut", name)

    def append(self, path: Path, record: bytes, at: int) -> None:
        """Write to a segment and wait for the disk: `agent.headoffice.segments.Append`."""
        name = str(path.relative_to(self.folder))
        if not path.exists():
            self.act("open", name, path.touch, is_new=True)
            is_new = True
        else:
            is_new = False
        self.act("write", name, lambda: self.write_at(name, record, at), offset=at, data=record)
        self.act("sync", name, lambda: None)
        if is_new:
            self.act("sync_directory", "", lambda: None)

    def write_at(self, name: str, content: bytes, at: int) -> None:
        """Write bytes as they are, without taking note of it."""
        os.pwrite(self._file(name), content, at)

    def snapshot(self, *names: str) -> dict[str, bytes]:
        """Return the files as they are now, those named or all that are worth keeping."""
        return {
            name: (self.folder / name).read_bytes()
            for name in names or self._kept()
            if (self.folder / name).exists()
        }

    def kill(self) -> None:
        """End the program that uses the disk; what the kernel holds stays."""
        self.dead = True

    def lose_power(self, chance: Random) -> str:
        """Forget what was not synced, or a part of it; say how."""
        self.dead = True
        how, kept = choose(self.pending, chance)
        for change in reversed(self.pending):
            self._undo(change)
        names_held = True
        expected = iter([one for one in self.pending if one.kind in NAMES])
        for change in kept:
            if change.kind in NAMES:
                # A journal replays in order: behind the first missing change of a name, none is kept.
                names_held = names_held and change == next(expected, None)
                if not names_held:
                    continue
            self._redo(change)
        self.pending.clear()
        return f"{how} of {len(kept)}"

    def revive(self, files: dict[str, bytes] | None = None) -> None:
        """Give the machine its disk again in a new folder, or with these files instead.

        Every connection of before must be closed.
        """
        before = self.folder
        self._vfs.forget(self)
        kept = self._kept()
        for descriptor in self._files.values():
            os.close(descriptor)
        self._files.clear()
        self._generation += 1
        self.folder = self._lay_out()
        for name in kept if files is None else ():
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (before / name).rename(self.folder / name)
        if files is not None:
            self._inodes.clear()
            self._names.clear()
            self.pending.clear()
            for name, content in files.items():
                (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
                (self.folder / name).write_bytes(content)
        self.dead, self._fuse = False, -1

    def settle(self) -> None:
        """Let everything pending be on the disk: a program that is not watched goes on with it."""
        self.pending.clear()
        for name in [*self._inodes]:
            self._unbind(name)

    def replace_files(self, files: dict[str, bytes], *, but_remove: tuple[str, ...] = ()) -> None:
        """Put an older copy in place of some files while no program runs."""
        for name in (*files, *but_remove):
            self._unbind(name)
        self.pending = [one for one in self.pending if one.name not in files and one.name not in but_remove]
        for name in but_remove:
            (self.folder / name).unlink(missing_ok=True)
        for name, content in files.items():
            (self.folder / name).unlink(missing_ok=True)
            (self.folder / name).write_bytes(content)

    def close(self) -> None:
        """Let go of every file."""
        self._vfs.forget(self)
        for descriptor in self._files.values():
            os.close(descriptor)
        self._files.clear()

    def _lay_out(self) -> Path:
        folder = self._place / str(self._generation)
        folder.mkdir(parents=True)
        self._vfs.watch(folder, self)
        return folder

    def _kept(self) -> list[str]:
        found = sorted(path for path in self.folder.rglob("*") if path.is_file())
        return [str(path.relative_to(self.folder)) for path in found if not path.name.endswith(NOT_KEPT)]

    def _count(self) -> None:
        self.calls += 1
        if self._fuse > 0:
            self._fuse -= 1
        elif self._fuse == 0:
            self._fuse, self.dead = -1, True
            self._on_cut()

    def _before(
        self, call: str, name: str, *, is_new: bool = False, offset: int = 0, data: bytes = b"",
        target: str = "", flush: bool = False,  # noqa: ARG002 - what SQLite tells, not needed here
    ) -> Change | None:  # fmt: skip
        match call:
            case "open" if is_new:
                return Change("create", self._new_inode(name), name)
            case "write":
                file = self._file(name)
                old = os.pread(file, len(data), offset)
                size = os.fstat(file).st_size if len(old) < len(data) else -1
                return Change("write", self._inode(name), name, "", offset, data, old, size)
            case "truncate":
                file = self._file(name)
                size = os.fstat(file).st_size
                old = os.pread(file, max(0, size - offset), offset)
                return Change("truncate", self._inode(name), name, "", offset, b"", old, size)
            case "delete" if (self.folder / name).exists():
                return Change("delete", self._inode(name), name, old=(self.folder / name).read_bytes())
            case "rename":
                there = self.folder / target
                old, size = (there.read_bytes(), there.stat().st_size) if there.exists() else (b"", -1)
                return Change("rename", self._inode(name), name, target, old=old, size=size)
            case _:
                return None

    def _after(self, call: str, name: str, change: Change | None) -> None:
        if change is not None:
            self.pending.append(change)
            if change.kind in {"delete", "rename"}:
                self._unbind(change.name)
            if change.kind == "rename":
                self._bind(change.target, change.inode)
        elif call in {"sync", "sync_directory"}:
            gone = {one.inode for one in self.pending if one.kind == "delete"}
            synced = self._inodes.get(name) if call == "sync" else None
            self.pending = [
                one
                for one in self.pending
                if one.kind not in NAMES and one.inode != synced and one.inode not in gone
            ]

    def _bind(self, name: str, inode: int) -> None:
        self._unbind(name)
        self._inodes[name], self._names[inode] = inode, name

    def _unbind(self, name: str) -> None:
        if (descriptor := self._files.pop(name, None)) is not None:
            os.close(descriptor)
        self._names.pop(self._inodes.pop(name, 0), None)

    def _undo(self, change: Change) -> None:
        name = self._names.get(change.inode, "")
        match change.kind:
            case "write" | "truncate" if name:
                os.pwrite(self._file(name), change.old, change.offset)
                if change.size >= 0:
                    os.ftruncate(self._file(name), change.size)
            case "create" if name:
                self._unbind(name)
                (self.folder / name).unlink()
            case "delete":
                (self.folder / change.name).write_bytes(change.old)
                self._bind(change.name, change.inode)
            case "rename" if name:
                self._unbind(name)
                (self.folder / name).rename(self.folder / change.name)
                self._bind(change.name, change.inode)
                if change.size >= 0:
                    (self.folder / name).write_bytes(change.old)
            case _:
                pass

    def _redo(self, change: Change) -> None:
        name = self._names.get(change.inode, "")
        match change.kind:
            case "write" if name:
                os.pwrite(self._file(name), change.new, change.offset)
            case "truncate" if name:
                os.ftruncate(self._file(name), change.offset)
            case "create":
                (self.folder / change.name).touch()
                self._bind(change.name, change.inode)
            case "delete" if name:
                self._unbind(name)
                (self.folder / name).unlink()
            case "rename" if name:
                self._unbind(name)
                (self.folder / name).rename(self.folder / change.target)
                self._bind(change.target, change.inode)
            case _:
                pass

    def _file(self, name: str) -> int:
        if name not in self._files:
            self._files[name] = os.open(self.folder / name, os.O_RDWR | os.O_CLOEXEC)
        return self._files[name]

    def _inode(self, name: str) -> int:
        return self._inodes[name] if name in self._inodes else self._new_inode(name)

    def _new_inode(self, name: str) -> int:
        self._next_inode += 1
        self._bind(name, self._next_inode)
        return self._next_inode
