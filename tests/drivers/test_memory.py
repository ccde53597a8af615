"""After a payment card was swiped, its number is nowhere in the memory of the process that read it."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from drivers.check_digits import is_luhn_valid
from drivers.key_events import EVENT
from tests.drivers.loyalty_numbers import card_number
from tests.drivers.rigs import PtyRig
from tests.drivers.test_key_events import typing

READER = """
import sys, time
from drivers.input_thread import InputThread
from drivers.registry import DeviceSettings, open_reader
from drivers.ranges import NumberRange
kept = []
def emit(event):
    kept.append(event)
    print(repr(event), flush=True)
ranges = (NumberRange("card", "299", 13, "ean"),)
thread = InputThread([open_reader(DeviceSettings("desk", "serial_scanner", sys.argv[1], ranges))],
                     emit, time.monotonic_ns)
thread.start()
sys.stdin.read()
thread.stop()
"""


def memory_holds(pid: int, needle: bytes) -> bool:
    """Search all writable memory of a process of ours, as a core file would show it."""
    maps = Path(f"/proc/{pid}/maps").read_text(encoding="ascii", errors="replace").splitlines()
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for line in maps:
            span, rights = line.split()[:2]
            start, end = (int(edge, 16) for edge in span.split("-"))
            if "w" not in rights or "[v" in line:
                continue
            try:
                region = os.pread(memory.fileno(), end - start, start)
            except OSError:
                continue
            if needle in region:
                return True
    return False


def made_up_pan(chance: random.Random) -> str:
    """Make a number that passes for a Visa card and whose digits stand nowhere else in memory."""
    body = "4929" + "".join(chance.choices("0123456789", k=11))
    return next(body + digit for digit in "0123456789" if is_luhn_valid((body + digit).encode()))


SWIPES = {
    "barcode": "{pan}",
    "typed": "{pan:.4}-{rest}",
    "track 1": "%B{pan}^DOE/JANE^2512101?",
    "track 2": ";{pan}=2512101?",
    "too long": "{pan}" + "x" * 2000,
    "spoiled": "{pan}\x1b",
}


def test_a_swiped_payment_number_stays_in_no_corner_of_memory(pty_rig: PtyRig) -> None:
    chance = random.Random(20261124)
    number = card_number(271828)
    with subprocess.Popen(
        [sys.executable, "-c", READER, str(pty_rig.link)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    ) as reader:
        assert reader.stdout is not None
        assert reader.stdin is not None
        assert any("enabled" in line for line in iter(reader.stdout.readline, ""))
        pty_rig.send(f"{number}\r\n".encode())
        assert "CardRead" in reader.stdout.readline()
        left: list[str] = []
        try:
            finds_what_is_there = memory_holds(reader.pid, number.encode())
            for name, swipe in SWIPES.items():
                pan = made_up_pan(chance)
                pty_rig.send(swipe.format(pan=pan, rest=pan[4:]).encode() + b"\r\n")
                assert "ReadRefused" in reader.stdout.readline()
                # Freed memory keeps the end of what lay in it: its first bytes serve the allocator.
                left += [name] * memory_holds(reader.pid, pan[-8:].encode())
        except PermissionError as why:
            pytest.skip(f"process memory: {why}")
        finally:
            reader.stdin.close()
    assert finds_what_is_there
    assert left == []


PIPE_READER = """
import os, sys
from drivers.card_session import run
from drivers.codes import NO_CODES
from drivers.event import RawRead
from drivers.key_events import KeyFramer
from drivers.msr_report import REPORT_BYTES, frames_of
from drivers.number import decode, raw_from_text
from drivers.ranges import NumberRange
ranges = (NumberRange("card", "299", 13, "ean"),)
way, layout = sys.argv[1], sys.argv[2]
framer, buffer = KeyFramer(layout), bytearray(24 * 512)
while count := os.readv(0, [buffer]):
    view = memoryview(buffer)[:count]
    frames = frames_of(view) if way == "hidraw" else framer.feed_bytes(view, 0)
    outcomes = [decode(one, transport=way, ranges=ranges, stripe=True) if isinstance(one, RawRead) else one
                for one in frames]
    buffer[:] = bytes(len(buffer))
    if outcomes:
        print(outcomes, flush=True)
"""


def events_of(text: str, layout: str) -> bytes:
    return b"".join(EVENT.pack(0, 0, *event) for event in typing(text, layout))


def report_of(text: str) -> bytes:
    return (bytes([1, 0, 0, 0, len(text), 0, 0]) + bytes(110) + text.encode()).ljust(337, b"\0")


@pytest.mark.parametrize(
    ("way", "layout", "told"),
    [
        ("evdev", "us", "us"),
        ("evdev", "fr", "fr"),
        ("evdev", "fr", "us"),
        ("evdev", "us", "fr"),
        ("hidraw", "us", "us"),
    ],
)
def test_neither_keys_nor_reports_leave_a_payment_number_in_memory(way: str, layout: str, told: str) -> None:
    chance = random.Random(f"{way} {layout} {told}")
    with subprocess.Popen(
        [sys.executable, "-c", PIPE_READER, way, told],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
        bufsize=0,
    ) as reader:
        assert reader.stdout is not None
        assert reader.stdin is not None
        left: list[str] = []
        for shape in (";{pan}=2512101?", "%B{pan}^DOE/JANE^2512101?"):
            pan = made_up_pan(chance)
            text = shape.format(pan=pan)
            reader.stdin.write(report_of(text) if way == "hidraw" else events_of(text, layout))
            assert b"payment_card" in reader.stdout.readline()
            try:
                left += [shape] * memory_holds(reader.pid, pan[-8:].encode())
            except PermissionError as why:
                pytest.skip(f"process memory: {why}")
        reader.stdin.close()
    assert left == []
