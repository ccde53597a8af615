"""From a reader's settings to its driver; a driver's library is imported only when it is configured."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from drivers.event import Driver
from drivers.framing import IDLE_NS, Framer
from drivers.ranges import NumberRange, check_ranges

DriverName = Literal["serial_scanner"]
DRIVERS: tuple[str, ...] = get_args(DriverName)

_NS_PER_MS = 1_000_000
_BAUD_LIMIT = 4_000_000
_IDLE_LIMIT_MS = 10_000
_LIBRARY_OF = {"serial_scanner": ("serial", "pyserial")}


class DriverUnavailableError(Exception):
    """A configured reader cannot be driven here; the message says which and what to install."""


@dataclass(frozen=True, slots=True)
class DeviceSettings:
    """One configured reader. `port` is a path, best a `/dev/till/<name>` link made by udev.

    `stripe` says that it reads magnetic stripes, which makes the payment guard stricter; `idle_ms` is the
    silence after which a scan without its end is given up.
    """

    name: str
    driver: str
    port: str
    ranges: tuple[NumberRange, ...] = ()
    baud: int = 9600
    stripe: bool = False
    idle_ms: int = IDLE_NS // _NS_PER_MS


def check_settings(devices: Sequence[DeviceSettings]) -> list[str]:
    """Name every mistake in the configured readers at once, their number ranges included."""
    mistakes: list[str] = []
    for device in devices:
        mistakes += [f"device {device.name or '?'}: {mistake}" for mistake in _mistakes_of(device)]
    names = [device.name for device in devices]
    ports = [device.port for device in devices]
    mistakes += [f"device {name}: the name is used twice" for name in _repeated(names)]
    mistakes += [f"port {port}: two devices name it, but a port has one owner" for port in _repeated(ports)]
    return mistakes


def open_reader(settings: DeviceSettings) -> Driver:
    """Make the driver of one reader; the port itself is opened by the input thread.

    Raises:
        DriverUnavailableError: no such driver, or its library is not installed.
    """
    if settings.driver not in DRIVERS:
        known = ", ".join(DRIVERS)
        raise DriverUnavailableError(
            f"device {settings.name}: there is no driver {settings.driver!r}; known: {known}"
        )
    module, distribution = _LIBRARY_OF[settings.driver]
    if importlib.util.find_spec(module) is None:
        raise DriverUnavailableError(
            f"device {settings.name}: driver {settings.driver} needs {distribution}; "
            "install loyalty-agent with its extra 'serial'"
        )
    from drivers.serial_scanner import SerialScanner  # noqa: PLC0415 (imported when configured, not before)

    return SerialScanner(
        settings.name,
        settings.port,
        ranges=settings.ranges,
        baud=settings.baud,
        stripe=settings.stripe,
        framer=Framer(idle_ns=settings.idle_ms * _NS_PER_MS),
    )


def _mistakes_of(device: DeviceSettings) -> list[str]:
    mistakes: list[str] = []
    if not device.name:
        mistakes.append("name is missing")
    if device.driver not in DRIVERS:
        mistakes.append(f"driver must be one of {', '.join(DRIVERS)}")
    if not device.port.startswith("/"):
        mistakes.append("port must be a full path such as /dev/till/scanner")
    if not 0 < device.baud <= _BAUD_LIMIT:
        mistakes.append(f"baud must lie between 1 and {_BAUD_LIMIT}")
    if not 0 < device.idle_ms <= _IDLE_LIMIT_MS:
        mistakes.append(f"idle_ms must lie between 1 and {_IDLE_LIMIT_MS}")
    return mistakes + check_ranges(device.ranges)


def _repeated(names: Sequence[str]) -> list[str]:
    return sorted({name for name in names if names.count(name) > 1})
