"""Parts of this machine that the lab needs: root, loop devices, file systems."""

from collections.abc import Callable
from typing import TypeVar

from tests.faultlab.contract import UnsupportedError
from tests.parts import MissingPart, part_or_skip

T = TypeVar("T")


def on_a_real_disk(part: str, run: Callable[[], T]) -> T:
    """Return what `run` finds; where this machine refuses, skip the test with the reason."""

    def prepare() -> T:
        try:
            return run()
        except UnsupportedError as reason:
            raise MissingPart(str(reason)) from reason

    return part_or_skip(part, prepare)
