"""Every disk state that a power cut could have left, started as a till starts: none has lost, none is half.

Both readings of a file system are tried (names in order as ext4 and xfs keep them, and POSIX's), on the
ledger's whole life and on its migration.
"""

import os
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from multiprocessing import get_context
from typing import Any

from scripts.faulting.line import Run
from tests.faultlab.contract import Target
from tests.faultlab.crash_states import Depth, Findings, enumerate_crashes

LIFE, MIGRATION = "tests.ledger_target", "tests.migrating_target"
TEETH = ((LIFE, "normal-sync"), (LIFE, "two-transactions"), (MIGRATION, "stamp-first"))
SEEDS_FOR_TEETH = 8
SEARCH_FOR_BUGS = Depth(operations=6, lives=1, every=3)


def run(*, count: int, seed: int) -> dict[str, Any]:
    """Start so many distinct states; then planted bugs must be found."""
    run = Run("crash-states", seed)
    found = states(
        count, seed, tell=lambda found: run.tell(f"{found.distinct} of {count}, {found.failed} bad")
    )
    for kind, example in found.examples.items():
        run.say(f"{kind}: {example}")
    run.say(f"{found.distinct} distinct of {found.states}, behind {dict(sorted(found.operations.items()))}")
    teeth = all(bug_is_found(module, bug, seed) for module, bug in TEETH)
    return run.line(
        attempts=found.distinct,
        lost=found.lost,
        half_applied=found.kinds["half applied"],
        duplicated=found.kinds["twice"],
        teeth=teeth,
        ok=teeth and not found.failed and found.distinct >= count,
    )


def states(
    count: int, seed: int, *, workers: int | None = None, tell: Callable[[Findings], None] = lambda _: None
) -> Findings:
    """Enumerate seed after seed, on every processor, until so many distinct states were started."""
    total, waiting = Findings(), set[Future[Findings]]()
    workers = workers or os.cpu_count() or 1
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        while total.distinct < count:
            while len(waiting) < workers:
                waiting.add(pool.submit(_one_seed, seed))
                seed += 1
            done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            for future in done:
                total.add(future.result())
            tell(total)
        for future in waiting:
            future.cancel()
    return total


def _one_seed(seed: int) -> Findings:
    # Every sixth seed is a migration, the first among them; the two readings of a file system take turns.
    target = Target(MIGRATION if seed % 6 == 1 else LIFE, {})
    depth = Depth(metadata="posix" if seed % 4 > 1 else "journalled")
    return enumerate_crashes(target, seed, depth)


def bug_is_found(module: str, bug: str, seed: int) -> bool:
    """Say whether a planted bug shows in one of a few seeds."""
    target = Target(module, {"bug": bug})
    return any(
        enumerate_crashes(target, one, SEARCH_FOR_BUGS, enough=lambda found: found.failed > 0).failed
        for one in range(seed, seed + SEEDS_FOR_TEETH)
    )
