"""Real parts that stand for readers: each rig can be plugged in, made to scan, and unplugged.

A new driver brings its rig here and then passes `test_conformance.py` unchanged.
"""

from __future__ import annotations

import contextlib
import os
import tty
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from drivers.event import Driver
from drivers.registry import DeviceSettings, open_reader
from tests.drivers.loyalty_numbers import RANGES
from tests.parts import MissingPart


class Rig(Protocol):
    """A reader's device, seen from the side of the customer and of the cable."""

    def driver(self, name: str = "desk", *, idle_ms: int = 5000) -> Driver: ...
    def plug(self) -> None: ...
    def send(self, data: bytes) -> None: ...
    def unplug(self) -> None: ...


class PtyRig:
    """A serial scanner: a pty whose link in the file system comes and goes as udev's does."""

    def __init__(self, link: Path) -> None:
        self.link = link
        self._ends: tuple[int, int] | None = None

    def driver(self, name: str = "desk", *, idle_ms: int = 5000) -> Driver:
        """Make the driver; the long silence keeps a busy test machine from splitting scans."""
        return open_reader(DeviceSettings(name, "serial_scanner", str(self.link), RANGES, idle_ms=idle_ms))

    def plug(self) -> None:
        try:
            self._ends = os.openpty()
        except OSError as why:
            raise MissingPart(f"no pseudo-terminal: {why}") from why
        tty.setraw(self._ends[1])
        self.link.symlink_to(os.ttyname(self._ends[1]))

    def send(self, data: bytes) -> None:
        assert self._ends is not None
        view = memoryview(data)
        while view:
            view = view[os.write(self._ends[0], view) :]

    def set_mode(self, mode: int) -> None:
        """Change the node's permissions, as udev does after it has made it."""
        assert self._ends is not None
        os.fchmod(self._ends[1], mode)

    def unplug(self) -> None:
        if self._ends is None:
            return
        self.link.unlink()
        for end in self._ends:
            with contextlib.suppress(OSError):
                os.close(end)
        self._ends = None


RIGS: dict[str, tuple[str, Callable[[Path], Rig]]] = {"serial_scanner": ("pty", PtyRig)}
