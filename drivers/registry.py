"""From a reader's settings to its driver; a driver's library is imported only when it is configured."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal, get_args

from drivers.codes import NO_CODES, Codes
from drivers.event import Driver
from drivers.framing import IDLE_NS, Framer
from drivers.keymap import LAYOUTS
from drivers.number import decode, warm
from drivers.ranges import NumberRange, check_ranges

if TYPE_CHECKING:
    from drivers.card_reader import CardReader
    from drivers.reader import Line, Tap

DriverName = Literal["serial_scanner", "keyboard_scanner", "stripe_reader", "card_reader"]
DRIVERS: tuple[str, ...] = get_args(DriverName)

_NS_PER_MS = 1_000_000
_BAUD_LIMIT = 4_000_000
_IDLE_LIMIT_MS = 10_000
# What each driver imports, the distribution that brings it, and our extra that asks for that.
_LIBRARY_OF = {
    "serial_scanner": ("serial", "pyserial", "serial"),
    "keyboard_scanner": ("evdev", "evdev", "evdev"),
    "card_reader": ("smartcard", "pyscard", "pcsc"),
}


class DriverUnavailableError(Exception):
    """A configured reader cannot be driven here; the message says which and what to install."""


@dataclass(frozen=True, slots=True)
class DeviceSettings:
    """One configured reader. `port` is a path, best a `/dev/till/<name>` link made by udev.

    `stripe` says that it reads magnetic stripes, which makes the payment guard stricter; `idle_ms` is the
    silence after which a scan without its end is given up. `layout` is what a keyboard scanner is set to,
    never the desktop's. A card reader has no port: `reader` is a pattern (`*`, `?`) of its name in pcscd.
    """

    name: str
    driver: str
    port: str = ""
    ranges: tuple[NumberRange, ...] = ()
    codes: Codes = NO_CODES
    baud: int = 9600
    stripe: bool = False
    idle_ms: int = IDLE_NS // _NS_PER_MS
    layout: str = "us"
    reader: str = "*"


def check_settings(devices: Sequence[DeviceSettings]) -> list[str]:
    """Name every mistake in the configured readers at once, their number ranges included."""
    mistakes: list[str] = []
    for device in devices:
        mistakes += [f"device {device.name or '?'}: {mistake}" for mistake in _mistakes_of(device)]
    names = [device.name for device in devices]
    ports = [device.port for device in devices if device.port]
    mistakes += [f"device {name}: the name is used twice" for name in _repeated(names)]
    mistakes += [f"port {port}: two devices name it, but a port has one owner" for port in _repeated(ports)]
    return mistakes


def open_reader(settings: DeviceSettings, *, tap: Tap | None = None) -> Driver | CardReader:
    """Make the driver of one reader; the device itself is opened by the thread that reads it.

    `tap` is a recorder's, see `reader.Reader`; a card reader takes none.

    Raises:
        DriverUnavailableError: no such driver, or its library is not installed.
    """
    if settings.driver not in DRIVERS:
        known = ", ".join(DRIVERS)
        raise DriverUnavailableError(
            f"device {settings.name}: there is no driver {settings.driver!r}; known: {known}"
        )
    module, distribution, extra = _LIBRARY_OF.get(settings.driver, ("", "", ""))
    if module and importlib.util.find_spec(module) is None:
        raise DriverUnavailableError(
            f"device {settings.name}: driver {settings.driver} needs {distribution}; "
            f"install loyalty-agent with its extra '{extra}'"
        )
    warm(settings.ranges, settings.codes)
    if settings.driver == "card_reader":
        from drivers.card_reader import CardReader, session_of  # noqa: PLC0415 (imported when configured)

        session = session_of(settings.ranges, settings.codes)
        return CardReader(settings.name, settings.reader, session=session)
    from drivers.reader import Reader  # noqa: PLC0415 (as above)

    line = _line_of(settings)
    stripe = settings.stripe or settings.driver == "stripe_reader"
    decoder = partial(
        decode, transport=line.transport, ranges=settings.ranges, stripe=stripe, codes=settings.codes
    )
    return Reader(settings.name, settings.port, line, decode=decoder, tap=tap)


def _line_of(settings: DeviceSettings) -> Line:
    idle_ns = settings.idle_ms * _NS_PER_MS
    match settings.driver:
        case "serial_scanner":
            from drivers.serial_scanner import SerialLine  # noqa: PLC0415 (as above)

            return SerialLine(Framer(idle_ns=idle_ns), baud=settings.baud)
        case "keyboard_scanner":
            from drivers.key_events import KeyFramer  # noqa: PLC0415 (as above)
            from drivers.keyboard_scanner import KeyLine  # noqa: PLC0415 (as above)

            return KeyLine(KeyFramer(settings.layout, idle_ns=idle_ns))
        case _:
            from drivers.stripe_reader import ReportLine  # noqa: PLC0415 (as above)

            return ReportLine()


def _mistakes_of(device: DeviceSettings) -> list[str]:
    mistakes: list[str] = []
    if not device.name:
        mistakes.append("name is missing")
    if device.driver not in DRIVERS:
        mistakes.append(f"driver must be one of {', '.join(DRIVERS)}")
    if device.driver == "card_reader":
        if device.port:
            mistakes.append("a card reader has no port: pcscd holds it; give `reader`, a pattern of its name")
    elif not device.port.startswith("/"):
        mistakes.append("port must be a full path such as /dev/till/scanner")
    if not 0 < device.baud <= _BAUD_LIMIT:
        mistakes.append(f"baud must lie between 1 and {_BAUD_LIMIT}")
    if not 0 < device.idle_ms <= _IDLE_LIMIT_MS:
        mistakes.append(f"idle_ms must lie between 1 and {_IDLE_LIMIT_MS}")
    if device.layout not in LAYOUTS:
        mistakes.append(f"layout must be one of {', '.join(LAYOUTS)}")
    return mistakes + check_ranges(device.ranges)


def _repeated(names: Sequence[str]) -> list[str]:
    return sorted({name for name in names if names.count(name) > 1})
