"""What every driver promises, run against a real device of each kind (see `rigs.py`)."""

from __future__ import annotations

import os
import threading
import time

import pytest

from drivers.event import CardRead, DeviceStatus, ReadRefused
from tests.drivers.conftest import MakeRig, Run
from tests.drivers.listening import Listener, open_descriptors, resident_bytes, seconds_since
from tests.drivers.loyalty_numbers import card_number
from tests.drivers.payment_numbers import ALL_PANS, holds_digits_of
from tests.drivers.rigs import Rig

FIRST, SECOND = card_number(1), card_number(2)


def scan(number: str) -> bytes:
    return f"{number}\r\n".encode()


def test_a_scan_is_read_whole(rig: Rig, run: Run, listener: Listener) -> None:
    run(rig.driver())
    listener.wait_for_state("enabled")
    rig.send(scan(FIRST))
    listener.wait_for_values(FIRST)
    assert listener.reasons() == []


def test_a_scan_in_chunks_is_read_whole(rig: Rig, run: Run, listener: Listener) -> None:
    run(rig.driver())
    listener.wait_for_state("enabled")
    for byte in scan(FIRST):
        rig.send(bytes([byte]))
    listener.wait_for_values(FIRST)


def test_two_scans_in_one_write_are_two_reads_in_order(rig: Rig, run: Run, listener: Listener) -> None:
    run(rig.driver())
    listener.wait_for_state("enabled")
    rig.send(scan(FIRST) + scan(SECOND))
    listener.wait_for_values(FIRST, SECOND)


def test_a_read_carries_the_time_and_the_device(rig: Rig, run: Run, listener: Listener) -> None:
    before_ns = time.monotonic_ns()
    run(rig.driver())
    listener.wait_for_state("enabled")
    rig.send(scan(FIRST))
    listener.wait_for_values(FIRST)
    read = next(event for event in listener.events if isinstance(event, CardRead))
    assert (read.device, read.kind) == ("desk", "card")
    assert before_ns < read.read_at_ns < time.monotonic_ns()


def test_garbage_costs_its_own_scan_only(rig: Rig, run: Run, listener: Listener) -> None:
    run(rig.driver())
    listener.wait_for_state("enabled")
    rig.send(b"\x00\xff\x1b[A" + scan(FIRST) + scan(SECOND))
    listener.wait_for_values(SECOND)
    assert listener.reasons() == ["unreadable"]


def test_a_scan_that_stops_halfway_asks_for_another(rig: Rig, run: Run, listener: Listener) -> None:
    run(rig.driver(idle_ms=50))
    listener.wait_for_state("enabled")
    rig.send(FIRST[:7].encode())
    listener.wait_until(lambda: listener.reasons() == ["incomplete"])
    assert listener.values() == []


def test_ten_megabytes_of_garbage_leave_no_memory_behind(rig: Rig, run: Run, listener: Listener) -> None:
    run(rig.driver())
    listener.wait_for_state("enabled")
    block = bytes(0x20 + at % 0x5F for at in range(50_000)) + b"\r"
    for _ in range(10):
        rig.send(block)
    listener.wait_for_reads(10)
    before = resident_bytes()
    for _ in range(200):
        rig.send(block)
    rig.send(scan(FIRST))
    listener.wait_for_values(FIRST)
    assert listener.reasons() == ["unreadable"] * 210
    assert resident_bytes() - before < 5_000_000


def test_twenty_thousand_scans_arrive_in_order(rig: Rig, run: Run, listener: Listener) -> None:
    run(rig.driver())
    listener.wait_for_state("enabled")
    numbers = [card_number(serial) for serial in range(200)] * 100
    rig.send(b"".join(map(scan, numbers)))
    listener.wait_for_reads(len(numbers))
    assert listener.values() == numbers


@pytest.mark.parametrize("pan", ALL_PANS)
def test_a_payment_card_is_refused_and_leaves_no_digit(
    pan: str, rig: Rig, run: Run, listener: Listener
) -> None:
    run(rig.driver())
    listener.wait_for_state("enabled")
    rig.send(f"{pan}\r%B{pan}^DOE/JANE^2512101?\r;{pan}=2512101?\r".encode() + scan(FIRST))
    listener.wait_for_values(FIRST)
    assert listener.reasons() == ["payment_card"] * 3
    refusals = [event for event in listener.events if isinstance(event, ReadRefused)]
    assert not holds_digits_of(
        " ".join(f"{one.device} {one.reason} {one.brand}" for one in refusals), pan, run=4
    )
    assert not holds_digits_of(repr(listener.events), pan, run=8)


def test_an_unplugged_reader_is_gone_and_its_half_read_scan_with_it(
    rig: Rig, run: Run, listener: Listener
) -> None:
    run(rig.driver())
    listener.wait_for_state("enabled")
    rig.send(FIRST[:7].encode())
    # The kernel may drop unread bytes at an unplug; either way no part of a number may come out.
    rig.unplug()
    listener.wait_for_state("gone")
    assert listener.values() == []


def test_the_first_scan_after_a_replug_is_read_within_three_seconds(
    rig: Rig, run: Run, listener: Listener
) -> None:
    run(rig.driver())
    listener.wait_for_state("enabled")
    rig.send(FIRST[:7].encode())
    rig.unplug()
    listener.wait_for_state("gone")
    rig.plug()
    replugged_ns = time.monotonic_ns()
    listener.wait_for_state("enabled")
    rig.send(scan(SECOND))
    listener.wait_for_values(SECOND)
    assert seconds_since(replugged_ns) < 3


def test_twenty_replugs_grow_no_descriptors_and_no_threads(rig: Rig, run: Run, listener: Listener) -> None:
    thread = run(rig.driver())
    listener.wait_for_state("enabled")
    before = (open_descriptors(), threading.active_count())
    for turn in range(20):
        rig.unplug()
        listener.wait_for_state("gone")
        rig.plug()
        thread.rescan()
        listener.wait_for_state("enabled")
        rig.send(scan(card_number(turn)))
        listener.wait_until(lambda turn=turn: len(listener.values()) == turn + 1)  # type: ignore[misc]
    assert (open_descriptors(), threading.active_count()) == before
    assert listener.values() == [card_number(turn) for turn in range(20)]


def test_two_readers_at_once_never_mix(make_rig: MakeRig, run: Run, listener: Listener) -> None:
    left, right = make_rig("left"), make_rig("right")
    run(left.driver("left"), right.driver("right"))
    for device in ("left", "right"):
        listener.wait_for_state("enabled", device)
    lefts = [card_number(serial) for serial in range(1000)]
    rights = [card_number(serial) for serial in range(1000, 2000)]
    streams = [(left, b"".join(map(scan, lefts))), (right, b"".join(map(scan, rights)))]
    for start in range(0, len(streams[0][1]), 7):
        for rig, stream in streams:
            rig.send(stream[start : start + 7])
    listener.wait_for_reads(2000)
    assert listener.values("left") == lefts
    assert listener.values("right") == rights


def test_one_reader_unplugged_does_not_disturb_the_other(
    make_rig: MakeRig, run: Run, listener: Listener
) -> None:
    left, right = make_rig("left"), make_rig("right")
    run(left.driver("left"), right.driver("right"))
    for device in ("left", "right"):
        listener.wait_for_state("enabled", device)
    left.unplug()
    listener.wait_for_state("gone", "left")
    right.send(scan(FIRST))
    listener.wait_for_values(FIRST)


def test_a_reader_that_is_absent_at_start_says_so_once_and_is_read_when_it_comes(
    rig: Rig, run: Run, listener: Listener
) -> None:
    rig.unplug()
    thread = run(rig.driver())
    listener.wait_for_state("closed")
    for _ in range(3):
        thread.rescan()
    rig.plug()
    thread.rescan()
    listener.wait_for_state("enabled")
    rig.send(scan(FIRST))
    listener.wait_for_values(FIRST)
    assert [status.state for status in listener.statuses()] == ["closed", "enabled"]


def test_a_stopped_reader_is_closed_and_frees_everything(rig: Rig, run: Run, listener: Listener) -> None:
    before = (open_descriptors(), threading.active_count())
    thread = run(rig.driver())
    listener.wait_for_state("enabled")
    assert thread.stop()
    assert listener.state() == "closed"
    assert (open_descriptors(), threading.active_count()) == before


def test_an_idle_reader_costs_no_time(rig: Rig, run: Run, listener: Listener) -> None:
    run(rig.driver())
    listener.wait_for_state("enabled")
    rig.unplug()
    listener.wait_for_state("gone")
    before = os.times()
    threading.Event().wait(0.5)
    after = os.times()
    # A hung-up device stays readable: a driver that does not let go of it spins at a full core.
    assert (after.user + after.system) - (before.user + before.system) < 0.2
    assert all(isinstance(event, DeviceStatus) for event in listener.events)
