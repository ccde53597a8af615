"""The real parts that the replay's tests need: the year of receipts, and a tty pair."""

import os
from collections.abc import Callable
from pathlib import Path

from scripts.replay.receipts import data_folder
from tests.parts import MissingPart, part_or_skip


def real_receipts() -> Path:
    """Give the folder of the receipts, or skip."""

    def find() -> Path:
        try:
            return data_folder()
        except FileNotFoundError as why:
            raise MissingPart(str(why)) from None

    return part_or_skip("real_receipts", find)


def pty() -> None:
    """Skip where no pseudo-terminal is to be had."""

    def open_one() -> None:
        try:
            ends = os.openpty()
        except OSError as why:
            raise MissingPart(f"no pseudo-terminal: {why}") from None
        for end in ends:
            os.close(end)

    prepare: Callable[[], None] = open_one
    part_or_skip("pty", prepare)
