"""Find what is plugged in that might be a reader, with a name that stays; nothing is claimed by looking."""

from __future__ import annotations

import importlib.util
import os
import select
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

_SYS, _DEV = Path("/sys/class"), Path("/dev")
_LINKS = ("till", "serial/by-id", "input/by-id", "serial/by-path", "input/by-path")
_ENTER = 28
_VENDOR_PAGE = (
    b"\x06\x00\xff"  # a report descriptor that begins with the maker's own page: no keyboard, no mouse
)
_MANY_BYTES = 8 * 24 * 4  # a person does not type so much within a breath, a scanner always does
_BREATH_S = 0.25


@dataclass(frozen=True, slots=True)
class Found:
    """One thing that may be a reader: which driver would read it, where, and what it says of itself."""

    driver: str
    port: str
    node: str
    name: str
    vendor: str = ""
    product: str = ""

    @property
    def stanza(self) -> str:
        """What to write into the configuration."""
        key = f'reader = "{self.name}"' if self.driver == "card_reader" else f'port = "{self.port}"'
        return f'[[device]]\nname = "reader"\ndriver = "{self.driver}"\n{key}\n'

    @property
    def udev_rule(self) -> str:
        """The rule that gives it to the agent and hides a keyboard from the desktop, where one is needed."""
        if not self.vendor:
            return ""
        kernel = {"keyboard_scanner": "event*", "serial_scanner": "tty*", "stripe_reader": "hidraw*"}[
            self.driver
        ]
        subsystem = {"keyboard_scanner": "input", "serial_scanner": "tty", "stripe_reader": "hidraw"}[
            self.driver
        ]
        hidden = ', ENV{LIBINPUT_IGNORE_DEVICE}="1"' if self.driver == "keyboard_scanner" else ""
        return (
            f'ACTION!="remove", SUBSYSTEM=="{subsystem}", KERNEL=="{kernel}", '
            f'ATTRS{{idVendor}}=="{self.vendor}", ATTRS{{idProduct}}=="{self.product}", '
            f'GROUP="loyalty-agent", MODE="0660", SYMLINK+="till/{self.driver}"{hidden}'
        )


def find_readers() -> list[Found]:
    """List what is plugged in: serial lines of USB, keyboards with Enter, raw HID devices, PC/SC readers."""
    return [*_serial_lines(), *_keyboards(), *_raw_devices(), *_card_readers()]


def wait_for_scan(found: Sequence[Found], wait_s: float) -> Found | None:
    """Say which of these sends something within the time; what it sends is looked at by its length only.

    A keyboard counts when it types a burst, as no person does. Nothing is grabbed, so a desktop hears it too.
    """
    with ExitStack() as opened:
        watched: dict[int, Found] = {}
        for one in found:
            if one.driver != "card_reader":
                with suppress(OSError):
                    fd = os.open(one.node, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
                    opened.callback(os.close, fd)
                    watched[fd] = one
        until, heard = time.monotonic() + wait_s, dict.fromkeys(watched, (0, 0.0))
        while watched and (left := until - time.monotonic()) > 0:
            for fd in select.select(list(watched), [], [], left)[0]:
                now = time.monotonic()
                count, since = heard[fd]
                try:
                    length = os.readv(fd, [bytearray(4096)])
                except OSError:
                    del watched[fd]
                    continue
                count, since = (count + length, since) if now - since < _BREATH_S else (length, now)
                heard[fd] = (count, since)
                if count >= (_MANY_BYTES if watched[fd].driver == "keyboard_scanner" else 1):
                    return watched[fd]
    return None


def _serial_lines() -> Iterator[Found]:
    for entry in sorted(_SYS.glob("tty/ttyUSB*")) + sorted(_SYS.glob("tty/ttyACM*")):
        yield _found("serial_scanner", f"/dev/{entry.name}", entry / "device", "")


def _keyboards() -> Iterator[Found]:
    for entry in sorted(_SYS.glob("input/event*")):
        words = _text(entry / "device/capabilities/key").split()
        keys = int(words[-1], 16) if words else 0
        if keys >> _ENTER & 1:
            name = _text(entry / "device/name")
            yield _found("keyboard_scanner", f"/dev/input/{entry.name}", entry / "device", name)


def _raw_devices() -> Iterator[Found]:
    for entry in sorted(_SYS.glob("hidraw/hidraw*")):
        with suppress(OSError):
            if (entry / "device/report_descriptor").read_bytes().startswith(_VENDOR_PAGE):
                told = dict(
                    line.split("=", 1) for line in _text(entry / "device/uevent").splitlines() if "=" in line
                )
                yield _found(
                    "stripe_reader", f"/dev/{entry.name}", entry / "device", told.get("HID_NAME", "")
                )


def _card_readers() -> Iterator[Found]:
    if importlib.util.find_spec("smartcard") is None:
        return
    from drivers.card_reader import PcscError, reader_names  # noqa: PLC0415 (only where pyscard is installed)

    with suppress(PcscError):
        for name in reader_names():
            yield Found("card_reader", "", "", name)


def _found(driver: str, node: str, device: Path, name: str) -> Found:
    """Look upwards for the USB device that it belongs to, and for a link that stays."""
    for folder in (here := device.resolve(), *here.parents):
        if (folder / "idVendor").exists():
            spoken = f"{_text(folder / 'manufacturer')} {_text(folder / 'product')}".strip()
            vendor, product = _text(folder / "idVendor"), _text(folder / "idProduct")
            return Found(driver, _stable(node), node, name or spoken, vendor, product)
    return Found(driver, _stable(node), node, name)


def _stable(node: str) -> str:
    for folder in _LINKS:
        for link in sorted((_DEV / folder).glob("*")):
            if str(link.resolve()) == node:
                return str(link)
    return node


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
