"""A chain in one process: `scripts/faults simulate`. Every run follows from its seed; every promise is held.

Without `--days` or `--till-years` many short runs; with `--till-years` long ones, week after week, whose
figures `--resume FILE` keeps so that a later call goes on. `--break NAME` plants a bug that must be found.
"""

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import structlog

from scripts.faulting.line import Run
from tests.fleet.planted import PLANTED, plan_for
from tests.fleet.run import Outcome, Plan, plan_of, simulate

SEEDS_FOR_TEETH = 150
"""In so many runs each planted bug must have shown."""
QUICK_TEETH = (
    "accept_after_close",
    "keep_epoch",
    "ack_before_durable",
    "twin_is_booked",
    "each_request_is_new",
    "pool_lends_twice",
    "caps_not_counted",
)
WEEK = 7
WEEKLY = {"tills": 3, "days": WEEK, "receipts": 20.0, "members": 12, "pull_interval_s": 1800.0}
"""A long run: a week of a small store, twenty receipts a till and day; half of them have a pool."""


def run(
    *,
    count: int,
    seed: int,
    tills: int,
    days: int,
    till_years: float,
    resume: str,
    broken: str,
    events: bool,
) -> dict[str, Any]:
    """Simulate so many seeds, or till-years; then planted bugs must be found."""
    # What the agent complains of is what this is for: thousands of cut lines and torn disks.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    run = Run("simulate", seed)
    if broken and broken != "all":
        return _planted(run, broken, count, seed, events=events)
    total = _Total(resume)
    for plan in _plans(count, seed, tills, days, till_years=till_years, done=total.runs):
        total.add(plan, simulate(plan, tell=run.say if events else None))
        run.tell(str(total))
    run.say(str(total))
    for wrong in total.wrong[:20]:
        run.say(wrong)
    names = PLANTED if broken == "all" else QUICK_TEETH
    caught = {name: _first_seed(name, SEEDS_FOR_TEETH) for name in names}
    for name, (at, what) in caught.items():
        run.say(f"{name:26} {f'caught by seed {at}: {what}' if at else 'NOT CAUGHT'}")
    teeth = all(at for at, _ in caught.values())
    return run.line(
        attempts=total.receipts,
        lost=total.lost,
        duplicated=total.doubled,
        overspent=total.overspent,
        teeth=teeth,
        ok=teeth and not total.wrong,
    )


class _Total:
    """What all runs together have shown; kept in a file if there is one to keep it in."""

    def __init__(self, path: str) -> None:
        self._path = Path(path) if path else None
        self.runs = self.receipts = self.steps = self.overspent = self.till_days = 0
        self.seconds = 0.0
        self.wrong: list[str] = []
        if self._path is not None and self._path.exists():
            for name, value in json.loads(self._path.read_text(encoding="utf-8")).items():
                setattr(self, name, value)

    def __str__(self) -> str:
        """Tell how far it is."""
        pace = self.steps / self.seconds if self.seconds else 0.0
        return (
            f"{self.runs} runs, {self.till_days / 365:.2f} till-years, {self.receipts} receipts,"
            f" {self.steps} steps at {pace:.0f} a CPU second, {len(self.wrong)} promises broken"
        )

    @property
    def lost(self) -> int:
        """How many complaints speak of something lost."""
        return sum("lost" in one for one in self.wrong)

    @property
    def doubled(self) -> int:
        """How many complaints speak of a receipt counted more than once."""
        return sum("counts" in one for one in self.wrong)

    def add(self, plan: Plan, outcome: Outcome) -> None:
        """Take in a run, and write down where we are."""
        self.runs += 1
        self.receipts += outcome.receipts
        self.steps += outcome.steps
        self.overspent += outcome.overspent
        self.till_days += plan.tills * plan.days
        self.seconds += outcome.seconds
        self.wrong += [f"seed {plan.seed}: {one}" for one in outcome.wrong]
        if self._path is not None:
            plain = {name: value for name, value in vars(self).items() if name != "_path"}
            self._path.write_text(json.dumps(plain), encoding="utf-8")


def _plans(count: int, seed: int, tills: int, days: int, *, till_years: float, done: int) -> Iterator[Plan]:
    """Give the plans still to run: `done` were run by earlier calls."""
    if till_years:
        weeks = round(till_years * 365 / (WEEKLY["tills"] * WEEK))
        for number in range(done, max(weeks, 1)):
            yield plan_of(seed + number, **WEEKLY)
        return
    for number in range(done, count):
        # Every shape comes round: one till to three, unless told otherwise.
        yield plan_of(seed + number, tills=tills or 1 + (seed + number) % 3, days=days or 1)


def _planted(run: Run, name: str, count: int, seed: int, *, events: bool) -> dict[str, Any]:
    """Run one planted bug until it shows."""
    if name not in PLANTED:
        return run.skip(f"no planted bug is called {name}; there are {', '.join(PLANTED)}")
    at, what = 0, ""
    for one in range(seed, seed + count):
        outcome = _run(one, name, tell=run.say if events else None)
        if outcome.wrong:
            at, what = one, outcome.wrong[0]
            break
    run.say(f"{name}: {f'caught by seed {at}: {what}' if at else f'not caught in {count} seeds'}")
    return run.line(attempts=count, teeth=bool(at), ok=bool(at))


def _first_seed(name: str, seeds: int) -> tuple[int, str]:
    """Return the first seed by which a planted bug shows, and how; 0 if none of so many does."""
    for seed in range(1, seeds + 1):
        if wrong := _run(seed, name).wrong:
            return seed, wrong[0]
    return 0, ""


def _run(seed: int, name: str, tell: Any = None) -> Outcome:
    return simulate(plan_for(name, seed), wiring=PLANTED[name], tell=tell)
