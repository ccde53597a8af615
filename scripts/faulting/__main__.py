"""The command line of `scripts/faults`: names, a seed, how many kills; the last line is one JSON object."""

import argparse
import inspect
import json
import sys
from collections.abc import Callable
from typing import Any

from scripts.faulting import devices, fuzz, fuzz_decoders, mutation, year
from scripts.faulting import kill as kill_ledger
from scripts.replay import kill as kill_tills

FAULTS: dict[str, Callable[..., dict[str, Any]]] = {
    "kill": kill_tills.run,
    "kill-ledger": kill_ledger.run,
    "fuzz-decoders": fuzz_decoders.run,
    "year": year.run,
    "fuzz-evaluate": fuzz.run,
    "mutation": mutation.run,
    "devices": devices.run,
}


def main() -> int:
    """Run each named fault; return 0 if all are ok, 1 if one is not, 77 if one could not run wholly here."""
    parser = argparse.ArgumentParser(prog="scripts/faults", description=__doc__)
    parser.add_argument("names", nargs="+", choices=sorted(FAULTS), metavar="NAME")
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--inputs", dest="count", type=int, default=1_000_000, help="for each decoder of fuzz-decoders"
    )
    parser.add_argument("--examples", type=int, default=20_000, help="how many questions fuzz-evaluate asks")
    parser.add_argument("--receipts", default="all", help="how many receipts of the year, or all")
    arguments = vars(parser.parse_args())
    lines = [FAULTS[name](**_wanted(FAULTS[name], arguments)) for name in arguments["names"]]
    for line in lines:
        print(json.dumps(line))
    if not all(line["ok"] for line in lines):
        return 1
    return 77 if any(line["skipped"] for line in lines) else 0


def _wanted(fault: Callable[..., dict[str, Any]], arguments: dict[str, Any]) -> dict[str, Any]:
    """Return those of the options that a fault has."""
    return {name: arguments[name] for name in inspect.signature(fault).parameters}


if __name__ == "__main__":
    sys.exit(main())
