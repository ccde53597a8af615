"""Cut a reader's bytes into scans; pure, so a recorded stream replays exactly.

A scan ends with CR, LF or CRLF, or stands between STX and ETX. A shortened number must never come out:
a scan that falls silent, grows too long or holds a control character is dropped up to its end.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from drivers.event import HiddenBytes, RawRead

MAX_SCAN_BYTES = 1024
IDLE_NS = 100_000_000  # a scanner sends a scan in one go; longer silence inside one is a lost end
RESYNC_NS = 1_000_000_000  # after a lost end, how much silence makes sure that the rest never comes

_STX, _ETX, _LF, _CR = 0x02, 0x03, 0x0A, 0x0D
_CONTROL = re.compile(rb"[\x00-\x1c\x1e\x1f\x7f]")  # all but GS, which parts the fields of a GS1 label


@dataclass(frozen=True, slots=True)
class Broken:
    """A scan that gave nothing: `incomplete` lost its end, `unreadable` held what no label holds."""

    reason: Literal["incomplete", "unreadable"]


Frame = RawRead | Broken


class Framer:
    """The framing of one reader. Memory is fixed: one scan of at most `MAX_SCAN_BYTES`."""

    def __init__(self, *, idle_ns: int = IDLE_NS) -> None:
        self._idle_ns = idle_ns
        self._resync_ns = RESYNC_NS
        self._buffer = HiddenBytes(MAX_SCAN_BYTES)  # never resized, so wiping reaches every copy
        self._length = 0
        self._in_stx = False
        self._dropping = False
        self._last_ns = 0

    def feed(self, data: bytes | bytearray | memoryview, now_ns: int) -> list[Frame]:
        """Take bytes read at `now_ns` and give the scans that end in them, in order."""
        frames: list[Frame] = []
        view, at = memoryview(data), 0
        for control in _CONTROL.finditer(view):
            self._take(view[at : control.start()], frames)
            self._control(view[control.start()], frames)
            at = control.end()
        self._take(view[at:], frames)
        if view:
            self._last_ns = now_ns
        return frames

    def idle(self, now_ns: int) -> list[Broken]:
        """Give up on a scan whose end has not come in time; call it at `due_at_ns`."""
        due = self.due_at_ns()
        if due is None or now_ns < due:
            return []
        was_dropping = self._dropping
        self._start()
        self._resync_ns = RESYNC_NS
        self._dropping = not was_dropping  # the rest may still come; after the resync time it will not
        return [] if was_dropping else [Broken("incomplete")]

    def lose(self, now_ns: int) -> list[Broken]:
        """Give up on what is open, as something was lost at `now_ns`; its rest is dropped up to its end.

        What is left is known to be on its way, so the usual silence is long enough to say that it is over.
        """
        was_dropping = self._dropping
        self._start()
        self._dropping = True
        self._resync_ns = self._idle_ns
        self._last_ns = now_ns
        return [] if was_dropping else [Broken("incomplete")]

    def due_at_ns(self) -> int | None:
        """Say when `idle` wants to be called if nothing comes before, or None while no scan is open."""
        if self._dropping:
            return self._last_ns + self._resync_ns
        if self._length or self._in_stx:
            return self._last_ns + self._idle_ns
        return None

    def reset(self) -> bool:
        """Forget everything half read, and say whether a scan was lost by it."""
        was_open = not self._dropping and bool(self._length or self._in_stx)
        self._start()
        return was_open

    def _take(self, part: memoryview, frames: list[Frame]) -> None:
        if self._dropping:
            return
        end = self._length + len(part)
        if end > MAX_SCAN_BYTES:
            self._break("unreadable", frames)
            return
        # Through a view: a slice of a bytearray would first make a copy of its own, which nobody could wipe.
        memoryview(self._buffer)[self._length : end] = part
        self._length = end

    def _control(self, byte: int, frames: list[Frame]) -> None:
        if byte == _STX:
            if not self._dropping and (self._length or self._in_stx):
                frames.append(Broken("incomplete"))
            self._start()
            self._in_stx = True
        elif self._dropping:
            if byte in {_ETX, _CR, _LF}:
                self._start()
        elif byte == (_ETX if self._in_stx else _CR) or (byte == _LF and not self._in_stx):
            self._end(frames)
        else:
            self._break("unreadable", frames)

    def _end(self, frames: list[Frame]) -> None:
        if self._length:  # the LF of a CRLF ends an empty scan, which is none
            frames.append(RawRead(memoryview(self._buffer)[: self._length]))
        self._start()

    def _break(self, reason: Literal["incomplete", "unreadable"], frames: list[Frame]) -> None:
        frames.append(Broken(reason))
        self._start()
        self._dropping = True
        self._resync_ns = RESYNC_NS

    def _start(self) -> None:
        self._buffer[: self._length] = bytes(self._length)
        self._length = 0
        self._in_stx = self._dropping = False
