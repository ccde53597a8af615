"""Disks that fill up under a selling till: each refusal is honest, and each disk heals."""

from typing import Any

from scripts.faulting.line import Run
from tests.faultlab.contract import UnsupportedError
from tests.faultlab.disk_full import Outcome, full_disks

TEETH_DISKS = 40


def run(*, count: int, seed: int) -> dict[str, Any]:
    """Fill so many disks; then a till that shrugs at a full disk must be found."""
    run = Run("disk-full", seed)

    def tell(outcome: Outcome) -> bool:
        run.tell(
            f"{outcome.attempts} of {count} disks, {outcome.acked} acknowledged, {outcome.refused} refused"
        )
        return False

    try:
        outcome = full_disks(attempts=count, seed=seed, tell=tell)
        teeth = bug_is_found(seed)
    except UnsupportedError as reason:
        return run.skip(reason)
    run.say(f"{outcome.acked} acknowledged, {outcome.refused} refused, {outcome.lost} lost")
    for failure in outcome.failures[:5]:
        run.say(failure)
    ok = teeth and not outcome.failures and outcome.refused > 0
    return run.line(attempts=outcome.attempts, lost=outcome.lost, teeth=teeth, ok=ok)


def bug_is_found(seed: int) -> bool:
    """Say whether a till that acknowledges what the full disk refused is found."""
    outcome = full_disks(
        attempts=TEETH_DISKS, seed=seed, bug="shrug-at-full", tell=lambda one: bool(one.failures)
    )
    return bool(outcome.failures)
