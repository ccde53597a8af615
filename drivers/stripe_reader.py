"""A magnetic stripe reader that sends whole HID reports (MagTek, ID TECH) through hidraw.

Every process that opens a hidraw node gets a copy of each report, so a claim can only be a word among
ourselves: the agent locks the node, and a second one stays out.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from pathlib import Path

from drivers.framing import Broken, Frame
from drivers.msr_report import frames_of
from drivers.reader import Held, Unusable

_HIDRAW_NAME = "hidraw"


class ReportLine:
    """One hidraw node; a read is one whole report, so nothing is ever half read (see `Line`)."""

    transport = "hidraw"

    def __init__(self) -> None:
        self._fd: int | None = None

    def open(self, port: str) -> int:
        """Open and lock the node."""
        fd = os.open(port, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as why:
            os.close(fd)
            if why.errno == errno.EAGAIN:
                raise Held from None
            raise
        if not _is_hidraw(fd):
            os.close(fd)
            raise Unusable("it is no hidraw device")
        self._fd = fd
        return fd

    def close(self) -> None:
        """Close the node, and the lock with it."""
        fd, self._fd = self._fd, None
        if fd is not None:
            os.close(fd)

    def feed(self, data: memoryview, now_ns: int) -> list[Frame]:  # noqa: ARG002 - a report needs no clock
        """Take the tracks out of one report."""
        return frames_of(data)

    def idle(self, now_ns: int) -> list[Broken]:  # noqa: ARG002 - as feed
        """Nothing is ever half read."""
        return []

    def due_at_ns(self) -> int | None:
        """Nothing is waited for."""
        return None

    def reset(self) -> bool:
        """Nothing is kept."""
        return False


def _is_hidraw(fd: int) -> bool:
    """Whether the node is hidraw's; its major number is not fixed, so its name in sysfs decides."""
    node = os.fstat(fd)
    if not stat.S_ISCHR(node.st_mode):
        return False
    where = f"/sys/dev/char/{os.major(node.st_rdev)}:{os.minor(node.st_rdev)}"
    return Path(where).resolve().name.startswith(_HIDRAW_NAME)
