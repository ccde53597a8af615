"""Run the drivers' tests inside the guest, in one boot, and hand back what became of each.

The guest is begun as soon as its tests are known to be wanted, in a process of its own, and boots while other
tests run: `python -m tests.drivers.guest_run FOLDER` is that process.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from pathlib import Path

from tests.devicelab.debian import need
from tests.devicelab.guest import CANNOT_RUN, run
from tests.parts import MissingPart, need_library

REPORT = "guest.xml"
FILES = ("tests/drivers/test_conformance.py", "tests/drivers/guest")
PYTEST = (
    "-m", "pytest", "--quiet", "--color=no", "--tb=short", "-p", "no:cacheprovider",
    "-o", "junit_family=xunit1", "-o", "python_files=test_*.py in_guest_*.py",
)  # fmt: skip


@dataclass(frozen=True)
class Case:
    """One test in the guest: `trouble` is empty if it passed, `told` what it recorded."""

    file: str
    name: str
    seconds: float
    trouble: str
    told: dict[str, str] = field(default_factory=dict)


def run_in_guest(out: Path, *, is_full: bool = False, timeout_s: float = 240) -> list[Case]:
    """Boot, run all of `FILES`, and read the report.

    Raises:
        MissingPart: there can be no guest here.
        RuntimeError: it did not come up, or wrote no report; the console's end is in the message.
    """
    need_library("evdev", "evdev")
    need_library("smartcard", "pyscard")
    need("/usr/sbin/pcscd", "/usr/lib/pcsc/drivers/ifd-ccid.bundle")
    report = out / REPORT
    command = [
        "env", f"LOYALTY_FULL_BARS={int(is_full)}", sys.executable, *PYTEST, f"--junitxml={report}", *FILES,
    ]  # fmt: skip
    status, console = run(command, out=out, timeout_s=timeout_s)
    if not report.exists():
        raise RuntimeError(f"no report from the guest (status {status}):\n{console[-3000:]}")
    return cases_of(report)


def cases_of(report: Path) -> list[Case]:
    """Read a report of `PYTEST`, from wherever it was run."""
    return [_case(element) for element in ET.parse(report).iter("testcase")]  # noqa: S314 - our own report


class Boot:
    """One run of the guest beside a test run."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._out = Path()

    def begin(self) -> None:
        """Start it, if it is not running yet."""
        if self._process is None:
            self._out = Path(tempfile.mkdtemp(prefix="loyalty-guest-"))
            with (self._out / "console").open("wb") as console:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "tests.drivers.guest_run", str(self._out)],
                    stdin=subprocess.DEVNULL,
                    stdout=console,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )

    def cases(self) -> list[Case]:
        """Wait for its end and read the report.

        Raises:
            MissingPart: there can be no guest here.
            RuntimeError: it wrote no report.
        """
        self.begin()
        assert self._process is not None
        status = self._process.wait()
        told = (self._out / "console").read_text(encoding="utf-8", errors="replace")
        if status == CANNOT_RUN:
            raise MissingPart(told.strip().splitlines()[-1])
        if status:
            raise RuntimeError(told)
        return cases_of(self._out / REPORT)

    def end(self) -> None:
        """Stop it if nobody waited for it, and take its folder away."""
        if self._process is not None:
            if self._process.poll() is None:
                os.killpg(self._process.pid, signal.SIGKILL)  # QEMU as well
            self._process.wait()
            shutil.rmtree(self._out, ignore_errors=True)


BOOT = Boot()


def _case(element: ET.Element) -> Case:
    troubles = [one for one in element if one.tag in {"failure", "error", "skipped"}]
    return Case(
        file=element.get("classname", "").split(".")[-1],
        name=element.get("name", ""),
        seconds=float(element.get("time", "0")),
        trouble="\n".join(f"{one.tag}: {one.get('message')}\n{one.text}" for one in troubles),
        told={one.get("name", ""): one.get("value", "") for one in element.iter("property")},
    )


if __name__ == "__main__":
    try:
        run_in_guest(Path(sys.argv[1]))
    except MissingPart as missing:
        print(missing)  # noqa: T201 - the reason, for the test run that waits
        sys.exit(CANNOT_RUN)
