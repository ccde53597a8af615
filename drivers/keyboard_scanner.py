"""A scanner or stripe reader that types like a keyboard: the only door of python-evdev.

evdev opens and grabs the device and tells which keys are held; `Reader` reads past it.
"""

from __future__ import annotations

import contextlib
import errno

import evdev
from evdev import ecodes

from drivers.framing import Broken, Frame
from drivers.key_events import KeyFramer
from drivers.reader import Held, Unusable


class KeyLine:
    """One input device, grabbed: while we hold it, no desktop and no other program hears it (see `Line`)."""

    transport = "evdev"

    def __init__(self, framer: KeyFramer) -> None:
        self._framer = framer
        self._keyboard: evdev.InputDevice[str] | None = None

    def open(self, port: str) -> int:
        """Open and grab the keyboard."""
        try:
            keyboard = evdev.InputDevice(port, readonly=True)
        except OSError as why:
            if why.errno in {errno.ENOTTY, errno.EINVAL}:
                raise Unusable("it is no input device") from None
            raise
        if ecodes.KEY_ENTER not in keyboard.capabilities().get(ecodes.EV_KEY, []):
            keyboard.close()
            raise Unusable("it has no Enter key, so it is no scanner that types")
        try:
            keyboard.grab()
        except OSError as why:
            keyboard.close()
            if why.errno == errno.EBUSY:
                raise Held from None
            raise
        self._keyboard = keyboard
        return keyboard.fd

    def close(self) -> None:
        """Let go of the grab and close."""
        keyboard, self._keyboard = self._keyboard, None
        if keyboard is not None:
            with contextlib.suppress(OSError):  # a device that has left cannot refuse to be closed
                keyboard.close()

    def feed(self, data: memoryview, now_ns: int) -> list[Frame]:
        """Turn key events into scans; after an overflow, ask the kernel which keys are held."""
        frames = self._framer.feed_bytes(data, now_ns)
        if self._framer.wants_held:
            self._hold()
        return frames

    def idle(self, now_ns: int) -> list[Broken]:
        """Give up on a scan whose end has not come."""
        return self._framer.idle(now_ns)

    def due_at_ns(self) -> int | None:
        """Say when `idle` wants to be called."""
        return self._framer.due_at_ns()

    def reset(self) -> bool:
        """Forget what was half read, and learn anew which keys are held."""
        was_open = self._framer.reset()
        self._hold()
        return was_open

    def _hold(self) -> None:
        if self._keyboard is not None:
            # It has just left; the next read says so. evdev 2.0 then raises a SystemError of its own making.
            with contextlib.suppress(OSError, SystemError):
                self._framer.hold(self._keyboard.active_keys())
