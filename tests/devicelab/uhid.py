"""HID devices made through /dev/uhid: real reports, real hid-generic, real evdev and hidraw."""

from __future__ import annotations

import os
import socket
import struct
import time
from pathlib import Path

from tests.parts import MissingPart

_CREATE2, _INPUT2 = 11, 12  # linux/uhid.h
_NETLINK_KOBJECT_UEVENT = 15
_LEFT_SHIFT = 0x02
# A boot keyboard: 8 modifier bits, a reserved byte, six key codes (from the items of the HID specification).
KEYBOARD = bytes.fromhex(
    "05010906A101050719E029E71500250175019508810295017508810195067508150026FF00050719002AFF008100C0"
)


def vendor_report(size: int) -> bytes:
    """Describe one input report of so many bytes, of the maker's own making, as a stripe reader has."""
    return (
        bytes.fromhex("0600FF0901A101150026FF00750896")
        + size.to_bytes(2, "little")
        + bytes.fromhex("09028102C0")
    )


_USAGES = {chr(97 + n): 4 + n for n in range(26)} | {str((n + 1) % 10): 30 + n for n in range(10)}
_USAGES |= {"\n": 40, "\t": 43, " ": 44, "-": 45, "=": 46, "]": 48, ";": 51, ".": 55, "/": 56}
_SHIFTED = dict(zip("!@#$%^&*()_+:?", "1234567890-=;/", strict=True))


class UhidDevice:
    """A HID device that is plugged in until it is closed."""

    def __init__(
        self,
        name: str,
        *,
        descriptor: bytes = KEYBOARD,
        vendor: int = 0x05E0,
        product: int = 0x1200,
        serial: str = "1",
    ) -> None:
        """Plug it in.

        Raises:
            MissingPart: this kernel gives us no uhid.
        """
        try:
            self._fd = os.open("/dev/uhid", os.O_RDWR)
        except OSError as why:
            raise MissingPart(f"/dev/uhid: {why.strerror}") from None
        self._name = name
        self._news = socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, _NETLINK_KOBJECT_UEVENT)
        self._news.bind((0, 1))
        self._is_bound = False
        what = (
            name.encode(),
            b"devicelab",
            serial.encode(),
            len(descriptor),
            3,
            vendor,
            product,
            0,
            0,
            descriptor,
        )
        os.write(self._fd, struct.pack("<I128s64s64sHHIIII4096s", _CREATE2, *what))

    def node(self, kind: str, patience_s: float = 10.0) -> str:
        """Wait for the device's node of a kind (`input/event` or `hidraw`) and return its path."""
        until = time.monotonic() + patience_s
        while time.monotonic() < until:
            if kind == "hidraw":
                found = [
                    entry.parent.name
                    for entry in Path("/sys/class/hidraw").glob("*/device")
                    if f"HID_NAME={self._name}\n" in (entry / "uevent").read_text(encoding="utf-8")
                ]
            else:
                found = [
                    f"input/{entry.parent.parent.name}"
                    for entry in Path("/sys/class/input").glob("event*/device/name")
                    if entry.read_text(encoding="utf-8") == f"{self._name}\n"
                ]
            if found and Path("/dev", found[0]).exists():
                self._await_driver(until)
                return f"/dev/{found[0]}"
            time.sleep(0.005)
        raise TimeoutError(f"no {kind} node for {self._name}")

    def _await_driver(self, until: float) -> None:
        """Wait until the driver is bound: before, its nodes are there and the kernel throws reports away."""
        name = f"HID_NAME={self._name}\0".encode()
        while not self._is_bound:
            self._news.settimeout(max(0.01, until - time.monotonic()))
            message = self._news.recv(8192)
            self._is_bound = message.startswith(b"bind@") and name in message

    def report(self, data: bytes) -> None:
        """Send one input report."""
        os.write(self._fd, struct.pack("<IH4096s", _INPUT2, len(data), data))

    def type(self, text: str, gap_s: float = 0.0) -> None:
        """Type text in US key positions, a report for each press and each release."""
        for character in text:
            base = _SHIFTED.get(character, character.lower())
            modifier = _LEFT_SHIFT if character in _SHIFTED or character.isupper() else 0
            self.report(bytes([modifier, 0, _USAGES[base], 0, 0, 0, 0, 0]))
            if gap_s:
                time.sleep(gap_s)
            self.report(bytes(8))
            if gap_s:
                time.sleep(gap_s)

    def close(self) -> None:
        """Unplug it."""
        self._news.close()
        os.close(self._fd)
