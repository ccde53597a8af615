"""How often a robustness bar is tried: a few times in `scripts/test`, wholly in `scripts/faults devices`."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection

IS_FULL = os.environ.get("LOYALTY_FULL_BARS") == "1"


def times(short: int, full: int) -> int:
    """Choose the number of attempts."""
    return full if IS_FULL else short


@contextmanager
def beside(work: Callable[[Connection], None]) -> Iterator[Connection]:
    """Run `work` in a process that shares no interpreter with the reader; give our end of a pipe.

    Forked, as starting Python anew takes seconds in the guest: call it before any thread is started.
    """
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(target=work, args=(theirs,), daemon=True)
    process.start()
    theirs.close()
    try:
        yield ours
    finally:
        process.kill()
        process.join()
        ours.close()
