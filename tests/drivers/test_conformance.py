"""What every driver promises, run against a real device of each kind (see `rigs.py`)."""

from __future__ import annotations

import os
import threading
import time

from drivers.event import CardRead, DeviceStatus, ReadRefused
from tests.drivers.conftest import MakeRig, Run
from tests.drivers.listening import Listener, open_descriptors, seconds_since
from tests.drivers.loyalty_numbers import card_number
from tests.drivers.payment_numbers import ALL_PANS, holds_digits_of
from tests.drivers.rigs import Rig

FIRST, SECOND = card_number(1), card_number(2)


def test_a_scan_is_read_whole(rig: Rig, run: Run, listener: Listener) -> None:
    run(rig.driver())
    listener.wait_for_state("enabled")
    rig.scan(FIRST)
    listener.wait_for_values(FIRST)
    assert listener.reasons() == []


def test_many_scans_arrive_in_order(rig: Rig, run: Run, listener: Listener) -> None:
    run(rig.driver())
    listener.wait_for_state("enabled")
    numbers = [card_number(serial) for serial in range(rig.many)]
    rig.scan(*numbers)
    listener.wait_for_values(*numbers)


def test_the_same_card_shown_twice_is_two_reads(rig: Rig, run: Run, listener: Listener) -> None:
    run(rig.driver())
    listener.wait_for_state("enabled")
    rig.scan(FIRST, FIRST)  # what is a repetition is the daemon's to say
    listener.wait_for_values(FIRST, FIRST)


def test_a_read_carries_the_time_and_the_device(rig: Rig, run: Run, listener: Listener) -> None:
    before_ns = time.monotonic_ns()
    run(rig.driver())
    listener.wait_for_state("enabled")
    rig.scan(FIRST)
    listener.wait_for_values(FIRST)
    read = next(event for event in listener.events if isinstance(event, CardRead))
    assert (read.device, read.kind) == ("desk", "card")
    assert before_ns < read.read_at_ns < time.monotonic_ns()


def test_a_scan_that_stops_halfway_gives_no_number_and_says_scan_again(
    rig: Rig, run: Run, listener: Listener
) -> None:
    run(rig.driver(idle_ms=50))
    listener.wait_for_state("enabled")
    rig.interrupt(FIRST)
    listener.wait_until(lambda: listener.reasons() in (["incomplete"], ["unreadable"]))
    assert listener.values() == []


def test_payment_cards_are_refused_and_leave_no_digit(rig: Rig, run: Run, listener: Listener) -> None:
    run(rig.driver())
    listener.wait_for_state("enabled")
    pans = ALL_PANS[: rig.many]
    reads = sum(rig.swipe_payment_card(pan) for pan in pans)
    rig.scan(FIRST)
    listener.wait_for_values(FIRST)
    assert listener.reasons() == ["payment_card"] * reads
    refusals = [event for event in listener.events if isinstance(event, ReadRefused)]
    told = " ".join(f"{one.device} {one.reason} {one.brand}" for one in refusals)
    for pan in pans:
        assert not holds_digits_of(told, pan, run=4)
        assert not holds_digits_of(repr(listener.events), pan, run=8)


def test_an_unplugged_reader_is_gone_and_its_half_read_scan_with_it(
    rig: Rig, run: Run, listener: Listener
) -> None:
    run(rig.driver())
    listener.wait_for_state("enabled")
    rig.interrupt(FIRST)
    # The kernel may drop unread bytes at an unplug; either way no part of a number may come out.
    rig.unplug()
    listener.wait_for_state("gone")
    assert listener.values() == []


def test_the_first_scan_after_a_replug_is_read_within_three_seconds(
    rig: Rig, run: Run, listener: Listener
) -> None:
    run(rig.driver())
    listener.wait_for_state("enabled")
    rig.interrupt(FIRST)
    rig.unplug()
    listener.wait_for_state("gone")
    rig.plug()
    replugged_ns = time.monotonic_ns()
    listener.wait_for_state("enabled")
    rig.scan(SECOND)
    listener.wait_for_values(SECOND)
    assert seconds_since(replugged_ns) < 3


def test_replugs_grow_no_descriptors_and_no_threads(rig: Rig, run: Run, listener: Listener) -> None:
    threads = run(rig.driver())
    listener.wait_for_state("enabled")
    before: tuple[int, int] | None = None
    for turn in range(min(rig.many, 20)):
        rig.unplug()
        listener.wait_for_state("gone")
        rig.plug()
        threads.rescan()
        listener.wait_for_state("enabled")
        rig.scan(card_number(turn))
        listener.wait_until(lambda turn=turn: len(listener.values()) == turn + 1)  # type: ignore[misc]
        before = before or (open_descriptors(), threading.active_count())
    assert (open_descriptors(), threading.active_count()) == before
    assert listener.values() == [card_number(turn) for turn in range(min(rig.many, 20))]


def test_two_readers_at_once_never_mix(make_rig: MakeRig, run: Run, listener: Listener) -> None:
    left, right = make_rig("left"), make_rig("right")
    run(left.driver("left"), right.driver("right"))
    for device in ("left", "right"):
        listener.wait_for_state("enabled", device)
    many = min(left.many, 1000)
    shown = {left: range(many), right: range(1000, 1000 + many)}
    hands = [
        threading.Thread(target=rig.scan, args=[card_number(serial) for serial in serials])
        for rig, serials in shown.items()
    ]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join()
    listener.wait_for_reads(2 * many)
    assert listener.values("left") == [card_number(serial) for serial in shown[left]]
    assert listener.values("right") == [card_number(serial) for serial in shown[right]]


def test_a_reader_that_is_absent_at_start_says_so_once_and_is_read_when_it_comes(
    rig: Rig, run: Run, listener: Listener
) -> None:
    rig.unplug()
    threads = run(rig.driver())
    listener.wait_for_state("closed")
    for _ in range(3):
        threads.rescan()
    rig.plug()
    threads.rescan()
    listener.wait_for_state("enabled")
    rig.scan(FIRST)
    listener.wait_for_values(FIRST)
    states = [status.state for status in listener.statuses() if status.state != "claimed"]
    assert states == ["closed", "enabled"]


def test_a_stopped_reader_is_closed_and_frees_everything(rig: Rig, run: Run, listener: Listener) -> None:
    before = (open_descriptors(), threading.active_count())
    threads = run(rig.driver())
    listener.wait_for_state("enabled")
    assert threads.stop()
    assert listener.state() == "closed"
    assert (open_descriptors(), threading.active_count()) == before


def test_an_absent_reader_costs_no_time(rig: Rig, run: Run, listener: Listener) -> None:
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
