"""Readers: what decoding a scan costs (`scripts/bench devices`)."""

from __future__ import annotations

from pathlib import Path

from scripts.benches.devices_decode import decode_lines
from scripts.benches.figures import Line


def measure(_: Path) -> list[Line]:
    """Return bench lines of the decoders."""
    return decode_lines()
