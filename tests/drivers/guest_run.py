"""Run the drivers' tests inside the guest, in one boot, and hand back what became of each."""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from pathlib import Path

from tests.devicelab.guest import run

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
    report = out / "guest.xml"
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


def _case(element: ET.Element) -> Case:
    troubles = [one for one in element if one.tag in {"failure", "error", "skipped"}]
    return Case(
        file=element.get("classname", "").split(".")[-1],
        name=element.get("name", ""),
        seconds=float(element.get("time", "0")),
        trouble="\n".join(f"{one.tag}: {one.get('message')}\n{one.text}" for one in troubles),
        told={one.get("name", ""): one.get("value", "") for one in element.iter("property")},
    )
