"""How a target is spelt for the child process that runs it."""

import argparse

from tests.faultlab.contract import Target


def add_target(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that name the program under test."""
    parser.add_argument("--target", required=True, help="module with workload() and verify()")
    parser.add_argument(
        "--option", action="append", default=[], metavar="NAME=VALUE", help="passed to workload()"
    )
    parser.add_argument("--seed", type=int, default=1)


def target_of(arguments: argparse.Namespace) -> Target:
    """Build the target named on the command line."""
    return Target(arguments.target, dict(pair.split("=", 1) for pair in arguments.option))


def target_arguments(target: Target) -> list[str]:
    """Spell a target as arguments for a child process."""
    options = [f"--option={name}={value}" for name, value in target.options.items()]
    return ["--target", target.module, *options]
