"""Keyboards and stripe readers made through uhid: they need a kernel that has it (the guest does)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from drivers.event import Driver
from drivers.registry import DeviceSettings, open_reader
from tests.devicelab.uhid import UhidDevice, vendor_report
from tests.drivers.loyalty_numbers import RANGES

if TYPE_CHECKING:
    from drivers.card_reader import CardReader

MAGTEK_BYTES = 337


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
