"""One process writes a ledger: a lock on a file beside it, which the kernel frees when the process ends."""

import fcntl
import os
from pathlib import Path

from agent.errors import LedgerBusy, LedgerReadOnly

NAME = "lock"


class Lock:
    """Held from construction to `release`.

    Raises:
        LedgerBusy: another process holds it; its number is named.
        LedgerReadOnly: the folder cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = os.open(folder / NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
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
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Let another process write."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
