"""An older or edited ledger in place of the real one verifies by itself, and is found at the next contact."""

import logging
import tempfile
from pathlib import Path
from typing import Any

import structlog

from scripts.faulting.line import Run
from tests.faultlab.rollback import FORMS, Outcome, rollbacks


def run(*, count: int, seed: int) -> dict[str, Any]:
    """Play so many cases; then, with nobody keeping a witness, they must go unnoticed."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    run = Run("rollback", seed)

    def tell(outcome: Outcome) -> None:
        run.tell(f"{outcome.attempts} of {count}, {len(outcome.undetected)} unnoticed")

    with tempfile.TemporaryDirectory(prefix="rollback-") as home:
        outcome = rollbacks(Path(home), count=count, seed=seed, tell=tell)
    for (form, finder), cases in sorted(outcome.found.items()):
        run.say(f"{form}: {cases} found by {finder}")
    run.say(f"{outcome.silent} of {outcome.attempts} files verified by themselves")
    with tempfile.TemporaryDirectory(prefix="rollback-") as home:
        teeth = bool(rollbacks(Path(home), count=len(FORMS), seed=seed, bugs=True).undetected)
    undetected = len(outcome.undetected)
    ok = teeth and not undetected and outcome.silent > 0
    return run.line(attempts=outcome.attempts, undetected=undetected, teeth=teeth, ok=ok)
