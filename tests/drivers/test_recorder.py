"""A tape of a real read replays to the same outcome, and holds neither the number nor a payment card."""

from __future__ import annotations

import json
import time
from random import Random

import pytest

from drivers.event import CardRead, RawRead, ReadRefused
from drivers.key_events import EVENT, KeyFramer
from drivers.keymap import ENTER, LEFT_SHIFT, keys_of
from drivers.number import decode, report
from drivers.recorder import Recorder
from drivers.registry import DeviceSettings, open_reader
from drivers.tape import decode_line
from drivers.threads import ReaderThreads
from tests.drivers.listening import Listener
from tests.drivers.loyalty_numbers import RANGES, card_number
from tests.drivers.payment_numbers import ALL_PANS
from tests.drivers.rigs import PtyRig

NUMBER = card_number(271828)


def recorded(
    settings: DeviceSettings, *reads: tuple[bytes, list[CardRead | ReadRefused]]
) -> tuple[list[str], Recorder]:
    lines: list[str] = []
    recorder = Recorder(settings, chance=Random(4), write=lines.append)
    for data, events in reads:
        recorder.tap(0, memoryview(bytearray(data)))
        for event in events:
            recorder.on_event(event)
    recorder.flush()
    return lines, recorder


def read(value: str) -> CardRead:
    return CardRead("desk", "serial", "card", value, 0)


def refused(reason: str) -> ReadRefused:
    return ReadRefused("desk", "serial", reason, None, 0)  # type: ignore[arg-type]


SERIAL = DeviceSettings("desk", "serial_scanner", "/dev/till/scanner", RANGES)
KEYS = DeviceSettings("desk", "keyboard_scanner", "/dev/till/keys", RANGES, layout="fr")
STRIPES = DeviceSettings("desk", "stripe_reader", "/dev/till/stripe", RANGES)


def test_a_scan_is_recorded_with_another_number_of_the_same_range() -> None:
    (line,), _ = recorded(SERIAL, (f"]E0{NUMBER}\r\n".encode(), [read(NUMBER)]))
    answer = decode_line(line, RANGES)
    assert (answer["outcome"], answer["kind"]) == ("identifier", "card")
    assert answer["value"] != NUMBER
    assert NUMBER[4:].encode().hex() not in line


def test_a_damaged_scan_stays_damaged_and_a_stranger_a_stranger() -> None:
    wrong = NUMBER[:-1] + str((int(NUMBER[-1]) + 1) % 10)
    lines, _ = recorded(
        SERIAL,
        (f"{wrong}\r".encode(), [refused("unreadable")]),
        (b"4006381333931\r", [refused("unknown_number")]),
    )
    assert [decode_line(line, RANGES)["reason"] for line in lines] == ["unreadable", "unknown_number"]
    assert b"4006381333931".hex() not in lines[1]


@pytest.mark.parametrize("pan", ALL_PANS)
def test_a_payment_card_is_never_recorded(pan: str) -> None:
    lines, recorder = recorded(SERIAL, (f"{pan}\r".encode(), [refused("payment_card")]))
    assert lines == []
    assert recorder.withheld == 1


def test_what_cannot_be_replaced_is_left_out() -> None:
    lines, recorder = recorded(SERIAL, (b"x" * 70_000 + b"\r", [refused("unreadable")]))
    assert (lines, recorder.lost) == ([], 1)


def test_two_reads_in_one_go_are_one_line_of_two() -> None:
    other = card_number(3)
    (line,), _ = recorded(SERIAL, (f"{NUMBER}\r{other}\r".encode(), [read(NUMBER), read(other)]))
    answer = decode_line(line, RANGES)
    assert answer["outcome"] == "identifiers"
    assert NUMBER not in json.dumps(answer)
    assert other not in json.dumps(answer)


def typed(text: str, layout: str) -> bytes:
    """Give the events of a keyboard under a layout, scan codes and all."""
    keys = keys_of(layout)
    events: list[tuple[int, int, int]] = []
    for character in text:
        code, shifted = next(
            (code, kind == "shifted")
            for code, key in keys.items()
            for kind in ("plain", "shifted")
            if getattr(key, kind) == character
        )
        for value in (1, 0):
            events += [(1, LEFT_SHIFT, value)] * (shifted and value == 1)
            events += [(4, 4, 0x70000 + code), (1, code, value), (0, 0, 0)]
            events += [(1, LEFT_SHIFT, value)] * (shifted and value == 0)
    for value in (1, 0):
        events += [(4, 4, 0x70028), (1, ENTER, value), (0, 0, 0)]
    return b"".join(EVENT.pack(0, 0, *event) for event in events)


def test_keys_are_recorded_under_their_layout_without_their_scan_codes() -> None:
    data = typed(NUMBER, "fr")
    (frame,) = KeyFramer("fr").feed_bytes(data, 0)
    assert isinstance(frame, RawRead)
    decoded = decode(frame, transport="evdev", ranges=RANGES)
    outcome = report(decoded, device="desk", transport="evdev", read_at_ns=0)
    (line,), _ = recorded(KEYS, (data, [outcome]))
    answer = decode_line(line, RANGES)
    assert (answer["kind"], answer["value"] == NUMBER) == ("card", False)
    codes = [
        event[1] for event in json.loads(line)["input"]["events"] if event[2] == 1 and 2 <= event[1] <= 11
    ]
    assert "".join(str((code - 1) % 10) for code in codes) == answer["value"]
    assert all(len(event) == 3 for event in json.loads(line)["input"]["events"])


def test_a_stripe_reader_s_report_keeps_its_shape() -> None:
    track = f";{NUMBER}?".encode()
    data = bytearray(337)
    data[4] = len(track)
    data[117 : 117 + len(track)] = track
    (line,), _ = recorded(STRIPES, (bytes(data), [read(NUMBER)]))
    told = bytes.fromhex(json.loads(line)["input"]["reports_hex"][0])
    assert (len(told), told[:9]) == (337, bytes(data[:9]))
    assert NUMBER.encode() not in told
    assert decode_line(line, RANGES)["kind"] == "card"


def test_a_recording_of_a_real_line_replays(pty_rig: PtyRig, listener: Listener) -> None:
    lines: list[str] = []
    settings = DeviceSettings("desk", "serial_scanner", str(pty_rig.link), RANGES, idle_ms=5000)
    recorder = Recorder(settings, chance=Random(4), write=lines.append)

    def emit(event: object) -> None:
        recorder.on_event(event)  # type: ignore[arg-type]
        listener.emit(event)  # type: ignore[arg-type]

    threads = ReaderThreads([open_reader(settings, tap=recorder.tap)], emit, time.monotonic_ns)
    threads.start()
    listener.wait_for_state("enabled")
    for number in (NUMBER, card_number(5)):
        pty_rig.scan(number)
        listener.wait_until(lambda number=number: number in listener.values())  # type: ignore[misc]
    threads.stop()
    recorder.flush()
    answers = [decode_line(line, RANGES) for line in lines]
    assert [answer["kind"] for answer in answers] == ["card", "card"]
    assert not {str(answer["value"]) for answer in answers} & {NUMBER, card_number(5)}
