"""Record what a reader sends as a tape that support can replay anywhere, with the numbers replaced.

Digits and letters that tell one card from another are drawn anew until the tape, played back, gives the same
outcome as the read did: same kind, same refusal. What was read is wiped; a payment card is not recorded at
all.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from drivers.event import CardRead, Event, ReadRefused
from drivers.key_events import EV_KEY, EV_SYN, EVENT, SYN_DROPPED, SYN_REPORT
from drivers.ranges import NumberRange
from drivers.registry import DeviceSettings
from drivers.tape import decode_line

MAX_TRIES = 5_000
_MAX_BYTES = 1 << 16
_NS_PER_MS = 1_000_000
_KEPT, _SHORTEST_RUN = 4, 6  # what stands before tells issuers and application identifiers, not cards
_REPORT_HEAD = 9  # status and lengths, which a reader needs and which tell nothing
# Keys that give characters of one class under every layout: the row of digits, the keypad's, the letters.
_KEY_CLASSES = (
    tuple(range(2, 12)),
    (71, 72, 73, 75, 76, 77, 79, 80, 81, 82),
    (*range(16, 26), *range(30, 39), *range(44, 50)),
)
_PARTING = frozenset({12, 13, 26, 27, 28, 39, 40, 41, 43, 51, 52, 53, 57, 96, 15})  # marks, space, Enter, Tab
_BYTE_CLASSES = (tuple(range(0x30, 0x3A)), tuple(range(0x41, 0x5B)), tuple(range(0x61, 0x7B)))
Place = tuple[tuple[int, ...], list[tuple[int, int, int]]]
"""What may stand there, and where it is written: chunk, offset, bytes. A key goes down and up."""

_TRANSPORTS = {"serial_scanner": "serial", "keyboard_scanner": "evdev", "stripe_reader": "hidraw"}


class Recorder:
    """Give `tap` to the reader and `on_event` to its thread; call `flush` at the end.

    `write` gets one tape line a read. `withheld` counts payment cards, `lost` reads whose numbers could not
    be replaced (a signed code, for one) or that grew too long.
    """

    def __init__(self, settings: DeviceSettings, *, chance: Random, write: Callable[[str], None]) -> None:
        self._settings = settings
        self._transport = _TRANSPORTS[settings.driver]
        self._chance = chance
        self._write = write
        self._chunks: list[tuple[int, bytearray]] = []
        self._events: list[CardRead | ReadRefused] = []
        self._count = self.withheld = self.lost = 0

    def tap(self, now_ns: int, data: memoryview) -> None:
        """Keep a copy of what was read, until its outcome is known."""
        if self._events:
            self.flush()
        self._chunks.append((now_ns, bytearray(data)))

    def on_event(self, event: Event) -> None:
        """Note an outcome of what was tapped."""
        if isinstance(event, CardRead | ReadRefused):
            self._events.append(event)

    def flush(self) -> None:
        """Write what is complete, and wipe it."""
        chunks, events = self._chunks, self._events
        self._chunks, self._events = [], []
        try:
            if not events:
                return
            if any(isinstance(one, ReadRefused) and one.reason == "payment_card" for one in events):
                self.withheld += 1
                return
            size = sum(len(data) for _, data in chunks)
            line = self._replaced(chunks, events) if size <= _MAX_BYTES else None
            if line is None:
                self.lost += 1
            else:
                self._write(line)
        finally:
            for _, data in chunks:
                data[:] = bytes(len(data))

    def _replaced(
        self, chunks: list[tuple[int, bytearray]], events: Sequence[CardRead | ReadRefused]
    ) -> str | None:
        """Draw new numbers until the tape says what the reader said."""
        self._count += 1
        wanted = [one.kind if isinstance(one, CardRead) else one.reason for one in events]
        values = {one.value for one in events if isinstance(one, CardRead)}
        places = _places(self._transport, chunks)
        for _ in range(MAX_TRIES if places else 1):
            for members, where in places:
                drawn = self._chance.choice(members)
                for chunk, at, size in where:
                    chunks[chunk][1][at : at + size] = drawn.to_bytes(size, "little")
            line = json.dumps(self._line(chunks))
            told, read = _outcome(decode_line(line, self._settings.ranges, self._settings.codes))
            if told == wanted and values.isdisjoint(read):
                return line
        return None

    def _line(self, chunks: list[tuple[int, bytearray]]) -> dict[str, Any]:
        settings = self._settings
        role = "msr" if settings.stripe or self._transport == "hidraw" else "scanner"
        config: dict[str, Any] = {
            "ranges": [_plain(one) for one in settings.ranges],
            "idle_ms": settings.idle_ms,
        }
        given: dict[str, Any] = {"config": config} | _given(self._transport, chunks)
        if self._transport == "evdev":
            given["layout"] = settings.layout
        return {
            "id": f"{settings.name}-{self._count}",
            "transport": self._transport,
            "device": {"name": settings.name, "role": role},
            "input": given,
        }


def _places(transport: str, chunks: list[tuple[int, bytearray]]) -> list[Place]:
    """Find the characters to draw anew."""
    symbols = _key_symbols(chunks) if transport == "evdev" else _byte_symbols(transport, chunks)
    places: list[Place] = []
    run: list[Place] = []
    has_digit = False
    for members, where in [*symbols, ((), [])]:
        if members:
            has_digit = has_digit or members in (_BYTE_CLASSES[0], *_KEY_CLASSES[:2])
            run.append((members, where))
        elif run:
            places += run[_KEPT:] if has_digit and len(run) >= _SHORTEST_RUN else []
            run, has_digit = [], False
    return places


def _byte_symbols(transport: str, chunks: list[tuple[int, bytearray]]) -> list[Place]:
    skipped = _REPORT_HEAD if transport == "hidraw" else 0
    return [
        (next((one for one in _BYTE_CLASSES if byte in one), ()), [(number, at, 1)])
        for number, (_, data) in enumerate(chunks)
        for at, byte in enumerate(data)
        if at >= skipped
    ]


def _key_symbols(chunks: list[tuple[int, bytearray]]) -> list[Place]:
    """Go through the key-downs; a release is written together with its press. Modifiers part nothing."""
    symbols: list[Place] = []
    down: dict[int, Place] = {}
    for number, (_, data) in enumerate(chunks):
        for at in range(0, len(data) - EVENT.size + 1, EVENT.size):
            _, _, kind, code, value = EVENT.unpack_from(data, at)
            if kind != EV_KEY:
                continue
            members = next((one for one in _KEY_CLASSES if code in one), ())
            where = (number, at + 18, 2)
            if value and (members or code in _PARTING):
                place: Place = (members, [where])
                symbols.append(place)
                down[code] = place
            elif not value and code in down:
                down.pop(code)[1].append(where)
    return symbols


def _given(transport: str, chunks: list[tuple[int, bytearray]]) -> dict[str, Any]:
    if transport == "hidraw":
        return {"reports_hex": [data.hex() for _, data in chunks]}
    first_ns = chunks[0][0]
    times = [(now_ns - first_ns) // _NS_PER_MS for now_ns, _ in chunks]
    if transport == "serial":
        return {"chunks": [[at_ms, data.hex()] for at_ms, (_, data) in zip(times, chunks, strict=True)]}
    events: list[list[int]] = []
    for at_ms, (_, data) in zip(times, chunks, strict=True):
        for event in EVENT.iter_unpack(memoryview(data)[: len(data) - len(data) % EVENT.size]):
            _, _, kind, code, value = event
            if kind == EV_KEY:  # scan codes (EV_MSC) say the same once more, and are left out
                events.append([at_ms, code, value])
            elif kind == EV_SYN and code == SYN_DROPPED:
                events += [[at_ms, EV_SYN, SYN_DROPPED, 0], [at_ms, EV_SYN, SYN_REPORT, 0]]
    return {"events": events}


def _outcome(answer: dict[str, Any]) -> tuple[list[str], set[str]]:
    items = answer["items"] or [answer]
    return [one.get("kind") or one.get("reason") for one in items], {one.get("value") for one in items} - {
        None
    }


def _plain(one: NumberRange) -> dict[str, Any]:
    return {"kind": one.kind, "prefix": one.prefix, "length": one.length, "check": one.check, "ai": one.ai}
