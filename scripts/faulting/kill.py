"""kill -9 at random moments, over and over, on one ledger: nothing acknowledged may be missing.

It proves atomicity and recovery, not durability: the kernel keeps what the process had written.
"""

from typing import Any

from scripts.faulting.line import Run
from tests.faultlab.contract import Target
from tests.faultlab.kill_loop import Outcome, kill_loop

TARGET = "tests.ledger_target"
TEETH_KILLS, TEETH_TRIES = 20, 3
LIFE_S = 0.3
"""Longest life; a first run takes 0.2 s of it."""
FRESH = 0.2
"""Share of lives that begin without a ledger, so that its making is killed too."""


def run(*, count: int, seed: int) -> dict[str, Any]:
    """Kill so often, then plant a bug (answer before the commit) that must be found."""
    run = Run("kill-ledger", seed)

    def tell(outcome: Outcome) -> None:
        run.tell(f"{outcome.kills} of {count}, {outcome.acked} acknowledged, {outcome.lost} lost")

    target = Target(TARGET, {"plan": "production"})
    outcome = kill_loop(target, kills=count, seed=seed, life_s=LIFE_S, fresh_share=FRESH, tell=tell)
    ready = sorted(outcome.ready_s) or [0.0]
    run.say(f"{outcome.kills} kills, {outcome.acked} acknowledged, {outcome.lost} lost")
    run.say(
        f"ready after a kill: p50 {ready[len(ready) // 2]:.3f} s, p99 {ready[len(ready) * 99 // 100]:.3f} s"
    )
    for kill, verdict in outcome.failures[:3]:
        run.say(f"kill {kill}: {verdict.kinds()} lost {sorted(verdict.lost)[:3]} {verdict.problems[:2]}")
    bug = Target(TARGET, {"bug": "late-commit"})
    teeth = any(
        kill_loop(bug, kills=TEETH_KILLS, seed=one, life_s=LIFE_S, fresh_share=0).lost
        for one in range(seed, seed + TEETH_TRIES)
    )
    return run.line(
        attempts=outcome.kills,
        lost=outcome.lost,
        half_applied=outcome.count("half applied"),
        duplicated=outcome.count("twice"),
        teeth=teeth,
        ok=teeth and not outcome.failures and outcome.acked > 0,
    )
