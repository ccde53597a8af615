"""The agent is killed between any two calls of a sale, or within one: each receipt counts once."""

import tempfile
from pathlib import Path
from typing import Any

from scripts.faulting.line import Run
from tests.daemon.recovering import BREAKS, Outcome, sell_through_kills

VOLATILE = "tests.daemon.volatile_till"


def run(*, count: int, seed: int) -> dict[str, Any]:
    """Break so many sales; then a till that answers before its disk has it must be found."""
    told = Run("recovery", seed)

    def sold(sales: int, *, module: str = "agent.cli.till") -> Outcome:
        with tempfile.TemporaryDirectory() as place:
            return sell_through_kills(
                Path(place),
                sales=sales,
                seed=seed,
                module=module,
                tell=lambda number: told.tell(f"{number} of {sales} sales"),
            )

    outcome = sold(count)
    for failure in outcome.failures[:5]:
        told.say(failure)
    teeth = not sold(len(BREAKS), module=VOLATILE).ok
    return told.line(
        attempts=outcome.sales,
        lost=outcome.lost,
        duplicated=outcome.duplicated,
        half_applied=outcome.half_applied,
        conflicting=len(outcome.failures),
        teeth=teeth,
        ok=teeth and outcome.ok,
    )
