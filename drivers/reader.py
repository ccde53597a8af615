"""One reader behind one descriptor: opened, claimed, read, lost and found again, whatever kind it is.

What differs between kinds is a `Line`: how it is opened and claimed, and how its bytes become scans. Reading
goes past every library, straight into one buffer that is zeroed: a number that a library has copied cannot be
wiped.
"""

from __future__ import annotations

import errno
import os
import select
from collections.abc import Callable, Iterable
from typing import Protocol

from drivers.event import DeviceState, DeviceStatus, Event, HiddenBytes, RawRead, ReadRefused
from drivers.framing import Broken, Frame
from drivers.number import Decoded, Refused, report

RETRY_NS = 2_000_000_000
SETTLE_NS = 100_000_000
"""What comes so soon after opening, and what follows it without a pause, may be the tail of a scan."""
_READ_BYTES = 4096
_ABSENT = (errno.ENOENT, errno.ENXIO, errno.ENODEV, errno.EIO)

Decode = Callable[[RawRead], Decoded | Refused]
Tap = Callable[[int, memoryview], None]


class Held(Exception):  # noqa: N818 - it names a state of the device, not an error of ours
    """The device is there and opens, but another process has claimed it."""


class Unusable(Exception):  # noqa: N818 - as Held
    """The device is no reader of this kind, or cannot be set up as told; the message says which."""


class Line(Protocol):
    """What one kind of device does in its own way. Bytes given to `feed` are wiped by the caller."""

    @property
    def transport(self) -> str:
        """The transport's name in events and tapes."""
        ...

    def open(self, port: str) -> int:
        """Open, claim and set up the device; return its descriptor, which never blocks.

        Raises:
            OSError: the system refuses.
            Held: another process has claimed it.
            Unusable: it is something else, or the settings do not fit it.
        """
        ...

    def close(self) -> None:
        """Give the device back; does nothing if it is closed."""
        ...

    def feed(self, data: memoryview, now_ns: int) -> list[Frame]:
        """Take what was read and give the scans that end in it."""
        ...

    def idle(self, now_ns: int) -> list[Broken]:
        """Give up on a scan whose end has not come."""
        ...

    def due_at_ns(self) -> int | None:
        """Say when `idle` wants to be called."""
        ...

    def reset(self) -> bool:
        """Forget what was half read, and say whether a scan was lost by it."""
        ...


class Reader:
    """One reader on one line, tried again every 2 s while it is away (see `Driver`).

    `tap`, if given, sees every buffer before it is decoded and wiped: only a recorder that stands in for the
    daemon gives one.
    """

    def __init__(self, device: str, port: str, line: Line, *, decode: Decode, tap: Tap | None = None) -> None:
        self._device = device
        self._port = port
        self._line = line
        self._decode = decode
        self._tap = tap
        self._fd: int | None = None
        self._buffer = HiddenBytes(_READ_BYTES)
        self._retry_at_ns: int | None = 0
        self._settled_at_ns: int | None = None  # while it is claimed, and not yet enabled
        self._lost_a_tail = False
        self._status: DeviceStatus | None = None

    @property
    def device(self) -> str:
        """The reader's name in the configuration."""
        return self._device

    def fileno(self) -> int | None:
        """Give the line's descriptor, or None while it is away."""
        return self._fd

    def open(self, now_ns: int) -> list[Event]:
        """Open and claim the line, or say why not and be due again in 2 s; it is enabled after a silence."""
        if self._fd is not None:
            return []
        self._retry_at_ns = now_ns + RETRY_NS
        try:
            self._fd = self._line.open(self._port)
        except Held:
            return self._changed("opened", f"{self._port}: another process has claimed it; {_GIVE_UP}")
        except Unusable as why:
            return self._changed("closed", f"{self._port}: {why}")
        except OSError as why:
            if self._is_gone() and why.errno in _ABSENT:
                return []  # still away, and already said so
            return self._changed("closed", f"{self._port}: {_reason(why)}")
        self._retry_at_ns, self._settled_at_ns = None, now_ns + SETTLE_NS
        self._line.reset()
        return self._changed("claimed", self._port)

    def read(self, now_ns: int) -> list[Event]:
        """Take at most 4096 readable bytes; a line that was unplugged is closed and reported as gone."""
        if self._fd is None:
            return []
        try:
            count = os.readv(self._fd, [self._buffer])
        except BlockingIOError:
            return []
        except OSError as why:
            return self._lose(now_ns, _reason(why))
        if count == 0:  # nothing to read after all, or hung up: then it stays readable for ever
            return self._lose(now_ns, "the line was hung up") if _is_hung_up(self._fd) else []
        data = memoryview(self._buffer)[:count]
        try:
            if self._settled_at_ns is not None:
                return self._not_yet(now_ns)
            if self._tap is not None:
                self._tap(now_ns, data)
            return self._events(self._line.feed(data, now_ns), now_ns)
        finally:
            self._buffer[:count] = bytes(count)

    def tick(self, now_ns: int) -> list[Event]:
        """Open again if that is due, or give up on a scan whose end has not come."""
        if self._fd is None:
            due = self._retry_at_ns
            return self.open(now_ns) if due is not None and now_ns >= due else []
        if self._settled_at_ns is not None:
            if now_ns < self._settled_at_ns:
                return []
            self._settled_at_ns, self._lost_a_tail = None, False
            self._line.reset()  # which keys are held may have changed meanwhile
            return self._changed("enabled", self._port)
        return self._events(self._line.idle(now_ns), now_ns)

    def due_at_ns(self) -> int | None:
        """Say when `tick` wants to be called."""
        if self._fd is None:
            return self._retry_at_ns
        return self._line.due_at_ns() if self._settled_at_ns is None else self._settled_at_ns

    def close(self) -> list[Event]:
        """Close the line for good."""
        self._release()
        self._retry_at_ns = None
        return self._changed("closed", "the agent has stopped using it")

    def _not_yet(self, now_ns: int) -> list[Event]:
        """Throw away what was under way when we came, and say so once: a tail must not be a number."""
        self._settled_at_ns = now_ns + SETTLE_NS
        was_told, self._lost_a_tail = self._lost_a_tail, True
        return [] if was_told else [self._refusal(now_ns)]

    def _refusal(self, now_ns: int) -> ReadRefused:
        return ReadRefused(self._device, self._line.transport, "incomplete", None, now_ns)

    def _events(self, frames: Iterable[Frame], now_ns: int) -> list[Event]:
        told = {"device": self._device, "transport": self._line.transport, "read_at_ns": now_ns}
        return [
            report(self._decode(one) if isinstance(one, RawRead) else Refused(one.reason), **told)  # type: ignore[arg-type]
            for one in frames
        ]

    def _lose(self, now_ns: int, reason: str) -> list[Event]:
        events: list[Event] = []
        if self._line.reset():
            events.append(self._refusal(now_ns))
        self._release()
        self._retry_at_ns = now_ns + RETRY_NS
        return events + self._changed("gone", f"{self._port}: {reason}")

    def _release(self) -> None:
        self._fd = self._settled_at_ns = None
        self._lost_a_tail = False
        self._line.close()
        self._line.reset()

    def _is_gone(self) -> bool:
        return self._status is not None and self._status.state == "gone"

    def _changed(self, state: DeviceState, detail: str) -> list[Event]:
        """Report a state once, and not again at every retry."""
        status = DeviceStatus(self._device, state, detail)
        if status == self._status:
            return []
        self._status = status
        return [status]


_GIVE_UP = "stop that process or give this reader to it"
_WHY_CLOSED = {
    errno.ENOENT: "there is no such device; plug it in or correct the port",
    errno.EACCES: "permission denied; the udev rule must give the device to the agent's group",
    errno.EPERM: "permission denied; the unit's DeviceAllow= or the udev rule must let the agent in",
}


def _reason(why: OSError) -> str:
    """Say what failed and what to do."""
    if why.errno is None:
        return "the system refuses it without a reason"
    return _WHY_CLOSED.get(why.errno) or os.strerror(why.errno)


def _is_hung_up(fd: int) -> bool:
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return any(seen & (select.POLLHUP | select.POLLERR | select.POLLNVAL) for _, seen in poll.poll(0))
