"""A layer between the till's own SQLite and its files: each call is seen, and may be refused.

It is a VFS registered through ctypes in the very library that pysqlite3 carries: no second SQLite, no
compiler, and the ledger under test is the production one, threads and shared memory included.  An open
file stays the one of SQLite's Unix VFS; only the table of its methods is exchanged for a copy in which
read, write, truncate and sync pass here first.
"""

import ctypes as c
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from pysqlite3 import _sqlite3

OK, CANTOPEN = 0, 14
OPEN_CREATE, OPEN_JOURNALS = 0x4, 0x800 | 0x4000 | 0x80000
_numbers = itertools.count(1)


class Watcher(Protocol):
    """Who is asked before a call and told after it; names are relative to the watched folder."""

    def name_of(self, path: str) -> str | None:
        """Return the name of a watched file, None for any other."""
        ...

    def do(self, call: str, name: str, real: Callable[[], int], **told: Any) -> int:
        """Let a call happen, or answer SQLite's code of a failure instead."""
        ...


class _Vfs(c.Structure):
    _fields_ = (
        ("version", c.c_int), ("file_bytes", c.c_int), ("path_max", c.c_int), ("next", c.c_void_p),
        ("name", c.c_char_p), ("data", c.c_void_p), ("open", c.c_void_p), ("delete", c.c_void_p),
        ("rest", c.c_void_p * 14),
    )  # fmt: skip


class _Methods(c.Structure):
    _fields_ = (
        ("version", c.c_int), ("close", c.c_void_p), ("read", c.c_void_p), ("write", c.c_void_p),
        ("truncate", c.c_void_p), ("sync", c.c_void_p), ("rest", c.c_void_p * 13),
    )  # fmt: skip


class _File(c.Structure):
    _fields_ = (("methods", c.POINTER(_Methods)),)


_FILE = c.POINTER(_File)
_OPEN = c.CFUNCTYPE(c.c_int, c.c_void_p, c.c_void_p, _FILE, c.c_int, c.c_void_p)
_DELETE = c.CFUNCTYPE(c.c_int, c.c_void_p, c.c_char_p, c.c_int)
_MOVE = c.CFUNCTYPE(c.c_int, _FILE, c.c_void_p, c.c_int, c.c_int64)
_TRUNCATE = c.CFUNCTYPE(c.c_int, _FILE, c.c_int64)
_SYNC = c.CFUNCTYPE(c.c_int, _FILE, c.c_int)


class WatchedVfs:
    """A VFS that lets `watcher` see what happens to files; connect to it by `name`.

    A watcher that need not see reads saves the detour of each.
    """

    def __init__(self, watcher: Watcher, *, sees_reads: bool = True) -> None:
        self._sees_reads = sees_reads
        self._library = c.CDLL(_sqlite3.__file__)
        self._library.sqlite3_vfs_find.restype = c.POINTER(_Vfs)
        self._base: _Vfs = self._library.sqlite3_vfs_find(None).contents
        self._watcher = watcher
        self._names: dict[int, str] = {}
        self._new_journals: set[int] = set()
        self._tables: dict[int, tuple[_Methods, list[Any]]] = {}
        self.name = f"watched-{next(_numbers)}"
        self._open, self._delete = _OPEN(self._on_open), _DELETE(self._on_delete)
        self._own = _Vfs.from_buffer_copy(self._base)
        self._own.next, self._own.name = None, self.name.encode()
        self._own.open = c.cast(self._open, c.c_void_p)
        self._own.delete = c.cast(self._delete, c.c_void_p)
        assert self._library.sqlite3_vfs_register(c.byref(self._own), 0) == OK

    def close(self) -> None:
        """Take the VFS away again; no connection may use it any more."""
        self._library.sqlite3_vfs_unregister(c.byref(self._own))

    def _on_open(self, _: int, path: int | None, file: Any, flags: int, answer: int | None) -> int:
        # `path` is handed on as it came: SQLite keeps URI parameters behind its final zero.
        text = c.string_at(path).decode() if path else ""
        name = self._watcher.name_of(text) if path else None

        def real() -> int:
            code: int = _OPEN(self._base.open)(c.addressof(self._base), path, file, flags, answer)
            return code

        if name is None:
            return real()
        is_new = bool(flags & OPEN_CREATE) and not Path(text).exists()
        file.contents.methods = c.POINTER(_Methods)()  # SQLite closes no file that has no methods
        code = self._watcher.do("open", name, real, is_new=is_new)
        if code == OK:
            at = c.addressof(file.contents)
            self._names[at] = name
            # SQLite's Unix VFS flushes the folder at the first sync of a new journal, and ignores the answer.
            self._new_journals.discard(at)
            if is_new and flags & OPEN_JOURNALS:
                self._new_journals.add(at)
            file.contents.methods = c.pointer(self._table(file.contents.methods.contents)[0])
        return code

    def _on_delete(self, _: int, path: bytes, flush: int) -> int:
        def real() -> int:
            code: int = _DELETE(self._base.delete)(c.addressof(self._base), path, flush)
            return code

        name = self._watcher.name_of(path.decode())
        return real() if name is None else self._watcher.do("delete", name, real, flush=bool(flush))

    def _table(self, base: _Methods) -> tuple[_Methods, list[Any]]:
        key = c.addressof(base)
        if key not in self._tables:
            self._tables[key] = self._exchanged(base)
        return self._tables[key]

    def _exchanged(self, base: _Methods) -> tuple[_Methods, list[Any]]:
        read, write, sync = _MOVE(base.read), _MOVE(base.write), _SYNC(base.sync)
        truncate = _TRUNCATE(base.truncate)

        def do(call: str, file: Any, real: Callable[[], int], **told: Any) -> int:
            return self._watcher.do(call, self._names[c.addressof(file.contents)], real, **told)

        def on_read(file: Any, data: int, size: int, at: int) -> int:
            return do("read", file, lambda: read(file, data, size, at))

        def on_write(file: Any, data: int, size: int, at: int) -> int:
            return do(
                "write", file, lambda: write(file, data, size, at), offset=at, data=c.string_at(data, size)
            )

        def on_truncate(file: Any, size: int) -> int:
            return do("truncate", file, lambda: truncate(file, size), offset=size)

        def on_sync(file: Any, flags: int) -> int:
            at = c.addressof(file.contents)
            code = do("sync", file, lambda: sync(file, flags))
            if code == OK and at in self._new_journals:
                self._new_journals.discard(at)
                self._watcher.do("sync_directory", "", lambda: OK)  # whatever it answers
            return code

        kept = [_MOVE(on_read), _MOVE(on_write), _TRUNCATE(on_truncate), _SYNC(on_sync)]
        table = _Methods.from_buffer_copy(base)
        for field, function in zip(("read", "write", "truncate", "sync"), kept, strict=True):
            if field != "read" or self._sees_reads:
                setattr(table, field, c.cast(function, c.c_void_p))
        return table, kept
