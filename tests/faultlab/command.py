"""What all command lines of the lab share: the target, the seed, and the exit status."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from tests.faultlab.contract import Target, UnsupportedError

SKIPPED = 77  # the exit status that automake and meson read as "skipped"


def add_target(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that name the program under test."""
    parser.add_argument("--target", default="tests.ledger_target", help="module with workload() and verify()")
    parser.add_argument(
        "--option", action="append", default=[], metavar="NAME=VALUE", help="passed to workload()"
    )
    parser.add_argument("--seed", type=int, default=1)


def add_teeth(parser: argparse.ArgumentParser) -> None:
    """Add the switch for a run whose target carries a planted bug."""
    parser.add_argument("--teeth", action="store_true", help="succeed only if faults are found")


def target_of(arguments: argparse.Namespace) -> Target:
    """Build the target named on the command line."""
    return Target(arguments.target, dict(pair.split("=", 1) for pair in arguments.option))


def target_arguments(target: Target) -> list[str]:
    """Spell a target as arguments for a child process."""
    return [
        "--target",
        target.module,
        *(f"--option={name}={value}" for name, value in target.options.items()),
    ]


def finish(check: Callable[[], bool], *, teeth: bool = False) -> None:
    """Run a check and leave: 0 as hoped, 1 otherwise, 77 and a line where the machine refuses."""
    try:
        clean = check()
    except UnsupportedError as reason:
        print(f"SKIPPED: {reason}")  # noqa: T201
        sys.exit(SKIPPED)
    if teeth:
        print("teeth: " + ("the planted bug was NOT found" if clean else "the planted bug was found"))  # noqa: T201
    sys.exit(0 if clean != teeth else 1)
