"""What readers cost, measured from inside one process: scan to identifier beside a bare reader, and idling.

Run as a program inside the guest it takes the figures of keyboards: `python -m
scripts.benches.devices_probe FILE`.
"""

from __future__ import annotations

import json
import os
import queue
import select
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from drivers.event import CardRead, DeviceStatus, Event
from drivers.threads import ReaderThreads
from tests.devicelab.uhid import UhidDevice
from tests.drivers.hid_rigs import KeyRig, StripeRig
from tests.drivers.loyalty_numbers import card_number
from tests.drivers.rigs import PtyRig, Rig

SCANS, WARM_UP = 300, 20
IDLE_S = 10.0
_ENTER = 28


def scan_times_ms(rig: Rig, scan: Callable[[str], int]) -> list[float]:
    """Scan again and again; `scan` returns the moment (ns) at which its end leaves the device."""
    arrived: queue.SimpleQueue[tuple[Event, int]] = queue.SimpleQueue()
    threads = ReaderThreads(
        [rig.driver()], lambda event: arrived.put((event, time.monotonic_ns())), time.monotonic_ns
    )
    threads.start()
    while not _is_enabled(arrived.get(timeout=10)[0]):
        pass
    taken: list[float] = []
    try:
        for serial in range(SCANS + WARM_UP):
            left_ns = scan(card_number(serial))
            event, at_ns = arrived.get(timeout=10)
            if not isinstance(event, CardRead) or event.value != card_number(serial):
                raise RuntimeError(f"scan {serial} was read as {event}")
            taken.append((at_ns - left_ns) / 1e6)
            time.sleep(0.002)
    finally:
        threads.stop()
    return taken[WARM_UP:]


def bare_times_ms(fd: int, scan: Callable[[str], int], is_end: Callable[[bytes], bool]) -> list[float]:
    """The limit: a thread that only waits, reads and looks for the end of the scan."""
    ended: queue.SimpleQueue[int] = queue.SimpleQueue()
    stop_read, stop_write = os.pipe()

    def read() -> None:
        while True:
            ready, _, _ = select.select([fd, stop_read], [], [])
            if stop_read in ready:
                return
            if is_end(os.read(fd, 4096)):
                ended.put(time.monotonic_ns())

    thread = threading.Thread(target=read)
    thread.start()
    taken: list[float] = []
    for serial in range(SCANS + WARM_UP):
        left_ns = scan(card_number(serial))
        taken.append((ended.get(timeout=10) - left_ns) / 1e6)
        time.sleep(0.002)
    os.write(stop_write, b"\0")
    thread.join()
    os.close(stop_read)
    os.close(stop_write)
    return taken[WARM_UP:]


def idle_cpu_percent(rigs: Sequence[Rig]) -> float:
    """Open readers, let nothing happen, and say which share of one core that takes."""
    enabled: queue.SimpleQueue[Event] = queue.SimpleQueue()
    threads = ReaderThreads(
        [rig.driver(f"reader{number}") for number, rig in enumerate(rigs)], enabled.put, time.monotonic_ns
    )
    threads.start()
    for _ in rigs:
        while not _is_enabled(enabled.get(timeout=10)):
            pass
    time.sleep(0.5)
    begun, before = time.monotonic(), time.process_time()
    time.sleep(IDLE_S)
    used = time.process_time() - before
    percent = 100 * used / (time.monotonic() - begun)
    threads.stop()
    return percent


def _is_enabled(event: Event) -> bool:
    return isinstance(event, DeviceStatus) and event.state == "enabled"


def serial_scan(rig: PtyRig) -> Callable[[str], int]:
    """A scan on a pty, handed over in one write."""

    def scan(number: str) -> int:
        leaves_ns = time.monotonic_ns()
        rig.scan(number)
        return leaves_ns

    return scan


def key_scan(hid: UhidDevice) -> Callable[[str], int]:
    """A scan on a keyboard; it ends when Enter goes down."""

    def scan(number: str) -> int:
        hid.type(number, gap_s=0.0005)
        leaves_ns = time.monotonic_ns()
        hid.type("\n")
        return leaves_ns

    return scan


def keyboard_figures(folder: Path) -> dict[str, object]:
    """Take the figures that need a kernel with uhid."""
    import evdev  # noqa: PLC0415 - only the guest is sure to have it

    figures: dict[str, object] = {}
    with ExitStack() as plugged:

        def plug(
            kind: Callable[[Path], PtyRig | KeyRig | StripeRig], name: str
        ) -> PtyRig | KeyRig | StripeRig:
            rig = kind(folder / name)
            rig.plug()
            plugged.callback(rig.unplug)
            return rig

        keys = plug(KeyRig, "keys")
        assert isinstance(keys, KeyRig)
        assert keys.hid is not None
        figures["ours_ms"] = scan_times_ms(keys, key_scan(keys.hid))
        keyboard = evdev.InputDevice(str(keys.link))
        keyboard.grab()
        figures["bare_ms"] = bare_times_ms(keyboard.fd, key_scan(keys.hid), _enter_went_down)
        keyboard.close()
        others = [plug(KeyRig, "more"), plug(StripeRig, "stripe"), plug(PtyRig, "line")]
        figures["idle_percent"] = idle_cpu_percent([keys, *others])
    return figures


def _enter_went_down(events: bytes) -> bool:
    return any(
        events[at + 16 : at + 24] == b"\x01\x00" + _ENTER.to_bytes(2, "little") + b"\x01\x00\x00\x00"
        for at in range(0, len(events), 24)
    )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        Path(sys.argv[1]).write_text(json.dumps(keyboard_figures(Path(place))), encoding="ascii")
