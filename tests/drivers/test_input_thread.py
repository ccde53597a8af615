"""One thread for all readers: a broken one, or a broken receiver, must not silence the others."""

from __future__ import annotations

import threading
import time

import pytest

from drivers.event import CardRead, DeviceStatus, Event
from drivers.input_thread import FAULT_PAUSE_NS, InputThread
from drivers.threads import ReaderThreads
from tests.drivers.conftest import Run
from tests.drivers.listening import Listener
from tests.drivers.loyalty_numbers import card_number
from tests.drivers.rigs import PtyRig


class FaultyReader:
    """A reader whose code fails at every opening but the last, with a number in the error's text."""

    device = "faulty"

    def __init__(self, failures: int) -> None:
        self._failures = failures
        self.opened = 0

    def fileno(self) -> int | None:
        return None

    def open(self, now_ns: int) -> list[Event]:
        self.opened += 1
        if self.opened <= self._failures:
            raise ValueError(f"cannot parse 4111111111111111 at {now_ns}")
        return [DeviceStatus(self.device, "enabled", "at last")]

    def read(self, now_ns: int) -> list[Event]:
        raise AssertionError(now_ns)

    def tick(self, now_ns: int) -> list[Event]:
        raise AssertionError(now_ns)

    def due_at_ns(self) -> int | None:
        return None

    def close(self) -> list[Event]:
        return []


def test_a_fault_in_one_driver_is_told_without_its_text_and_the_others_go_on(
    pty_rig: PtyRig, run: Run, listener: Listener
) -> None:
    run(FaultyReader(failures=1), pty_rig.driver())
    listener.wait_for_state("gone", "faulty")
    listener.wait_for_state("enabled")
    pty_rig.send(f"{card_number(1)}\r".encode())
    listener.wait_for_values(card_number(1))
    assert listener.statuses("faulty")[0].detail == "fault in its driver: ValueError"


def test_a_driver_that_failed_is_opened_again_after_a_pause(run: Run, listener: Listener) -> None:
    started_ns = time.monotonic_ns()
    run(FaultyReader(failures=1))
    listener.wait_for_state("enabled", "faulty")
    assert time.monotonic_ns() - started_ns >= FAULT_PAUSE_NS


def test_a_rescan_opens_a_failed_driver_at_once(run: Run, listener: Listener) -> None:
    faulty = FaultyReader(failures=3)
    thread = run(faulty)
    for turn in range(1, 4):
        listener.wait_until(lambda turn=turn: faulty.opened >= turn)  # type: ignore[misc]
        listener.wait_for_state("gone", "faulty")
        thread.rescan()
    listener.wait_for_state("enabled", "faulty")


def test_a_receiver_that_fails_costs_the_event_and_not_the_thread(pty_rig: PtyRig) -> None:
    listener = Listener()

    def emit(event: Event) -> None:
        listener.emit(event)
        if isinstance(event, CardRead) and event.value == card_number(1):
            raise RuntimeError("the loop is closed")

    thread = ReaderThreads([pty_rig.driver()], emit, time.monotonic_ns)
    thread.start()
    listener.wait_for_state("enabled")
    pty_rig.send(f"{card_number(1)}\r{card_number(2)}\r".encode())
    listener.wait_for_values(card_number(1), card_number(2))
    assert thread.stop()
    assert thread.undelivered == 1


def test_it_starts_once_stops_twice_and_starts_again(listener: Listener) -> None:
    thread = InputThread([], listener.emit, time.monotonic_ns)
    thread.start()
    with pytest.raises(RuntimeError):
        thread.start()
    assert thread.is_running
    assert thread.stop()
    assert thread.stop()
    assert not thread.is_running
    thread.rescan()
    thread.start()
    assert thread.stop()


def test_many_threads_may_ask_for_a_rescan_while_it_stops(listener: Listener) -> None:
    thread = InputThread([], listener.emit, time.monotonic_ns)
    thread.start()

    def ask() -> None:
        for _ in range(5_000):
            thread.rescan()

    askers = [threading.Thread(target=ask) for _ in range(8)]
    for asker in askers:
        asker.start()
    assert thread.stop()
    for asker in askers:
        asker.join()
