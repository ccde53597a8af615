"""What the people who wrote a scenario read: the receipts that differ, or everything that came out."""

from collections.abc import Iterable

from agent.scenario.run import Outcome
from agent.scenario.story import Scenario

LEGEND = "  (- expected, did not come out; + came out, not expected; ? came out besides)"


def difference(scenario: Scenario, outcomes: Iterable[Outcome]) -> str:
    """Return every receipt that gave something else than expected, with file and line; empty if all fits."""
    lines: list[str] = []
    for outcome in outcomes:
        if outcome.difference:
            lines += [f"{scenario.file}:{outcome.step.line}: {outcome.step.title}", *outcome.difference]
    return "\n".join([f"{scenario.programme}: {scenario.title}", *lines, LEGEND]) if lines else ""


def played(outcomes: Iterable[Outcome]) -> str:
    """Return all that came out of every receipt, in the words a scenario expects it in."""
    lines: list[str] = []
    for outcome in outcomes:
        lines += [outcome.step.title, *(f"  = {one.forms[-1 if one.must else 0]}" for one in outcome.told)]
    return "\n".join(lines)
