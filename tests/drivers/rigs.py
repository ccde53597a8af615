"""Real parts that stand for readers: each rig can be plugged in, made to scan, and unplugged.

A new driver brings its bench here and then passes `test_conformance.py` unchanged. A bench makes the rigs
of one test; which benches there are depends on the place: the guest of `tests/devicelab` has the kernel's
own devices.
"""

from __future__ import annotations

import contextlib
import os
import tty
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from drivers.event import Driver
from drivers.registry import DeviceSettings, open_reader
from tests.devicelab.in_guest import IS_GUEST
from tests.drivers.card_rig import CardBench
from tests.drivers.hid_rigs import KeyRig, StripeRig
from tests.drivers.loyalty_numbers import RANGES
from tests.parts import MissingPart

if TYPE_CHECKING:
    from drivers.card_reader import CardReader


class Rig(Protocol):
    """A reader's device, seen from the side of the customer and of the cable."""

    many: int
    """How many scans in a row are no waste of time."""

    def driver(self, name: str = "desk", *, idle_ms: int = 5000) -> Driver | CardReader: ...
    def plug(self) -> None: ...
    def scan(self, *numbers: str) -> None: ...
    def swipe_payment_card(self, pan: str) -> int:
        """Show a payment card in every form this reader knows; return how many reads that makes."""
        ...

    def interrupt(self, number: str) -> None:
        """Begin a scan that does not end."""
        ...

    def unplug(self) -> None: ...


class Bench(Protocol):
    """Makes the rigs of one test; the first is plugged by nobody but the test."""

    def rig(self, name: str) -> Rig: ...
    def close(self) -> None: ...


class PtyRig:
    """A serial scanner: a pty whose link in the file system comes and goes as udev's does."""

    many = 2000

    def __init__(self, link: Path) -> None:
        self.link = link
        self._ends: tuple[int, int] | None = None

    def driver(self, name: str = "desk", *, idle_ms: int = 5000) -> Driver | CardReader:
        """Make the driver; the long silence keeps a busy test machine from splitting scans."""
        return open_reader(DeviceSettings(name, "serial_scanner", str(self.link), RANGES, idle_ms=idle_ms))

    def plug(self) -> None:
        try:
            self._ends = os.openpty()
        except OSError as why:
            raise MissingPart(f"no pseudo-terminal: {why}") from why
        tty.setraw(self._ends[1])
        self.link.symlink_to(os.ttyname(self._ends[1]))

    def scan(self, *numbers: str) -> None:
        self.send(b"".join(f"{number}\r\n".encode() for number in numbers))

    def swipe_payment_card(self, pan: str) -> int:
        self.send(f"{pan}\r%B{pan}^DOE/JANE^2512101?\r;{pan}=2512101?\r".encode())
        return 3

    def interrupt(self, number: str) -> None:
        self.send(number[:7].encode())

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


class _LinkBench:
    """Rigs that stand for themselves, each under a link of its own."""

    def __init__(self, folder: Path, make: Callable[[Path], Rig]) -> None:
        self._folder, self._make = folder, make
        self._rigs: list[Rig] = []

    def rig(self, name: str) -> Rig:
        rig = self._make(self._folder / name)
        self._rigs.append(rig)
        return rig

    def close(self) -> None:
        for rig in self._rigs:
            rig.unplug()


#: The drivers of this place: the part that each needs, and what makes its rigs.
BENCHES: dict[str, tuple[str, Callable[[Path], Bench]]] = (
    {
        "keyboard_scanner": ("uhid", lambda folder: _LinkBench(folder, KeyRig)),
        "stripe_reader": ("uhid", lambda folder: _LinkBench(folder, StripeRig)),
    }
    if IS_GUEST
    else {
        "serial_scanner": ("pty", lambda folder: _LinkBench(folder, PtyRig)),
        "card_reader": ("pcscd", CardBench),
    }
)
