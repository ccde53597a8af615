"""Key events of a reader that types, cut into scans; pure, so recorded events replay exactly.

A character is decided at key-down with the shift state of that moment: the kernel may report shift up before
the letter is up. When the kernel has lost events (SYN_DROPPED) the whole scan is given up: a shortened number
must never come out.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable

from drivers.framing import IDLE_NS, Broken, Frame, Framer
from drivers.keymap import (
    CAPS_LOCK,
    ENTER,
    KEYPAD_ENTER,
    LEFT_ALT,
    LEFT_CTRL,
    LEFT_SHIFT,
    RIGHT_ALT,
    RIGHT_BRACE,
    RIGHT_CTRL,
    RIGHT_SHIFT,
    TAB,
    Key,
    keys_of,
)

EV_SYN, EV_KEY = 0, 1
SYN_REPORT, SYN_DROPPED = 0, 3
EVENT = struct.Struct("llHHi")  # struct input_event: two of time, type, code, value

_UP, _DOWN = 0, 1
_ENDS = frozenset({ENTER, KEYPAD_ENTER, TAB})
_CTRL = frozenset({LEFT_CTRL, RIGHT_CTRL})
_SHIFT = frozenset({LEFT_SHIFT, RIGHT_SHIFT})
_MODIFIERS = _CTRL | _SHIFT | {LEFT_ALT, RIGHT_ALT, 125, 126}  # and the two Windows keys
_SILENT = frozenset({CAPS_LOCK, 69, 70})  # NumLock: keypad digits count whatever it says; ScrollLock
_GS, _CR, _SPOILED = b"\x1d", b"\r", b"\x00"
_HIGHEST_ALT_CODE = 255


class KeyFramer:
    """The key stream of one device under its own layout, with the methods of `Framer`.

    While `wants_held` is true, tell it which keys are down (EVIOCGKEY) with `hold`: events were lost.
    """

    def __init__(self, layout: str = "us", *, idle_ns: int = IDLE_NS) -> None:
        self._keys = keys_of(layout)
        self._framer = Framer(idle_ns=idle_ns)
        self._held = set[int]()
        self._capitals = False
        self._alt_code: int | None = None
        self._is_discarding = False
        self.wants_held = False

    def feed(self, events: Iterable[tuple[int, int, int]], now_ns: int) -> list[Frame]:
        """Take (type, code, value) events read at `now_ns` and give the scans that end in them, in order."""
        frames: list[Frame] = []
        for kind, code, value in events:
            if kind == EV_KEY and not self._is_discarding:
                if typed := self._typed(code, value):
                    frames += self._framer.feed(typed, now_ns)
            elif kind == EV_SYN and code == SYN_DROPPED:
                self._is_discarding = self.wants_held = True
                frames += self._framer.lose(now_ns)
            elif kind == EV_SYN and code == SYN_REPORT:
                self._is_discarding = False
        return frames

    def feed_bytes(self, data: bytes | bytearray | memoryview, now_ns: int) -> list[Frame]:
        """Take events as the kernel writes them (`struct input_event`, whole ones as it always does)."""
        whole = len(data) - len(data) % EVENT.size
        return self.feed((event[2:] for event in EVENT.iter_unpack(memoryview(data)[:whole])), now_ns)

    def hold(self, codes: Iterable[int]) -> None:
        """Set which keys are down now, as read from the device; without it a lost release would stick."""
        self._held = set(_MODIFIERS.intersection(codes))
        self._alt_code = None
        self.wants_held = False

    def idle(self, now_ns: int) -> list[Broken]:
        """Give up on a scan whose end has not come in time; call it at `due_at_ns`."""
        return self._framer.idle(now_ns)

    def due_at_ns(self) -> int | None:
        """Say when `idle` wants to be called if nothing comes before, or None while no scan is open."""
        return self._framer.due_at_ns()

    def reset(self) -> bool:
        """Forget everything half read and every held key, and say whether a scan was lost by it."""
        self.hold(())
        self._capitals = self._is_discarding = False
        return self._framer.reset()

    def _typed(self, code: int, value: int) -> bytes:
        """Give the bytes that a key event adds to the scan: mostly none."""
        if code in _MODIFIERS:
            return self._modified(code, value)
        if value != _DOWN or code in _SILENT:
            self._capitals ^= code == CAPS_LOCK and value == _DOWN
            return b""
        if code in _ENDS:
            return _CR
        key = self._keys.get(code)
        if key is None:  # a key that types nothing spoils a scan, and is nothing outside one
            return _SPOILED if self._framer.due_at_ns() is not None else b""
        if self._alt_code is not None and key.plain.isdigit():
            self._alt_code = min(self._alt_code * 10 + int(key.plain), _HIGHEST_ALT_CODE + 1)
            return b""
        return self._character(code, key)

    def _modified(self, code: int, value: int) -> bytes:
        """Keep track of a modifier; Alt going up ends a character typed by its number (Alt mode)."""
        typed = b""
        if value == _UP:
            self._held.discard(code)
            if code == LEFT_ALT and self._alt_code:
                typed = (
                    chr(self._alt_code).encode("utf-8") if self._alt_code <= _HIGHEST_ALT_CODE else _SPOILED
                )
        else:
            self._held.add(code)
        if code == LEFT_ALT and value != 2:  # noqa: PLR2004 (2 is a repeat)
            self._alt_code = 0 if value == _DOWN else None
        return typed

    def _character(self, code: int, key: Key) -> bytes:
        is_ctrl = not self._held.isdisjoint(_CTRL)
        if RIGHT_ALT in self._held or (
            is_ctrl and LEFT_ALT in self._held
        ):  # Windows writes AltGr as Ctrl+Alt
            return key.third.encode("utf-8") or _SPOILED
        if is_ctrl:
            return _control(code, key)
        is_shifted = not self._held.isdisjoint(_SHIFT)
        is_shifted ^= self._capitals and key.is_letter
        return (key.shifted if is_shifted else key.plain).encode("utf-8")


def _control(code: int, key: Key) -> bytes:
    """Give the control character of Ctrl and a key; Ctrl+] is GS on every layout, by its position too."""
    if code == RIGHT_BRACE:
        return _GS
    letter = key.plain.upper()  # of ß that is two
    return bytes([ord(letter) & 0x1F]) if len(letter) == 1 and "@" <= letter <= "_" else _SPOILED
