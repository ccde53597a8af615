"""Readers: what decoding a scan costs, how long it takes from the device, and what idling costs."""

from __future__ import annotations

from pathlib import Path

from scripts.benches.devices_decode import decode_lines
from scripts.benches.devices_end_to_end import end_to_end_lines
from scripts.benches.figures import CannotRun, Line


def measure(folder: Path) -> list[Line]:
    """Return bench lines of the decoders and of whole readers.

    Raises:
        CannotRun: there can be no guest or no pcscd here; the other lines are in it.
    """
    lines = decode_lines()
    try:
        return lines + end_to_end_lines(folder)
    except CannotRun as why:
        raise CannotRun(str(why), lines + why.lines) from None
