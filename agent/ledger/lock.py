"""One process writes a ledger: a lock on a file beside it, which the kernel frees when the process ends."""

import contextlib
import fcntl
import os
from pathlib import Path

from agent.errors import LedgerBusy, LedgerReadOnly
from agent.ledger.storage import Storage

NAME = "lock"


class Lock:
    """Held from construction to `release`.

    Raises:
        LedgerBusy: another process holds it; its number is named.
        LedgerReadOnly: the folder cannot be written.
    """

    def __init__(self, folder: Path, storage: Storage) -> None:
        try:
            self._file = storage.hold(NAME)
        except OSError as failure:
            raise LedgerReadOnly(f"cannot use {folder}: {failure}", remedy="check paths.state") from None
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.read(self._file, 32).decode(errors="replace").strip() or "unknown"
            os.close(self._file)
            raise LedgerBusy(
                f"process {holder} writes the ledger in {folder}", remedy="systemctl stop loyalty-agent"
            ) from None
        with contextlib.suppress(OSError):  # a full disk has no room for the number; the lock holds without
            storage.write_file(NAME, f"{os.getpid()}\n".encode())

    def release(self) -> None:
        """Let another process write."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
