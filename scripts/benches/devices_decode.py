"""What it costs to make a number of a scan, beside a bare reader of the same bytes.

The bare reader splits lines, or looks each key-down up in a table, and believes everything. Ours also follows
shift and silence, and knows payment cards, check digits and the shop's ranges.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import replace

from drivers.event import RawRead
from drivers.framing import Frame, Framer
from drivers.key_events import EV_KEY, EVENT, KeyFramer
from drivers.keymap import ENTER, keys_of
from drivers.msr_report import frames_of
from drivers.number import Decoded, decode
from drivers.ranges import NumberRange
from scripts.benches.figures import Line, cpu_times_ms, line, percentile
from scripts.faulting.fuzz_targets import CODES, magtek, signed

NUMBER = b"2990000000019"
RANGES = (
    NumberRange("card", "299", 13, "ean"),
    NumberRange("member", "640", 18, "ean"),
    NumberRange("coupon", "C", 10, "none"),
)
SECONDS = 1.5
SERIAL_BAR_MS, EVDEV_BAR_MS = 5.0, 10.0
"""From the scan to the identifier, for 99 of 100; decoding is one part of it."""


def decode_lines(seconds: float = SECONDS) -> list[Line]:
    """Return bench lines in CPU time: serial and key scans beside a bare reader, then dearer kinds alone."""
    scan = NUMBER + b"\r"
    events, code = _typed(NUMBER.decode()), signed(NUMBER.decode()) + b"\r"
    report = magtek(b"%L2990000000019^DOE/JANE?", b";2990000000019=4912?")
    lines = [
        *_beside("serial", lambda: _serial(scan), lambda: _bare_serial(scan), SERIAL_BAR_MS, seconds),
        *_beside("evdev", lambda: _keys(events), lambda: _bare_keys(events), EVDEV_BAR_MS, seconds),
    ]
    others: dict[str, Callable[[], object]] = {
        "gs1": lambda: _serial(b"]C18018640000000000000015\r"),
        "link": lambda: _serial(b"https://id.example/8018/640000000000000015\r"),
        "stripe_report": lambda: _numbers(frames_of(report), stripe=True),
        "signed_code": lambda: _serial(code),
    }
    for name, work in others.items():
        taken = cpu_times_ms(work, seconds=seconds / 3)
        lines.append(line(f"decode_{name}_p50", statistics.median(taken), "none: shown", None))
    return lines


def _beside(
    name: str, ours: Callable[[], object], bare: Callable[[], object], bar_ms: float, seconds: float
) -> list[Line]:
    taken, limit = cpu_times_ms(ours, seconds=seconds), cpu_times_ms(bare, seconds=seconds)
    return [
        line(f"decode_{name}_p50", statistics.median(taken), "bare reader, p50", statistics.median(limit)),
        line(f"decode_{name}_p99", percentile(taken, 99), "the whole way's bar", bar_ms, goal=1),
    ]


def _serial(scan: bytes) -> None:
    _numbers(Framer().feed(scan, 0))


def _keys(events: bytes) -> None:
    _numbers(KeyFramer().feed_bytes(events, 0))


def _numbers(frames: list[Frame], *, stripe: bool = False) -> None:
    (frame,) = frames
    assert isinstance(frame, RawRead)
    codes = replace(CODES, rotating=replace(CODES.rotating)) if CODES.rotating else CODES  # nothing used yet
    assert isinstance(decode(frame, transport="serial", ranges=RANGES, stripe=stripe, codes=codes), Decoded)


def _bare_serial(scan: bytes) -> None:
    buffer = bytearray()
    buffer += scan
    number, _, _ = buffer.partition(b"\r")
    assert number.decode("ascii")


def _bare_keys(events: bytes) -> None:
    table, number = keys_of("us"), ""
    for _, _, kind, code, value in EVENT.iter_unpack(events):
        if kind != EV_KEY or value != 1:
            continue
        if code == ENTER:
            break
        number += table[code].plain
    assert number


def _typed(number: str) -> bytes:
    """Give the kernel's events of a typed number: six a key, as measured of a real one."""
    rows = {key.plain: code for code, key in keys_of("us").items() if code < ENTER}
    codes = [*(rows[digit] for digit in number), ENTER]
    scan_code, report = EVENT.pack(0, 0, 4, 4, 30), EVENT.pack(0, 0, 0, 0, 0)
    presses = (EVENT.pack(0, 0, EV_KEY, code, value) for code in codes for value in (1, 0))
    return b"".join(scan_code + press + report for press in presses)
