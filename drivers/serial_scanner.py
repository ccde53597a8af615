"""A scanner on a serial line or USB virtual COM port: the only door of pyserial.

pyserial opens, claims and configures the line; reading goes straight into one buffer of ours, so that a
payment number leaves no copy behind in a library.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import termios
from collections.abc import Sequence

import serial

from drivers.event import DeviceState, DeviceStatus, Event, RawRead, ReadRefused
from drivers.framing import Framer
from drivers.number import NumberRange, decode, report

TRANSPORT = "serial"
RETRY_NS = 2_000_000_000
_READ_BYTES = 4096
_ABSENT = (errno.ENOENT, errno.ENXIO, errno.ENODEV, errno.EIO)

_WHY_CLOSED = {
    errno.ENOENT: "there is no such device; plug it in or correct the port",
    errno.EACCES: "permission denied; the udev rule must give the device to the agent's group",
    errno.EPERM: "permission denied; the udev rule must give the device to the agent's group",
    errno.EAGAIN: "another process has claimed it; stop that process or give this reader to it",
    errno.EBUSY: "another process has claimed it; stop that process or give this reader to it",
}


class SerialScanner:
    """One serial scanner, opened exclusively and tried again every 2 s while it is away (see `Driver`)."""

    def __init__(
        self,
        device: str,
        port: str,
        *,
        ranges: Sequence[NumberRange],
        baud: int = 9600,
        stripe: bool = False,
        framer: Framer | None = None,
    ) -> None:
        self._device = device
        self._port = port
        self._ranges = tuple(ranges)
        self._baud = baud
        self._stripe = stripe
        self._framer = framer or Framer()
        self._line: serial.Serial | None = None
        self._buffer = bytearray(_READ_BYTES)
        self._retry_at_ns: int | None = 0
        self._status: DeviceStatus | None = None

    @property
    def device(self) -> str:
        """The reader's name in the configuration."""
        return self._device

    def fileno(self) -> int | None:
        """Give the line's descriptor, or None while it is away."""
        return None if self._line is None else self._line.fileno()

    def open(self, now_ns: int) -> list[Event]:
        """Open and claim the line, or say why not and be due again in 2 s."""
        if self._line is not None:
            return []
        self._retry_at_ns = now_ns + RETRY_NS
        try:
            self._line = serial.Serial(self._port, self._baud, timeout=0, exclusive=True)
        except (OSError, ValueError, termios.error) as why:
            if self._is_gone() and why.args[:1] and why.args[0] in _ABSENT:
                return []  # still away, and already said so
            return self._changed("closed", f"{self._port}: {_reason(why)}")
        self._retry_at_ns = None
        self._framer.reset()
        return self._changed("enabled", self._port)

    def read(self, now_ns: int) -> list[Event]:
        """Take at most 4096 readable bytes; a line that was unplugged is closed and reported as gone."""
        fd = self.fileno()
        if fd is None:
            return []
        try:
            count = os.readv(fd, [self._buffer])
        except BlockingIOError:
            return []
        except OSError as why:
            return self._lose(now_ns, _reason(why))
        if count == 0:  # nothing to read (pyserial sets VMIN 0), or hung up: then it stays readable for ever
            return self._lose(now_ns, "the line was hung up") if _is_hung_up(fd) else []
        try:
            return self._decode(memoryview(self._buffer)[:count], now_ns)
        finally:
            self._buffer[:count] = bytes(count)

    def tick(self, now_ns: int) -> list[Event]:
        """Open again if that is due, or give up on a scan whose end has not come."""
        if self._line is None:
            due = self._retry_at_ns
            return self.open(now_ns) if due is not None and now_ns >= due else []
        return [
            ReadRefused(self._device, TRANSPORT, broken.reason, None, now_ns)
            for broken in self._framer.idle(now_ns)
        ]

    def due_at_ns(self) -> int | None:
        """Say when `tick` wants to be called."""
        return self._retry_at_ns if self._line is None else self._framer.due_at_ns()

    def close(self) -> list[Event]:
        """Close the line for good."""
        self._release()
        self._retry_at_ns = None
        return self._changed("closed", "the agent has stopped using it")

    def _decode(self, data: memoryview, now_ns: int) -> list[Event]:
        events: list[Event] = []
        for frame in self._framer.feed(data, now_ns):
            if isinstance(frame, RawRead):
                outcome = decode(frame, transport=TRANSPORT, ranges=self._ranges, stripe=self._stripe)
                events.append(report(outcome, device=self._device, transport=TRANSPORT, read_at_ns=now_ns))
            else:
                events.append(ReadRefused(self._device, TRANSPORT, frame.reason, None, now_ns))
        return events

    def _lose(self, now_ns: int, reason: str) -> list[Event]:
        events: list[Event] = []
        if self._framer.reset():
            events.append(ReadRefused(self._device, TRANSPORT, "incomplete", None, now_ns))
        self._release()
        self._retry_at_ns = now_ns + RETRY_NS
        return events + self._changed("gone", f"{self._port}: {reason}")

    def _release(self) -> None:
        self._framer.reset()
        line, self._line = self._line, None
        if line is not None:
            with contextlib.suppress(OSError):  # a device that has left cannot refuse to be closed
                line.close()

    def _is_gone(self) -> bool:
        return self._status is not None and self._status.state == "gone"

    def _changed(self, state: DeviceState, detail: str) -> list[Event]:
        """Report a state once, and not again at every retry."""
        status = DeviceStatus(self._device, state, detail)
        if status == self._status:
            return []
        self._status = status
        return [status]


def _is_hung_up(fd: int) -> bool:
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return any(seen & (select.POLLHUP | select.POLLERR | select.POLLNVAL) for _, seen in poll.poll(0))


def _reason(why: Exception) -> str:
    """Say what failed and what to do, from an error of pyserial, termios or the system."""
    number = why.args[0] if why.args and isinstance(why.args[0], int) else None
    if number in _WHY_CLOSED:
        return _WHY_CLOSED[number]
    if number is not None:
        return os.strerror(number)
    if isinstance(why, ValueError):
        return "the baud rate is not one that a serial port has"
    return "it is no serial port"
