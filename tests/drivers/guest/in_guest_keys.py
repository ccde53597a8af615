"""In the guest: what a keyboard scanner does to us, with the kernel's own evdev."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import evdev
import pytest
from evdev import ecodes

from drivers.event import Driver, Event
from drivers.key_events import EV_SYN, SYN_DROPPED, KeyFramer
from drivers.keyboard_scanner import KeyLine
from drivers.number import decode
from drivers.ranges import NumberRange
from drivers.reader import SETTLE_NS, Reader
from drivers.registry import DeviceSettings, open_reader
from drivers.threads import ReaderThreads
from tests.devicelab.in_guest import start_udev, wait_for
from tests.devicelab.uhid import UhidDevice
from tests.drivers.bars import beside, times
from tests.drivers.conftest import Run
from tests.drivers.hid_rigs import KeyRig
from tests.drivers.listening import Listener, open_descriptors, seconds_since
from tests.drivers.loyalty_numbers import RANGES, card_number

Record = Callable[[str, object], None]
_RULE = 'SUBSYSTEM=="input", KERNEL=="event*", ATTRS{name}=="Till uinput", SYMLINK+="till/uinput"\n'
# Digits that are all alike, and a range for each length: whatever shortened number came out would be "ours".
SEVENS = tuple(NumberRange("card", "7", length, "none") for length in range(1, 30))


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[KeyRig]:
    rig = KeyRig(tmp_path / "desk")
    rig.plug()
    yield rig
    rig.unplug()


@pytest.fixture(scope="module")
def udev(tmp_path_factory: pytest.TempPathFactory) -> None:
    rules = tmp_path_factory.mktemp("rules") / "71-uinput.rules"
    rules.write_text(_RULE, encoding="ascii")
    start_udev(rules)


def scanner_on(path: str) -> Driver:
    """Make the driver; the long silence keeps a busy machine under the guest from splitting scans."""
    scanner = open_reader(DeviceSettings("desk", "keyboard_scanner", path, RANGES, idle_ms=5000))
    assert isinstance(scanner, Driver)
    return scanner


def test_every_scan_arrives_while_the_core_is_busy(
    tmp_path: Path, run: Run, listener: Listener, record_property: Record
) -> None:
    scans = times(10, 200)
    numbers = [card_number(serial) for serial in range(scans)]

    def scan(till: Connection) -> None:
        scanner = UhidDevice("Busy Scanner")
        till.send(scanner.node("input/event"))
        till.recv()
        for number in numbers:
            scanner.type(f"{number}\n", gap_s=0.001)
            time.sleep(0.03)
        till.recv()

    with beside(scan) as scanner:
        run(scanner_on(scanner.recv()))
        listener.wait_for_state("enabled")
        scanner.send("go")
        until = time.monotonic() + 120
        while len(listener.values()) < scans and not listener.reasons() and time.monotonic() < until:
            burn(0.2)
            threading.Event().wait(0.8)
    record_property("attempts", scans)
    record_property("lost", scans - len(listener.values()))
    assert listener.values() == numbers
    assert listener.reasons() == []


def burn(seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        sum(number * number for number in range(1000))


class DeafFramer(KeyFramer):
    """The planted bug: it does not hear that the kernel lost events."""

    def feed(self, events: Iterable[tuple[int, int, int]], now_ns: int) -> list:  # type: ignore[type-arg]
        return super().feed((one for one in events if one[:2] != (EV_SYN, SYN_DROPPED)), now_ns)


def overflow(rig: KeyRig, framer: KeyFramer, length: int = 13) -> list[Event]:
    """Let a reader sleep while three scans are typed, then read all there is, and one scan more."""
    reader = Reader(
        "desk",
        str(rig.link),
        KeyLine(framer),
        decode=lambda raw: decode(raw, transport="evdev", ranges=SEVENS),
    )
    events = reader.open(0) + reader.tick(SETTLE_NS)
    rig.scan(*["7" * length] * 3)
    now_ns = time.monotonic_ns()
    events += [event for _ in range(8) for event in reader.read(now_ns)]
    now_ns += 2_000_000_000  # the rest of what was lost never comes; a person takes longer than this
    events += reader.tick(now_ns)
    for key in "7" * length + "\n":
        rig.type(key)
        events += reader.read(now_ns)
    reader.close()
    return events


def values(events: list[Event]) -> list[str]:
    return [event.value for event in events if hasattr(event, "value")]


def test_when_the_kernel_loses_events_no_wrong_number_comes_out(rig: KeyRig, record_property: Record) -> None:
    attempts = times(3, 50)
    wrong = 0
    for _ in range(attempts):
        events = overflow(rig, KeyFramer())
        wrong += sum(value != "7" * 13 for value in values(events))
        assert [event.reason for event in events if hasattr(event, "reason")] == ["incomplete"]
        assert values(events)[-1:] == ["7" * 13]  # and the next scan is read again
    record_property("attempts", attempts)
    record_property("wrong", wrong)
    assert wrong == 0


def test_a_framer_that_is_deaf_to_lost_events_would_have_sold_wrong_numbers(
    rig: KeyRig, record_property: Record
) -> None:
    # Where the kernel cuts depends on how much was typed: of several lengths one loses its beginning.
    wrong = sum(
        value != "7" * length
        for length in range(9, 17)
        for value in values(overflow(rig, DeafFramer(), length))
    )
    record_property("teeth", wrong > 0)
    assert wrong > 0


def test_a_scanner_pulled_inside_a_scan_gives_no_part_of_a_number(
    rig: KeyRig, run: Run, listener: Listener, record_property: Record
) -> None:
    attempts = times(5, 100)
    threads = run(rig.driver())
    for attempt in range(attempts):
        listener.wait_for_state("enabled")
        rig.type(card_number(1)[: 1 + attempt % 12])
        rig.unplug()
        listener.wait_for_state("gone")
        rig.plug()
        threads.rescan()
    record_property("attempts", attempts)
    record_property("wrong", len(listener.values()))
    assert listener.values() == []


@pytest.mark.usefixtures("udev")
def test_a_scanner_that_comes_and_goes_is_read_each_time(
    run: Run, listener: Listener, record_property: Record
) -> None:
    replugs = times(4, 100)
    run(scanner_on("/dev/till/uinput"))
    before = here = (0, 0)
    slowest_s = 0.0
    for turn in range(replugs):
        with evdev.UInput({ecodes.EV_KEY: range(1, 128)}, name="Till uinput") as keyboard:
            wait_for(lambda: Path("/dev/till/uinput").exists())
            there_ns = time.monotonic_ns()
            listener.wait_for_state("enabled")
            slowest_s = max(slowest_s, seconds_since(there_ns))
            press(keyboard, card_number(turn))
            listener.wait_until(lambda turn=turn: len(listener.values()) == turn + 1)  # type: ignore[misc]
            here = (open_descriptors(), threading.active_count())
            before = before if turn else here
        listener.wait_for_state("gone")
    record_property("attempts", replugs)
    record_property("slowest_s", round(slowest_s, 3))
    assert listener.values() == [card_number(turn) for turn in range(replugs)]
    assert here == before
    assert slowest_s < 2


def press(keyboard: evdev.UInput, number: str) -> None:
    for digit in number:
        for value in (1, 0):
            keyboard.write(ecodes.EV_KEY, ecodes.ecodes[f"KEY_{digit}"], value)
            keyboard.syn()
    for value in (1, 0):
        keyboard.write(ecodes.EV_KEY, ecodes.KEY_ENTER, value)
        keyboard.syn()


def test_a_scanner_that_another_process_has_grabbed_is_taken_over_when_it_lets_go(
    rig: KeyRig, run: Run, listener: Listener, record_property: Record
) -> None:
    path = str(rig.link)

    def hold(till: Connection) -> None:
        keyboard = evdev.InputDevice(path)
        keyboard.grab()
        till.send("held")
        till.recv()
        keyboard.close()
        till.send("free")
        till.recv()

    with beside(hold) as holder:
        assert holder.recv() == "held"
        run(rig.driver())
        listener.wait_for_state("opened")
        assert "another process has claimed it" in listener.statuses()[-1].detail
        holder.send("let go")
        assert holder.recv() == "free"
        free_ns = time.monotonic_ns()
        listener.wait_for_state("enabled")
        took_s = seconds_since(free_ns)
        rig.scan(card_number(1))
        listener.wait_for_values(card_number(1))
    record_property("attempts", 1)
    record_property("slowest_s", round(took_s, 3))
    assert took_s < 5


def test_while_we_hold_it_nobody_else_hears_a_scan(rig: KeyRig, run: Run, listener: Listener) -> None:
    desktop = evdev.InputDevice(str(rig.link))
    run(rig.driver())
    listener.wait_for_state("enabled")
    rig.scan(card_number(1))
    listener.wait_for_values(card_number(1))
    assert desktop.read_one() is None
    desktop.close()


@pytest.mark.usefixtures("udev")
def test_permissions_that_udev_mends_later_are_picked_up_without_a_restart(record_property: Record) -> None:
    name = "Late Permission"
    scanner = UhidDevice(name)
    node = scanner.node("input/event")
    Path(node).chmod(0o600)

    def read(till: Connection) -> None:
        os.setgid(65534)
        os.setuid(65534)
        threads = ReaderThreads([scanner_on(node)], till.send, time.monotonic_ns)
        threads.start()
        till.recv()

    with beside(read) as reader:
        refused = reader.recv()
        assert refused.state == "closed"
        assert "permission denied" in refused.detail
        rule = f'SUBSYSTEM=="input", KERNEL=="event*", ATTRS{{name}}=="{name}", MODE="0666"\n'
        Path("/run/udev/rules.d/72-late.rules").write_text(rule, encoding="ascii")
        mended_ns = time.monotonic_ns()
        subprocess.run(["udevadm", "control", "--reload"], check=True)
        subprocess.run(["udevadm", "trigger", "--name-match", node], check=True)
        assert reader.poll(30)
        assert reader.recv().state == "claimed"
        assert reader.recv().state == "enabled"
        record_property("attempts", 1)
        record_property("slowest_s", round(seconds_since(mended_ns), 3))
        scanner.type(f"{card_number(5)}\n", gap_s=0.001)
        assert reader.poll(30)
        assert reader.recv().value == card_number(5)
    scanner.close()
