"""Each of the first calls that a ledger makes to its files fails once, and then for good.

Calls are counted by class (open, read, write, sync, truncate, delete, rename, sync of the folder).  After a
failed sync nothing is acknowledged, and the next start finds all that was.
"""

from typing import Any

from scripts.faulting.line import Run
from tests.faultlab.contract import Target
from tests.faultlab.io_faults import Outcome, io_faults

LIFE, ARRIVAL = "tests.ledger_target", "tests.arriving_target"
TEETH = {"go-on": LIFE, "auto-checkpoint": LIFE, "careless-flush": ARRIVAL}
DIRECTORIES = 3
"""Directories that a life takes in, some forty calls each."""
OPERATIONS_PER_CALL = 5
"""A life of so many operations a call asked for makes more writes and reads than that."""


def run(*, count: int, seed: int) -> dict[str, Any]:
    """Fail each of the first `count` calls of every class; then planted bugs must be found."""
    run = Run("io-errors", seed)

    def tell(outcome: Outcome) -> bool:
        run.tell(f"{outcome.runs.total()} faults, {outcome.acked} acknowledged, {len(outcome.failures)} bad")
        return False

    operations = max(12, count // OPERATIONS_PER_CALL)
    outcome = io_faults(Target(LIFE, {}), operations=operations, seed=seed, limit=count, tell=tell)
    outcome.add(io_faults(Target(ARRIVAL, {}), operations=DIRECTORIES, seed=seed, limit=count, tell=tell))
    run.say(f"{dict(outcome.runs)}, {outcome.fired} fired, {outcome.acked} acknowledged")
    for failure in outcome.failures[:5]:
        run.say(failure)
    teeth = all(bug_is_found(bug, seed) for bug in TEETH)
    return run.line(
        attempts=outcome.runs.total(),
        lost=outcome.lost,
        half_applied=sum("half applied" in failure for failure in outcome.failures),
        teeth=teeth,
        ok=teeth and not outcome.failures and outcome.fired > 0,
    )


def bug_is_found(bug: str, seed: int) -> bool:
    """Say whether a planted bug shows within a short life's faults."""
    found = io_faults(
        Target(TEETH[bug], {"bug": bug}),
        operations=DIRECTORIES if TEETH[bug] == ARRIVAL else 12,
        seed=seed,
        calls=("sync",),
        tell=lambda one: bool(one.failures),
    )
    return bool(found.failures)
