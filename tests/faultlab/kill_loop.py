"""Kill -9 at random moments, over and over, on one ledger: nothing acknowledged may be missing.

It proves atomicity and recovery, not durability: the kernel keeps what the process had written, so
a missing fsync passes here and fails in `power_cut` and `crash_states`.
"""

from __future__ import annotations

import argparse
import random
import shutil
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.faultlab.command import add_target, add_teeth, finish, target_of
from tests.faultlab.contract import Tally, Target, Verdict
from tests.faultlab.lives import Life
from tests.faultlab.storage import DirectoryStorage


@dataclass
class Outcome:
    """What a loop saw."""

    kills: int = 0
    acked: int = 0
    lost: int = 0
    unacked_present: int = 0
    failures: list[tuple[int, Verdict]] = field(default_factory=list)
    ready_s: list[float] = field(default_factory=list)


def kill_loop(
    target: Target,
    *,
    kills: int,
    seed: int,
    life_s: float = 0.15,
    fresh_share: float = 0.1,
    folder: Path | None = None,
) -> Outcome:
    """Kill so often; a share of the lives begins without a ledger, to hit its creation."""
    rng, outcome, tally = random.Random(seed), Outcome(), Tally()
    place = Path(tempfile.mkdtemp(prefix="kill-", dir=folder))
    try:
        for run in range(kills):
            if rng.random() < fresh_share:
                shutil.rmtree(place)
                place.mkdir()
                tally = Tally()
            life = Life(target, place, run=run, seed=seed)
            try:
                life.live(life_s * rng.random() ** 2)  # squared: half the kills fall in opening and recovery
            finally:
                life.kill()
            _judge(target, place, life, tally, outcome)
    finally:
        shutil.rmtree(place)
    return outcome


def _judge(target: Target, place: Path, life: Life, tally: Tally, outcome: Outcome) -> None:
    tally.add(life.claims)
    report = target.verify(DirectoryStorage(place))
    verdict = tally.judge(report)
    outcome.kills += 1
    outcome.acked += sum(kind == "ack" for kind, _ in life.claims)
    outcome.lost += len(verdict.lost)
    outcome.unacked_present += len(
        {name for kind, name in life.claims if kind == "attempt"} & report.present - tally.acked
    )
    if life.ready_s is not None:
        outcome.ready_s.append(life.ready_s)
    if verdict.kinds():
        outcome.failures.append((outcome.kills, verdict))
        tally.forget(verdict.lost)


def main() -> None:
    """Run the loop from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_target(parser)
    add_teeth(parser)
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--life-s", type=float, default=0.15, help="longest life in seconds")
    parser.add_argument("--folder", type=Path, help="where the ledger lives (a real disk or /dev/shm)")
    arguments = parser.parse_args()

    def check() -> bool:
        begun = time.monotonic()
        outcome = kill_loop(
            target_of(arguments),
            kills=arguments.kills,
            seed=arguments.seed,
            life_s=arguments.life_s,
            folder=arguments.folder,
        )
        ready = sorted(outcome.ready_s) or [0.0]
        print(  # noqa: T201
            f"kill -9: kills={outcome.kills} acked={outcome.acked} lost={outcome.lost} "
            f"unacked_but_present={outcome.unacked_present} failures={len(outcome.failures)} "
            f"ready_p50={ready[len(ready) // 2]:.3f}s ready_max={ready[-1]:.3f}s "
            f"in {time.monotonic() - begun:.1f}s"
        )
        for kill, verdict in outcome.failures[:3]:
            print(  # noqa: T201
                f"  kill {kill}: {verdict.kinds()} "
                f"lost={sorted(verdict.lost)[:3]} problems={verdict.problems[:2]}"
            )
        return not outcome.failures

    finish(check, teeth=arguments.teeth)


if __name__ == "__main__":
    main()
