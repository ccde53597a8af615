"""Planted bugs, each found by the program that must find it: a lab that finds none proves nothing."""

from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.faulting import crash_states, disk_full, io_errors
from scripts.faulting.bit_flips import flips, trusting
from tests.faultlab.contract import Target
from tests.faultlab.kill_loop import kill_loop
from tests.faultlab.mutants import MUTANTS
from tests.faultlab.power_cut import power_cuts
from tests.faultlab.real_parts import on_a_real_disk
from tests.faultlab.rollback import FORMS, rollbacks

LIFE, MIGRATION = crash_states.LIFE, crash_states.MIGRATION
SEED = 1
SEEDS = {"no-sync-growing": 4}
"""It shows only where a kill left more than one sale in the log: the search begins at such a seed."""


def in_crash_states(bug: str) -> bool:
    module = MIGRATION if bug == "stamp-first" else LIFE
    return crash_states.bug_is_found(module, bug, SEEDS.get(bug, SEED))


def in_io_errors(bug: str) -> bool:
    return io_errors.bug_is_found(bug, SEED)


def in_disk_full(_: str) -> bool:
    return on_a_real_disk("small_disk", lambda: disk_full.bug_is_found(SEED))


def in_kills(bug: str) -> bool:
    target = Target(LIFE, {"bug": bug})
    return any(kill_loop(target, kills=5, seed=seed, life_s=0.2, fresh_share=0).lost for seed in range(1, 5))


FINDERS: dict[str, Callable[[str], bool]] = {
    "normal-sync": in_crash_states,
    "no-sync": in_crash_states,
    "no-sync-growing": in_crash_states,
    "two-transactions": in_crash_states,
    "repeat-is-new": in_crash_states,
    "witness-ahead": in_crash_states,
    "in-place": in_crash_states,
    "stamp-first": in_crash_states,
    "tidy-log": in_crash_states,
    "late-commit": in_kills,
    "go-on": in_io_errors,
    "auto-checkpoint": in_io_errors,
    "careless-flush": in_io_errors,
    "shrug-at-full": in_disk_full,
}


@pytest.mark.long
@pytest.mark.parametrize("bug", FINDERS)
def test_a_planted_bug_is_found(bug: str) -> None:
    assert FINDERS[bug](bug)


def test_every_planted_bug_has_its_finder() -> None:
    assert set(FINDERS) == set(MUTANTS) - {""}


def test_a_verify_that_trusts_sqlite_alone_is_found() -> None:
    outcome = flips(300, SEED, trusting, lambda one: one.undetected > 0)
    assert outcome.undetected > 0


def test_without_witnesses_an_exchanged_ledger_goes_unnoticed(tmp_path: Path) -> None:
    outcome = rollbacks(tmp_path, count=len(FORMS), seed=SEED, bugs=True)
    assert len(outcome.undetected) == len(FORMS)


@pytest.mark.long
def test_a_real_power_cut_finds_synchronous_normal() -> None:
    target = Target(LIFE, {"bug": "normal-sync", "plan": "rare"})

    def lost() -> bool:
        # Whether a cut hits between a commit and the kernel's own flush is a matter of luck.
        return any(power_cuts(target, "ext4", cuts=4, seed=SEED + turn).lost for turn in range(5))

    assert on_a_real_disk("loop_ext4", lost)
