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
from tests.devicelab.pcscd import READERS, Pcscd, VirtualCard, type_2_answer
from tests.devicelab.uhid import UhidDevice, vendor_report
from tests.drivers.loyalty_numbers import RANGES
from tests.parts import MissingPart

if TYPE_CHECKING:
    from drivers.card_reader import CardReader

MAGTEK_BYTES = 337


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


class _HidRig:
    """A HID device behind a link that comes and goes."""

    many = 20
    driver_name: str
    node_kind: str

    def __init__(self, link: Path) -> None:
        self.link = link
        self.hid: UhidDevice | None = None

    def driver(self, name: str = "desk", *, idle_ms: int = 5000) -> Driver | CardReader:
        return open_reader(DeviceSettings(name, self.driver_name, str(self.link), RANGES, idle_ms=idle_ms))

    def plug(self) -> None:
        self.hid = self.make(f"Till {self.link.name} {self.link.parent.name}")
        self.link.symlink_to(self.hid.node(self.node_kind))

    def make(self, name: str) -> UhidDevice:
        raise NotImplementedError

    def unplug(self) -> None:
        if self.hid is not None:
            self.link.unlink()
            self.hid.close()
            self.hid = None


class KeyRig(_HidRig):
    """A scanner that types, through uhid and the kernel's own keyboard driver."""

    driver_name, node_kind = "keyboard_scanner", "input/event"

    def make(self, name: str) -> UhidDevice:
        return UhidDevice(name)

    def scan(self, *numbers: str) -> None:
        for number in numbers:
            self.type(f"{number}\n")

    def swipe_payment_card(self, pan: str) -> int:
        self.type(f"{pan}\n%B{pan}^DOE/JANE^2512101?\n;{pan}=2512101?\n")
        return 3

    def interrupt(self, number: str) -> None:
        self.type(number[:7])

    def type(self, text: str) -> None:
        assert self.hid is not None
        self.hid.type(text, gap_s=0.0005)


class StripeRig(_HidRig):
    """A stripe reader that sends whole reports in MagTek's form."""

    driver_name, node_kind = "stripe_reader", "hidraw"

    def make(self, name: str) -> UhidDevice:
        return UhidDevice(name, descriptor=vendor_report(MAGTEK_BYTES), vendor=0x0801, product=0x0002)

    def scan(self, *numbers: str) -> None:
        for number in numbers:
            self._swipe(b"", f";{number}?".encode())

    def swipe_payment_card(self, pan: str) -> int:
        self._swipe(f"%B{pan}^DOE/JANE^2512101?".encode(), f";{pan}=2512101?".encode())
        self._swipe(b"", f";{pan}=2512101?".encode())
        return 2

    def interrupt(self, number: str) -> None:
        self._swipe(b"", f";{number[:7]}".encode(), status=1)

    def _swipe(self, *tracks: bytes, status: int = 0) -> None:
        assert self.hid is not None
        report = bytearray(MAGTEK_BYTES)
        for at, track in enumerate(tracks):
            report[at], report[3 + at] = status if track else 0, len(track)
            report[7 + 110 * at : 7 + 110 * at + len(track)] = track
        self.hid.report(bytes(report))


class CardRig:
    """A contactless reader of a pcscd of our own; a card is held to it for as long as it is talked to."""

    many = 2

    def __init__(self, pcscd: Pcscd, slot: int) -> None:
        self.pcscd, self._slot = pcscd, slot
        self._is_up = False
        self._cards: list[VirtualCard] = []

    def driver(self, name: str = "desk", *, idle_ms: int = 5000) -> Driver | CardReader:  # noqa: ARG002 - as others
        return open_reader(DeviceSettings(name, "card_reader", ranges=RANGES, reader=READERS[self._slot]))

    def plug(self) -> None:
        self._is_up = True
        if self.pcscd.users == 0:
            self.pcscd.start()
        self.pcscd.users += 1

    def scan(self, *numbers: str) -> None:
        for number in numbers:
            card = self.hold(number)
            card.wait_until_read()
            card.remove()

    def scan_after_removal(self, number: str) -> None:
        """Take the card that lies there away, and show another one."""
        self._cards[-1].remove()
        self.scan(number)

    def hold(self, number: str) -> VirtualCard:
        """Hold a tag with a number to the reader, and leave it there."""
        card = self.pcscd.insert(bytes.fromhex("04A1B2C3D4E5F6"), slot=self._slot, answer=tag_with(number))
        self._cards.append(card)
        return card

    def swipe_payment_card(self, pan: str) -> int:
        self.scan(pan)
        return 1

    def interrupt(self, number: str) -> None:
        card = self.hold(number)
        card.delay_s = 1.0
        assert card.was_asked.wait(5)
        card.remove()

    def unplug(self) -> None:
        """Kill pcscd: the virtual reader itself cannot be pulled (the guest's can)."""
        if self._is_up:
            self._is_up = False
            self.pcscd.users -= 1
            for card in self._cards:
                card.remove()
            self.pcscd.stop()


def tag_with(number: str) -> Callable[[bytes], bytes | None]:
    """Answer as a type 2 tag whose NDEF message is this text."""
    record = b"\xd1\x01" + bytes([3 + len(number)]) + b"T\x02en" + number.encode()
    memory = bytes(12) + b"\xe1\x10\x12\x00" + b"\x03" + bytes([len(record)]) + record + b"\xfe"
    return type_2_answer(memory.ljust(160, b"\0"))


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


class CardBench:
    """One pcscd with two slots; the environment says where clients find it."""

    def __init__(self, folder: Path) -> None:
        self.pcscd = Pcscd(folder)
        self._rigs: list[CardRig] = []
        os.environ["PCSCLITE_CSOCK_NAME"] = str(self.pcscd.socket)

    def rig(self, name: str) -> CardRig:  # noqa: ARG002 - slots have numbers
        rig = CardRig(self.pcscd, len(self._rigs))
        self._rigs.append(rig)
        return rig

    def close(self) -> None:
        for rig in self._rigs:
            rig.unplug()
        os.environ.pop("PCSCLITE_CSOCK_NAME", None)


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
