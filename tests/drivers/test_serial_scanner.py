"""What only a serial line has: exclusive use, permissions, ports that are none."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import serial

from drivers.event import CardRead, DeviceStatus, Driver, ReadRefused
from drivers.reader import RETRY_NS, SETTLE_NS
from drivers.registry import DeviceSettings, open_reader
from tests.drivers.bars import times
from tests.drivers.conftest import Run
from tests.drivers.listening import Listener, resident_bytes
from tests.drivers.loyalty_numbers import RANGES, card_number
from tests.drivers.rigs import PtyRig

FIRST, SECOND = card_number(1), card_number(2)
Record = Callable[[str, object], None]


def scanner_on(port: Path | str, *, baud: int = 9600) -> Driver:
    scanner = open_reader(DeviceSettings("desk", "serial_scanner", str(port), RANGES, baud=baud))
    assert isinstance(scanner, Driver)
    return scanner


def status(scanner: Driver, now_ns: int = 0) -> DeviceStatus:
    (event,) = scanner.open(now_ns)
    assert isinstance(event, DeviceStatus)
    return event


def test_a_port_that_another_process_has_claimed_is_named_and_taken_over_later(
    pty_rig: PtyRig, run: Run, listener: Listener
) -> None:
    holder = serial.Serial(str(pty_rig.link), exclusive=True)
    thread = run(pty_rig.driver())
    listener.wait_for_state("opened")
    assert "another process has claimed it" in listener.statuses()[-1].detail
    holder.close()
    thread.rescan()
    listener.wait_for_state("enabled")
    pty_rig.send(f"{card_number(1)}\r".encode())
    listener.wait_for_values(card_number(1))


def test_a_line_that_the_agent_reads_cannot_be_claimed_by_another(
    pty_rig: PtyRig, run: Run, listener: Listener
) -> None:
    run(pty_rig.driver())
    listener.wait_for_state("enabled")
    with pytest.raises(serial.SerialException, match="exclusively lock"):
        serial.Serial(str(pty_rig.link), exclusive=True)


def test_permissions_that_follow_the_node_are_picked_up_without_a_restart(pty_rig: PtyRig) -> None:
    scanner = scanner_on(os.path.realpath(pty_rig.link))
    pty_rig.set_mode(0)
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        denied = status(scanner)
    finally:
        os.seteuid(user)
    assert (denied.state, "permission denied" in denied.detail) == ("closed", True)
    pty_rig.set_mode(0o600)
    assert scanner.due_at_ns() == RETRY_NS
    assert scanner.tick(RETRY_NS - 1) == []
    assert [event.state for event in scanner.tick(RETRY_NS) if isinstance(event, DeviceStatus)] == ["claimed"]
    scanner.close()


def test_a_port_that_is_no_serial_port_is_named(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.write_bytes(b"")
    told = status(scanner_on(plain))
    assert (told.state, told.detail) == ("closed", f"{plain}: it is no serial port")


def test_a_missing_port_is_named_once(tmp_path: Path) -> None:
    scanner = scanner_on(tmp_path / "none")
    assert "plug it in" in status(scanner).detail
    assert scanner.open(RETRY_NS) == []
    assert scanner.fileno() is None


def test_an_absurd_baud_rate_is_named(pty_rig: PtyRig) -> None:
    told = status(scanner_on(pty_rig.link, baud=-1))
    assert "baud rate" in told.detail


def test_what_was_scanned_before_the_agent_opened_the_line_is_not_read(
    pty_rig: PtyRig, run: Run, listener: Listener
) -> None:
    pty_rig.send(f"{card_number(1)}\r".encode())
    run(pty_rig.driver())
    listener.wait_for_state("enabled")
    pty_rig.send(f"{card_number(2)}\r".encode())
    listener.wait_for_values(card_number(2))


def test_a_driver_that_is_closed_reads_nothing_and_is_never_due(pty_rig: PtyRig) -> None:
    scanner = scanner_on(pty_rig.link)
    assert status(scanner).state == "claimed"
    assert scanner.read(0) == []  # nothing to read: no waiting
    scanner.close()
    assert (scanner.read(0), scanner.tick(time.monotonic_ns()), scanner.due_at_ns()) == ([], [], None)


def test_a_scan_in_chunks_is_read_whole(pty_rig: PtyRig, run: Run, listener: Listener) -> None:
    run(pty_rig.driver())
    listener.wait_for_state("enabled")
    for byte in f"{FIRST}\r\n".encode():
        pty_rig.send(bytes([byte]))
    listener.wait_for_values(FIRST)


def test_garbage_costs_its_own_scan_only(pty_rig: PtyRig, run: Run, listener: Listener) -> None:
    run(pty_rig.driver())
    listener.wait_for_state("enabled")
    pty_rig.send(b"\x00\xff\x1b[A")
    pty_rig.scan(FIRST, SECOND)
    listener.wait_for_values(SECOND)
    assert listener.reasons() == ["unreadable"]


def test_ten_megabytes_of_garbage_leave_no_memory_behind(
    pty_rig: PtyRig, run: Run, listener: Listener, record_property: Record
) -> None:
    run(pty_rig.driver())
    listener.wait_for_state("enabled")
    block = bytes(0x20 + at % 0x5F for at in range(50_000)) + b"\r"
    for _ in range(10):
        pty_rig.send(block)
    listener.wait_for_reads(10)
    before = resident_bytes()
    for _ in range(200):
        pty_rig.send(block)
    pty_rig.scan(FIRST)
    listener.wait_for_values(FIRST)
    assert listener.reasons() == ["unreadable"] * 210
    grown = resident_bytes() - before
    record_property("attempts", 1)
    record_property("grown_bytes", grown)
    assert grown < 5_000_000


def test_twenty_thousand_scans_arrive_in_order(
    pty_rig: PtyRig, run: Run, listener: Listener, record_property: Record
) -> None:
    run(pty_rig.driver())
    listener.wait_for_state("enabled")
    numbers = [card_number(serial) for serial in range(200)] * 100
    begun_s = time.process_time()  # of both ends: on a machine that others use as well it is the same
    pty_rig.scan(*numbers)
    listener.wait_for_reads(len(numbers))
    took_s = time.process_time() - begun_s
    record_property("attempts", len(numbers))
    record_property("lost", len(numbers) - len(listener.values()))
    record_property("cpu_s", round(took_s, 2))
    assert listener.values() == numbers
    assert took_s < 2


def test_a_scanner_pulled_inside_a_scan_gives_no_part_of_a_number(
    pty_rig: PtyRig, run: Run, listener: Listener, record_property: Record
) -> None:
    attempts = times(5, 100)
    threads = run(pty_rig.driver())
    for attempt in range(attempts):
        listener.wait_for_state("enabled")
        pty_rig.send(FIRST[: 1 + attempt % 12].encode())
        pty_rig.unplug()
        listener.wait_for_state("gone")
        pty_rig.plug()
        threads.rescan()
    record_property("attempts", attempts)
    record_property("wrong", len(listener.values()))
    assert listener.values() == []


def test_one_scanner_unplugged_does_not_disturb_the_other(
    pty_rig: PtyRig, run: Run, listener: Listener, tmp_path: Path
) -> None:
    other = PtyRig(tmp_path / "other")
    other.plug()
    run(pty_rig.driver(), other.driver("other"))
    for device in ("desk", "other"):
        listener.wait_for_state("enabled", device)
    other.unplug()
    listener.wait_for_state("gone", "other")
    pty_rig.scan(FIRST)
    listener.wait_for_values(FIRST)


def test_the_tail_of_a_scan_that_was_under_way_when_we_came_is_no_number(pty_rig: PtyRig) -> None:
    scanner = scanner_on(pty_rig.link)
    assert status(scanner).state == "claimed"
    pty_rig.send(f"{FIRST[:5]}".encode())
    told = [*scanner.read(SETTLE_NS // 2)]
    pty_rig.scan(SECOND)  # whole as it looks, it follows without a pause
    told += scanner.read(SETTLE_NS) + scanner.tick(SETTLE_NS)
    assert [event.reason for event in told if isinstance(event, ReadRefused)] == ["incomplete"]
    assert len(told) == 1
    (enabled,) = scanner.tick(2 * SETTLE_NS)
    assert isinstance(enabled, DeviceStatus)
    assert enabled.state == "enabled"
    pty_rig.scan(FIRST)
    assert [event.value for event in scanner.read(3 * SETTLE_NS) if isinstance(event, CardRead)] == [FIRST]
    scanner.close()
