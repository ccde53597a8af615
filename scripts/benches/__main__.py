"""The command line of `scripts/bench`: figures by name, one JSON line each, or a table for people.

Exit 0 when every figure is within its goal, 1 when one is not, 77 when one cannot be taken here (the
reason stands on stderr; what could be measured is printed all the same).
"""

import argparse
import importlib
import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from scripts.benches.figures import CannotRun, Line, load

Measure = Callable[[Path], list[Line]]
NAMES = (
    "catch-up",
    "commit",
    "counter",
    "devices",
    "directory",
    "evaluate",
    "fanout",
    "freshness",
    "ledger-large",
    "quote",
    "replay",
    "start",
    "storm",
)
COLUMNS = ("name", "value", "unit", "limit_name", "limit_value", "ratio", "goal", "load", "ok")
FAILED, CANNOT = 1, 77


def measure_of(name: str) -> Measure:
    """Return a figure's function; only the modules asked for are loaded."""
    measure: Measure = importlib.import_module(f"scripts.benches.{name.replace('-', '_')}").measure
    return measure


def run(
    names: Sequence[str], place: str | None, *, find: Callable[[str], Measure], tell: Callable[[Line], None]
) -> int:
    """Take each figure in a folder of its own below `place`, tell its lines, return the exit status."""
    ok, skipped = True, False
    for name in names:
        with tempfile.TemporaryDirectory(prefix="loyalty-bench-", dir=place) as folder:
            try:
                lines = find(name)(Path(folder))
            except CannotRun as why:
                print(f"{name} cannot run here: {why}", file=sys.stderr)
                lines, skipped = why.lines, True
        for line in lines:
            line.setdefault("load", load())
            ok = ok and bool(line["ok"])
            tell(line)
    if not ok:
        return FAILED
    return CANNOT if skipped else 0


def table_of(lines: list[Line]) -> Table:
    """Return the figures as a table."""
    table = Table(title="Figures", title_justify="left")
    for column in COLUMNS:
        table.add_column(column.replace("_", " "))
    for line in lines:
        table.add_row(*("" if line[column] is None else str(line[column]) for column in COLUMNS))
    return table


def main() -> int:
    """Read the command line and run it."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*NAMES, []], metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--report", action="store_true", help="a table (all figures unless some are named)")
    parser.add_argument("--folder", help="the disk to measure on (default: where temporary files go)")
    arguments = parser.parse_args()
    names = arguments.names or (NAMES if arguments.report else ())
    if not names:
        parser.error(f"name at least one figure ({', '.join(NAMES)}), or ask for --report")
    lines: list[Line] = []

    def tell(line: Line) -> None:
        lines.append(line)
        if not arguments.report:
            print(json.dumps(line), flush=True)

    status = run(names, arguments.folder, find=measure_of, tell=tell)
    if arguments.report:
        Console(width=None if sys.stdout.isatty() else 150).print(table_of(lines))
    return status


if __name__ == "__main__":
    sys.exit(main())
