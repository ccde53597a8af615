"""Readers pulled, killed, garbled and held by others, behind real kernels: the robustness bars, in full.

The bars are tests (`tests/drivers`), which take a few attempts each; here they take all of them: on this
machine with ptys and a pcscd of our own, then in one boot of the guest with uinput, uhid, USB keyboards, an
FTDI adapter and a CCID reader. Decoders are fuzzed by `fuzz-decoders`; idling and latency are figures of
`scripts/bench devices`.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.drivers.guest_run import PYTEST, Case, cases_of, run_in_guest
from tests.parts import MissingPart

ROOT = Path(__file__).resolve().parents[2]
HOST_FILES = ("test_conformance.py", "test_serial_scanner.py", "test_card_reader.py", "test_memory.py")
GUEST_S = 900


def run(*, seed: int) -> dict[str, Any]:
    """Try every bar, then look whether the planted bug (deaf to lost events) was found."""
    begun = time.monotonic()
    skipped: str | None = None
    with tempfile.TemporaryDirectory(prefix="faults-") as place:
        cases = _on_this_machine(Path(place))
        try:
            guest = Path(place) / "guest"
            guest.mkdir()
            cases += run_in_guest(guest, is_full=True, timeout_s=GUEST_S)
        except MissingPart as why:
            skipped = f"no guest: {why}"
    for case in cases:
        _tell(case)
    teeth = [case.told["teeth"] == "True" for case in cases if "teeth" in case.told]
    failed = [case for case in cases if case.trouble]
    return {
        "name": "devices",
        "attempts": _sum(cases, "attempts"),
        "lost": _sum(cases, "lost"),
        "duplicated": 0,
        "overspent": 0,
        "half_applied": 0,
        "undetected": _sum(cases, "wrong"),
        "conflicting": 0,
        "failed": [case.name for case in failed],
        "teeth": all(teeth) if teeth else None,
        "skipped": skipped,
        "seed": seed,
        "seconds": round(time.monotonic() - begun, 1),
        "ok": not failed and (all(teeth) if teeth else skipped is not None),
    }


def _on_this_machine(folder: Path) -> list[Case]:
    report = folder / "host.xml"
    files = [f"tests/drivers/{name}" for name in HOST_FILES]
    subprocess.run(
        [sys.executable, *PYTEST, f"--junitxml={report}", *files],
        cwd=ROOT,
        env={**os.environ, "LOYALTY_FULL_BARS": "1"},
        stdout=subprocess.DEVNULL,
        check=False,  # what failed stands in the report
    )
    return cases_of(report)


def _sum(cases: list[Case], what: str) -> int:
    return sum(int(case.told.get(what, "0")) for case in cases)


def _tell(case: Case) -> None:
    if case.told or case.trouble:
        told = ", ".join(f"{name} {value}" for name, value in case.told.items())
        verdict = "FAILED" if case.trouble else "ok"
        print(f"{verdict:6} {case.name.removeprefix('test_').replace('_', ' ')}: {told}", flush=True)
    if case.trouble:
        print(case.trouble, flush=True)
