"""Kill -9 at random moments, over and over, on one ledger: nothing acknowledged may be missing.

It proves atomicity and recovery, not durability: the kernel keeps what the process had written, so
a missing fsync passes here and fails in `power_cut` and `crash_states`.
"""

import random
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.faultlab.contract import Tally, Target, Verdict
from tests.faultlab.lives import Life
from tests.faultlab.storage import DirectoryStorage

AT_WORK = 0.6
"""Share of kills that hit a selling till; the others hit its start and recovery."""


@dataclass
class Outcome:
    """What a loop saw."""

    kills: int = 0
    acked: int = 0
    lost: int = 0
    unacked_present: int = 0
    failures: list[tuple[int, Verdict]] = field(default_factory=list)
    ready_s: list[float] = field(default_factory=list)

    def count(self, kind: str) -> int:
        """Return in how many lives a problem of this kind was seen."""
        return sum(kind in verdict.kinds() for _, verdict in self.failures)


def kill_loop(
    target: Target,
    *,
    kills: int,
    seed: int,
    life_s: float = 0.15,
    fresh_share: float = 0.1,
    folder: Path | None = None,
    tell: Callable[[Outcome], None] = lambda _: None,
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
                life.live(life_s * rng.random(), at_work=rng.random() < AT_WORK)
            finally:
                life.kill()
            judge(target, place, life, tally, outcome)
            tell(outcome)
    finally:
        shutil.rmtree(place)
    return outcome


def judge(target: Target, place: Path, life: Life, tally: Tally, outcome: Outcome) -> None:
    """Verify what a life left in a folder against all it claimed."""
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
