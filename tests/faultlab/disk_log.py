"""The model of a power cut: from a log of disk operations to every state a disk may wake up in.

A file's bytes are durable after its own sync.  Until then any subset of its pending writes may have
reached the disk, and a long write may be torn between 512-byte sectors.  For names there are two readings:

- `journalled` (ext4, xfs): changes of names become durable in order, and syncing any file commits them all;
- `posix`: only syncing the folder commits a creation, deletion or renaming, and they may arrive in any order.
"""

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import NamedTuple

SECTOR = 512
NAMES = frozenset({"link", "unlink", "rename"})


class Op(NamedTuple):
    """One recorded operation, or a claim of the workload at its place among them."""

    kind: str
    """create write truncate delete rename sync sync_directory, fail (a refused call), attempt ack."""
    name: str = ""
    offset: int = 0
    """write: where; truncate: the new size."""
    data: bytes = b""
    target: str = ""
    """rename: the new name; fail: the call that was refused."""


class CrashState(NamedTuple):
    """The files after a cut behind the operation at `position`, and how many claims were made by then."""

    position: int
    how: str
    acked: int
    attempted: int
    files: dict[str, bytes]


@dataclass(frozen=True)
class Search:
    """How thoroughly to look behind each operation."""

    metadata: str = "journalled"
    exhaustive_up_to: int = 4
    """With so few pending changes every subset is taken."""
    samples: int = 6
    """Otherwise the corner cases and so many random subsets."""
    seed: int = 0


class _Change(NamedTuple):
    """A change that a cut may still forget; a file is a number, so that renaming keeps its bytes."""

    kind: str
    inode: int
    name: str = ""
    target: str = ""
    offset: int = 0
    data: bytes = b""


class Disk:
    """Durable files and names, and the ordered changes that are still pending."""

    def __init__(self, files: Mapping[str, bytes], search: Search) -> None:
        self._search = search
        self._numbers = itertools.count()
        self._contents: dict[int, bytes] = {}
        self._durable: dict[str, int] = {}
        for name, content in files.items():
            inode = self._durable[name] = next(self._numbers)
            self._contents[inode] = content
        self._live = dict(self._durable)
        self.pending: list[_Change] = []

    def apply(self, op: Op) -> None:
        """Take in one operation of the running program."""
        match op.kind:
            case "create":
                inode = self._live[op.name] = next(self._numbers)
                self._contents[inode] = b""
                self.pending.append(_Change("link", inode, op.name))
            case "write" | "truncate" if op.name in self._live:
                self.pending.append(_Change(op.kind, self._live[op.name], offset=op.offset, data=op.data))
            case "delete" if op.name in self._live:
                self.pending.append(_Change("unlink", self._live.pop(op.name), op.name))
            case "rename":
                inode = self._live[op.target] = self._live.pop(op.name)
                self.pending.append(_Change("rename", inode, op.name, op.target))
            case "sync" if op.name in self._live:
                self._commit(self._live[op.name], names=self._search.metadata == "journalled")
            case "sync_directory":
                self._commit(None, names=True)
            case _:
                pass  # a claim, a refused call, or a file that has no name any more

    def build(self, kept: Iterable[_Change]) -> dict[str, bytes]:
        """Return the files if exactly these pending changes had reached the disk."""
        names, contents = dict(self._durable), dict[int, bytearray]()
        for change in self._possible(kept):
            if change.kind in NAMES:
                _rename(names, change)
            else:
                content = contents.setdefault(change.inode, bytearray(self._contents[change.inode]))
                _write(content, change)
        return {name: bytes(contents.get(inode, self._contents[inode])) for name, inode in names.items()}

    def _commit(self, inode: int | None, *, names: bool) -> None:
        rest, content = [], bytearray(self._contents[inode] if inode is not None else b"")
        for change in self.pending:
            if change.kind in NAMES and names:
                _rename(self._durable, change)
            elif change.kind not in NAMES and change.inode == inode:
                _write(content, change)
            else:
                rest.append(change)
        if inode is not None:
            self._contents[inode] = bytes(content)
        self.pending = rest

    def _possible(self, kept: Iterable[_Change]) -> Iterator[_Change]:
        if self._search.metadata != "journalled":
            yield from kept
            return
        # A journal replays in order: behind the first missing change of a name, none is kept.
        expected = iter([change for change in self.pending if change.kind in NAMES])
        in_order = True
        for change in kept:
            if change.kind in NAMES:
                in_order = in_order and change is next(expected, None)
            if in_order or change.kind not in NAMES:
                yield change


def crash_states(
    log: Iterable[Op], search: Search, files: Mapping[str, bytes] | None = None
) -> Iterator[CrashState]:
    """Walk the log and cut the power behind each operation, in every way the search allows.

    `files` is the disk before the first operation.  States repeat; the caller remembers them.
    """
    disk, chance, acked, attempted = Disk(files or {}, search), Random(search.seed), 0, 0
    for position, op in enumerate(log):
        attempted += op.kind == "attempt"
        acked += op.kind == "ack"
        if op.kind in {"attempt", "fail"}:
            continue
        disk.apply(op)  # an acknowledgement changes no file, but from here on it must survive
        for how, kept in _choices(disk.pending, search, chance):
            yield CrashState(position, how, acked, attempted, disk.build(kept))


def _choices(pending: list[_Change], search: Search, chance: Random) -> Iterator[tuple[str, list[_Change]]]:
    if len(pending) <= search.exhaustive_up_to:
        for chosen in itertools.product((False, True), repeat=len(pending)):
            yield "subset", list(itertools.compress(pending, chosen))
    else:
        yield "none", []
        yield "all", pending
        yield "all but the last", pending[:-1]
        yield "only the last", pending[-1:]
        for _ in range(search.samples):
            yield "random subset", [change for change in pending if chance.random() < 0.5]
    long_writes = [at for at, change in enumerate(pending) if len(change.data) > SECTOR]
    if long_writes:
        at = chance.choice(long_writes)
        yield "torn write", [*pending[:at], *_torn(pending[at], chance)]


def _torn(change: _Change, chance: Random) -> Iterator[_Change]:
    for start in range(0, len(change.data), SECTOR):
        if chance.random() < 0.5:
            yield change._replace(offset=change.offset + start, data=change.data[start : start + SECTOR])


def _rename(names: dict[str, int], change: _Change) -> None:
    if change.kind == "link":
        names[change.name] = change.inode
        return
    if names.get(change.name) == change.inode:
        del names[change.name]
    if change.kind == "rename":
        names[change.target] = change.inode


def _write(content: bytearray, change: _Change) -> None:
    if change.kind == "truncate":
        del content[change.offset :]
        content.extend(bytes(max(0, change.offset - len(content))))
        return
    content.extend(bytes(max(0, change.offset - len(content))))
    content[change.offset : change.offset + len(change.data)] = change.data
