"""One line of the doctor: what was looked at, the verdict, and the curing command."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

Verdict = Literal["OK", "WARN", "FAIL"]


class Finding(NamedTuple):
    """What a check found; `cure` is empty when nothing needs doing."""

    check: str
    verdict: Verdict
    detail: str
    cure: str = ""


def worst(findings: Sequence[Finding]) -> int:
    """Return the exit code: 0 all well, 1 a warning, 2 a failure.

    >>> worst([Finding("disk", "OK", "9 GB free"), Finding("sync", "WARN", "2 h behind")])
    1
    """
    return max(({"OK": 0, "WARN": 1, "FAIL": 2}[finding.verdict] for finding in findings), default=0)
