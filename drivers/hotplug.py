"""Hear from the kernel and from udev that a device came or changed, so that nobody waits for the next retry.

The message itself is not trusted with anything: it only says "look again".
"""

from __future__ import annotations

import contextlib
import socket
from pathlib import Path

NETLINK_KOBJECT_UEVENT = 15
_KERNEL, _UDEV = 1, 2
_UDEV_RUNS = Path("/run/udev/control")
_SUBSYSTEMS = (b"\0SUBSYSTEM=tty\0", b"\0SUBSYSTEM=input\0", b"\0SUBSYSTEM=hidraw\0")
_MAX_MESSAGES = 256


class HotPlug:
    """A netlink socket beside the readers; where the system gives none, the retry every 2 s must do."""

    def __init__(self) -> None:
        self._socket: socket.socket | None = None
        with contextlib.suppress(OSError):
            listening = socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, NETLINK_KOBJECT_UEVENT)
            self._socket = listening
            listening.settimeout(0)
            # udev speaks when links and permissions are made, which the kernel knows nothing of.
            listening.bind((0, _UDEV if _UDEV_RUNS.exists() else _KERNEL))

    def fileno(self) -> int | None:
        """Give the descriptor to watch, or None where there is no such socket."""
        return None if self._socket is None else self._socket.fileno()

    def has_news(self) -> bool:
        """Take what has come, and say whether a reader may have come or changed with it."""
        news = False
        if self._socket is None:
            return news
        for _ in range(_MAX_MESSAGES):
            try:
                message = self._socket.recv(8192)
            except BlockingIOError:
                return news
            except OSError:
                return True  # the kernel dropped messages (ENOBUFS): anything may have come
            news = news or is_about_a_reader(message)
        return True

    def close(self) -> None:
        """Close the socket."""
        if self._socket is not None:
            self._socket.close()
        self._socket = None


def is_about_a_reader(message: bytes) -> bool:
    r"""Say whether a message tells of a serial line, keyboard or raw HID device that was added or changed.

    >>> is_about_a_reader(b"add@/devices/x\0ACTION=add\0SUBSYSTEM=tty\0DEVNAME=ttyUSB0\0")
    True
    >>> is_about_a_reader(b"remove@/devices/x\0ACTION=remove\0SUBSYSTEM=tty\0")
    False
    """
    return b"ACTION=remove\0" not in message and any(name in message for name in _SUBSYSTEMS)
