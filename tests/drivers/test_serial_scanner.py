"""What only a serial line has: exclusive use, permissions, ports that are none."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
import serial

from drivers.event import DeviceStatus
from drivers.serial_scanner import RETRY_NS, SerialScanner
from tests.drivers.conftest import Run
from tests.drivers.listening import Listener
from tests.drivers.loyalty_numbers import RANGES, card_number
from tests.drivers.rigs import PtyRig


def status(scanner: SerialScanner, now_ns: int = 0) -> DeviceStatus:
    (event,) = scanner.open(now_ns)
    assert isinstance(event, DeviceStatus)
    return event


def test_a_port_that_another_process_has_claimed_is_named_and_taken_over_later(
    pty_rig: PtyRig, run: Run, listener: Listener
) -> None:
    holder = serial.Serial(str(pty_rig.link), exclusive=True)
    thread = run(pty_rig.driver())
    listener.wait_for_state("closed")
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
    scanner = SerialScanner("desk", os.path.realpath(pty_rig.link), ranges=RANGES)
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
    assert [event.state for event in scanner.tick(RETRY_NS) if isinstance(event, DeviceStatus)] == ["enabled"]
    scanner.close()


def test_a_port_that_is_no_serial_port_is_named(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.write_bytes(b"")
    told = status(SerialScanner("desk", str(plain), ranges=RANGES))
    assert (told.state, told.detail) == ("closed", f"{plain}: it is no serial port")


def test_a_missing_port_is_named_once(tmp_path: Path) -> None:
    scanner = SerialScanner("desk", str(tmp_path / "none"), ranges=RANGES)
    assert "plug it in" in status(scanner).detail
    assert scanner.open(RETRY_NS) == []
    assert scanner.fileno() is None


def test_an_absurd_baud_rate_is_named(pty_rig: PtyRig) -> None:
    told = status(SerialScanner("desk", str(pty_rig.link), ranges=RANGES, baud=-1))
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
    scanner = SerialScanner("desk", str(pty_rig.link), ranges=RANGES)
    assert status(scanner).state == "enabled"
    assert scanner.read(0) == []  # nothing to read: no waiting
    scanner.close()
    assert (scanner.read(0), scanner.tick(time.monotonic_ns()), scanner.due_at_ns()) == ([], [], None)
