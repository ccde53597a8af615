"""Real power cuts by the real kernel, on ext4 and xfs: what was acknowledged is there afterwards."""

from typing import Any

from scripts.faulting.line import Run
from tests.faultlab.contract import Target, UnsupportedError
from tests.faultlab.kill_loop import Outcome
from tests.faultlab.power_cut import power_cuts

TARGET = "tests.ledger_target"
TEETH = {"bug": "normal-sync", "plan": "rare"}
"""With frequent checkpoints nearly everything is durable anyway, and the bug would hide."""
TEETH_CUTS = 6
XFS_SHARE = 0.4


def run(*, count: int, seed: int) -> dict[str, Any]:
    """Cut so often on ext4 and four tenths of it on xfs; then synchronous=NORMAL must lose."""
    run, done, skipped = Run("power-cut", seed), [], []
    for kind, cuts in (("ext4", count), ("xfs", round(count * XFS_SHARE))):
        try:
            done.append(_cuts(run, kind, cuts, seed))
        except UnsupportedError as reason:
            skipped.append(f"{kind}: {reason}")
    if not done:
        return run.skip("; ".join(skipped))
    try:
        lost = power_cuts(Target(TARGET, TEETH), "ext4", cuts=TEETH_CUTS, seed=seed).lost
        run.say(f"with synchronous=NORMAL: {TEETH_CUTS} cuts on ext4 lost {lost}")
    except UnsupportedError:
        lost = power_cuts(Target(TARGET, TEETH), "xfs", cuts=TEETH_CUTS, seed=seed).lost
    return run.line(
        attempts=sum(outcome.kills for outcome in done),
        lost=sum(outcome.lost for outcome in done),
        half_applied=sum(outcome.count("half applied") for outcome in done),
        duplicated=sum(outcome.count("twice") for outcome in done),
        teeth=lost > 0,
        skipped="; ".join(skipped) or None,
        ok=lost > 0 and not any(outcome.failures for outcome in done) and all(one.acked for one in done),
    )


def _cuts(run: Run, kind: str, cuts: int, seed: int) -> Outcome:
    def tell(outcome: Outcome) -> None:
        run.tell(f"{kind} {outcome.kills} of {cuts}, {outcome.acked} acknowledged, {outcome.lost} lost")

    outcome = power_cuts(Target(TARGET, {"plan": "production"}), kind, cuts=cuts, seed=seed, tell=tell)
    run.say(f"{kind}: {outcome.kills} cuts, {outcome.acked} acknowledged, {outcome.lost} lost")
    for cut, verdict in outcome.failures[:3]:
        run.say(f"{kind} cut {cut}: {verdict.kinds()} {sorted(verdict.lost)[:3]} {verdict.problems[:2]}")
    return outcome
