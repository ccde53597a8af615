"""kill -9 at random moments, over and over, on one ledger: nothing acknowledged may be missing.

It proves atomicity and recovery, not durability: the kernel keeps what the process had written.
"""

import time
from typing import Any

from tests.faultlab.contract import Target
from tests.faultlab.kill_loop import Outcome, kill_loop

TARGET = "tests.ledger_target"
TEETH_KILLS = 20
LIFE_S = 0.3
"""Longest life; a first run takes 0.2 s of it."""
FRESH = 0.2
"""Share of lives that begin without a ledger, so that its making is killed too."""


def run(*, kills: int, seed: int) -> dict[str, Any]:
    """Kill so often, then plant a bug (acknowledge before the commit) that must be found."""
    begun = time.monotonic()
    outcome = kill_loop(Target(TARGET, {}), kills=kills, seed=seed, life_s=LIFE_S, fresh_share=FRESH)
    _tell(outcome)
    teeth = any(
        kill_loop(
            Target(TARGET, {"ack": "before"}),
            kills=TEETH_KILLS,
            seed=seed + attempt,
            life_s=LIFE_S,
            fresh_share=FRESH,
        ).lost
        for attempt in range(3)
    )
    half = sum(any("half" in one for one in verdict.problems) for _, verdict in outcome.failures)
    return {
        "name": "kill-ledger",
        "attempts": outcome.kills,
        "lost": outcome.lost,
        "duplicated": 0,
        "overspent": 0,
        "half_applied": half,
        "undetected": 0,
        "conflicting": 0,
        "teeth": teeth,
        "skipped": None,
        "seed": seed,
        "seconds": round(time.monotonic() - begun, 1),
        "ok": teeth and not outcome.failures and outcome.acked > 0,
    }


def _tell(outcome: Outcome) -> None:
    ready = sorted(outcome.ready_s) or [0.0]
    print(f"kills {outcome.kills}, acknowledged {outcome.acked}, lost {outcome.lost}")
    print(f"ready after a kill: p50 {ready[len(ready) // 2]:.3f} s, longest {ready[-1]:.3f} s")
    for kill, verdict in outcome.failures[:3]:
        print(f"kill {kill}: {verdict.kinds()} lost {sorted(verdict.lost)[:3]} {verdict.problems[:2]}")
