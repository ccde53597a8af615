"""A scanner or stripe reader on a serial line or USB virtual COM port: the only door of pyserial.

pyserial opens, claims and configures the line; `Reader` reads past it.
"""

from __future__ import annotations

import contextlib
import errno
import termios

import serial

from drivers.framing import Broken, Frame, Framer
from drivers.reader import Held, Unusable

_CLAIMED = (errno.EAGAIN, errno.EBUSY)


class SerialLine:
    """One serial line, claimed with `exclusive=True` (see `Line`)."""

    transport = "serial"

    def __init__(self, framer: Framer, *, baud: int = 9600) -> None:
        self._framer = framer
        self._baud = baud
        self._line: serial.Serial | None = None

    def open(self, port: str) -> int:
        """Open, claim and configure the line; what came before is thrown away by pyserial."""
        try:
            self._line = serial.Serial(port, self._baud, timeout=0, exclusive=True)
        except ValueError:
            raise Unusable("the baud rate is not one that a serial port has") from None
        except (OSError, termios.error) as why:  # a SerialException is an OSError
            number = why.args[0] if why.args and isinstance(why.args[0], int) else None
            if number in _CLAIMED:
                raise Held from None
            if number is None or isinstance(why, termios.error):
                raise Unusable("it is no serial port") from None
            raise OSError(number, "") from None
        fd: int = self._line.fileno()
        return fd

    def close(self) -> None:
        """Give the line back."""
        line, self._line = self._line, None
        if line is not None:
            with contextlib.suppress(OSError):  # a device that has left cannot refuse to be closed
                line.close()

    def feed(self, data: memoryview, now_ns: int) -> list[Frame]:
        """Cut bytes into scans."""
        return self._framer.feed(data, now_ns)

    def idle(self, now_ns: int) -> list[Broken]:
        """Give up on a scan whose end has not come."""
        return self._framer.idle(now_ns)

    def due_at_ns(self) -> int | None:
        """Say when `idle` wants to be called."""
        return self._framer.due_at_ns()

    def reset(self) -> bool:
        """Forget what was half read."""
        return self._framer.reset()
