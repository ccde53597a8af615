"""Real parts that a test needs and not every machine has: a pseudo-terminal, systemd, the year of receipts.

A part that cannot run skips visibly with its reason. Where `LOYALTY_REQUIRE_PARTS` names it (`.ci/run` does),
the skip is a failure. What became of each part stands in the summary at the end of a run.
"""

import importlib.util
import os
from collections.abc import Callable
from typing import TypeVar

import pytest

T = TypeVar("T")

#: What became of each part asked for so far: "ran", or why it could not.
OUTCOMES: dict[str, str] = {}


class MissingPart(Exception):  # noqa: N818 - it reports a fact of the machine, not an error
    """This machine cannot provide the part; the message says why."""


def need_library(module: str, distribution: str) -> None:
    """Make sure that a reader's library, which is compiled where it is installed, is here.

    Raises:
        MissingPart: it is not.
    """
    if importlib.util.find_spec(module) is None:
        raise MissingPart(f"{distribution} is not installed: scripts/test had no compiler or headers for it")


def part_or_skip(name: str, prepare: Callable[[], T]) -> T:
    """Give what `prepare` makes; on MissingPart skip the test, or fail it where the part is required."""
    try:
        part = prepare()
    except MissingPart as why:
        OUTCOMES[name] = str(why)
        if name in os.environ.get("LOYALTY_REQUIRE_PARTS", "").split(","):
            pytest.fail(f"{name} is required here: {why}")
        pytest.skip(f"{name}: {why}")
    OUTCOMES.setdefault(name, "ran")
    return part
