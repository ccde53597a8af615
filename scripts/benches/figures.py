"""What every figure is made of: one line beside its limit, and the word for "this machine cannot"."""

import os
import statistics
import time
from collections.abc import Callable
from typing import Any, Literal

Line = dict[str, Any]


class CannotRun(Exception):  # noqa: N818 - it reports a fact of the machine, not an error
    """A figure cannot be taken here; the message says why, `lines` holds what could be."""

    def __init__(self, reason: str, lines: list[Line] | None = None) -> None:
        super().__init__(reason)
        self.lines = lines or []


def line(
    name: str, value: float, limit_name: str, limit_value: float | None,
    *, unit: str = "ms", better: Literal["lower", "higher"] = "lower", goal: float | None = None,
) -> Line:  # fmt: skip
    """Return a figure's line; the ratio is value / limit, or limit / value where higher is better.

    With no limit the ratio is null.  A goal bounds the ratio: from above, or from below where higher is
    better.
    """
    ratio = None
    if limit_value:
        ratio = value / limit_value if better == "lower" else limit_value / value
    reached = goal is None or (ratio is not None and (ratio <= goal if better == "lower" else ratio >= goal))
    return {
        "name": name,
        "value": round(value, 3),
        "unit": unit,
        "limit_name": limit_name,
        "limit_value": None if limit_value is None else round(limit_value, 3),
        "ratio": None if ratio is None else round(ratio, 2),
        "better": better,
        "goal": goal,
        "ok": reached,
        "load": load(),
    }


def load() -> float:
    """Return how many processes wanted a core over the last minute: figures of a busy machine say so."""
    return round(os.getloadavg()[0], 1)


def cpu_times_ms(work: Callable[[], object], *, seconds: float, warm_up: int = 50) -> list[float]:
    """Repeat `work` for so many seconds; return the CPU milliseconds of each turn after warming up.

    CPU time, since what only computes is not slower where others use the cores too.
    """
    for _ in range(warm_up):
        work()
    taken: list[float] = []
    deadline = time.monotonic() + seconds
    while len(taken) < 2 or time.monotonic() < deadline:
        begun = time.thread_time()
        work()
        taken.append((time.thread_time() - begun) * 1000)
    return taken


def percentile(values: list[float], at: int) -> float:
    """Return a percentile, 1 to 99."""
    return statistics.quantiles(values, n=100)[at - 1]
