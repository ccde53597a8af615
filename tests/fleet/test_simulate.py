"""The fleet under faults: every promise holds, a run replays by its seed, and planted bugs show."""

import logging
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
import structlog

from tests.fleet.planted import PLANTED, plan_for
from tests.fleet.run import Plan, plan_of, simulate

EACH = 50
CAUGHT_BY = {
    "no_floor": 6,
    "forget_booked": 2,
    "keep_epoch": 2,
    "free_the_dead": 3,
    "redeem_unchecked": 1,
    "ack_before_durable": 2,
    "each_request_is_new": 1,
    "own_journal_unwritten": 1,
    "repeat_is_new": 1,
    "pool_lends_twice": 1,
    "pool_brings_spent_points_home": 1,
    "caps_not_counted": 1,
    "bound_too_small": 1,
}
"""Planted bugs, and in how many seeds each shows: the quick ones of `scripts/faults simulate --break all`."""


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.reset_defaults()


@pytest.mark.long
@pytest.mark.parametrize("first", range(0, 200, EACH))
def test_two_hundred_seeds_break_no_promise(first: int) -> None:
    found: dict[int, list[str]] = {}
    for seed in range(first, first + EACH):
        outcome = simulate(plan_of(seed, tills=1 + seed % 3, receipts=8.0))
        found |= {seed: outcome.wrong} if outcome.wrong else {}
    assert found == {}


def test_a_seed_replays_exactly_also_in_another_process() -> None:
    command = (
        "import logging, structlog\n"
        "structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))\n"
        "from tests.fleet.run import Plan, simulate\n"
        "print(simulate(Plan(seed=30)).digest)"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    told = subprocess.run(
        [sys.executable, "-c", command], capture_output=True, text=True, check=True, env=environment
    )
    assert simulate(Plan(seed=30)).digest == told.stdout.strip()


def test_other_seeds_go_otherwise() -> None:
    assert simulate(Plan(seed=30)).digest != simulate(Plan(seed=31)).digest


@pytest.mark.long
@pytest.mark.parametrize("name", CAUGHT_BY)
def test_a_planted_bug_shows(name: str) -> None:
    seeds = range(1, 2 * CAUGHT_BY[name] + 5)
    assert any(simulate(plan_for(name, seed), wiring=PLANTED[name]).wrong for seed in seeds)
