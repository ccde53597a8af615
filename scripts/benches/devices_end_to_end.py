"""From the device to the identifier, and what idling costs: real ptys and pcscd here, keyboards in the guest.

The limit beside each is a bare reader: a thread that waits, reads and looks for the end of the scan. The
guest's CPU is emulated, so its figures are worse than any till's.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

from scripts.benches.devices_probe import bare_times_ms, idle_cpu_percent, scan_times_ms, serial_scan
from scripts.benches.figures import CannotRun, Line, line, percentile
from tests.devicelab.guest import run as run_guest
from tests.drivers.card_rig import CardBench
from tests.drivers.rigs import PtyRig, Rig
from tests.parts import MissingPart, need_library

SERIAL_MS, KEYS_MS, IDLE_PERCENT = 5.0, 10.0, 0.5
GUEST_S = 240


def end_to_end_lines(folder: Path) -> list[Line]:
    """Return the lines; what needs the guest or pcscd is left out where there is none.

    Raises:
        CannotRun: a part is missing; the other lines are in it.
    """
    lines, missing = _serial(folder), []
    for measure in (_idle, _keyboards):
        try:
            lines += measure(folder)
        except MissingPart as why:
            missing.append(str(why))
    if missing:
        raise CannotRun("; ".join(missing), lines)
    return lines


def _serial(folder: Path) -> list[Line]:
    rig = PtyRig(folder / "line")
    rig.plug()
    ours = scan_times_ms(rig, serial_scan(rig))
    rig.unplug()
    rig.plug()
    fd = os.open(rig.link, os.O_RDONLY | os.O_NOCTTY)
    bare = bare_times_ms(fd, serial_scan(rig), lambda data: b"\n" in data)
    os.close(fd)
    rig.unplug()
    return _scan_lines("scan_serial", ours, bare, SERIAL_MS)


def _idle(folder: Path) -> list[Line]:
    bench = CardBench(folder)
    rigs: list[Rig] = [
        PtyRig(folder / "left"),
        PtyRig(folder / "right"),
        bench.rig("front"),
        bench.rig("back"),
    ]
    for rig in rigs:
        rig.plug()
    percent = idle_cpu_percent(rigs)
    for rig in rigs:
        rig.unplug()
    bench.close()
    return [_idle_line("idle_2_serial_2_card_readers", percent)]


def _keyboards(folder: Path) -> list[Line]:
    need_library("evdev", "evdev")
    out = folder / "out"
    out.mkdir()
    told = out / "figures.json"
    command = [sys.executable, "-m", "scripts.benches.devices_probe", str(told)]
    status, console = run_guest(command, out=out, timeout_s=GUEST_S)
    if not told.exists():
        raise RuntimeError(f"the guest took no figures (status {status}): {console[-2000:]}")
    figures: dict[str, Any] = json.loads(told.read_text(encoding="ascii"))
    lines = _scan_lines("scan_evdev", figures["ours_ms"], figures["bare_ms"], KEYS_MS)
    return [*lines, _idle_line("idle_2_keyboards_stripe_serial", figures["idle_percent"])]


def _scan_lines(name: str, ours: list[float], bare: list[float], bar_ms: float) -> list[Line]:
    p99 = percentile(ours, 99)
    return [
        line(f"{name}_p99", p99, f"{bar_ms:.0f} ms", bar_ms, goal=1.0),
        line(f"{name}_p99_beside", p99, "a bare reader, p99", percentile(bare, 99)),
        line(f"{name}_p50_beside", percentile(ours, 50), "a bare reader, p50", percentile(bare, 50)),
    ]


def _idle_line(name: str, percent: float) -> Line:
    return line(name, percent, f"{IDLE_PERCENT} % of a core", IDLE_PERCENT, unit="%", goal=1.0)
