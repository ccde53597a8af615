"""A rehearsal on all cores: each worker reads every receipt and runs its share of the members."""

import multiprocessing
import os
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from typing import Any, NamedTuple

from agent.loyalty.compile import compile_programme
from agent.loyalty.read import load_programme
from agent.rehearsal.figures import Figures
from agent.rehearsal.past import Source
from agent.rehearsal.rehearse import rehearse

POLL_S = 0.2


class Script(NamedTuple):
    """One programme file to rehearse."""

    text: bytes
    name: str


def rehearse_all(
    scripts: Sequence[Script],
    receipts: Source,
    *,
    workers: int = 0,
    told: Callable[[float], None] = lambda _: None,
) -> list[Figures]:
    """Return the figures of each programme over the same receipts; 0 workers are one a core.

    `told` hears the share of the work that is done, from 0 to 1.

    Raises:
        DocumentError: a programme or a receipt holds mistakes.
    """
    workers = workers or os.cpu_count() or 1
    context = multiprocessing.get_context("spawn")  # nothing of the parent's is half-way in a child
    whole = max(1, receipts.count() * len(scripts) * workers)
    counter = context.Value("q", 0)
    with ProcessPoolExecutor(workers, context, initializer=_begin, initargs=(counter,)) as pool:
        jobs = [
            [pool.submit(_share, script, receipts, (at, workers)) for at in range(workers)]
            for script in scripts
        ]
        waiting: set[Future[Figures]] = {one for row in jobs for one in row}
        while waiting:
            done, waiting = wait(waiting, timeout=POLL_S)
            told(min(1.0, counter.value / whole))
            for one in done:
                one.result()  # a mistake in one share ends it all
        return [_together([one.result() for one in row]) for row in jobs]


def _together(parts: list[Figures]) -> Figures:
    for part in parts[1:]:
        parts[0].add(part)
    return parts[0]


_counters: list[Any] = []
TICKS = 256
"""Receipts between two tellings: the counter is locked for each."""


def _begin(counter: Any) -> None:
    _counters[:] = [counter]


def _share(script: Script, receipts: Source, share: tuple[int, int]) -> Figures:
    compiled = compile_programme(load_programme(script.text, name=script.name))
    read = 0

    def tick() -> None:
        nonlocal read
        read += 1
        if read % TICKS == 0:
            with _counters[0].get_lock():
                _counters[0].value += TICKS

    return rehearse(compiled, receipts, share=share, tick=tick)
