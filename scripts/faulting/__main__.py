"""The command line of `scripts/faults`: names, a seed, how many kills; the last line is one JSON object."""

import argparse
import json
import sys
from collections.abc import Callable
from typing import Any

from scripts.faulting import devices, fuzz_decoders
from scripts.faulting import kill as kill_ledger
from scripts.replay import kill as kill_tills

FAULTS: dict[str, Callable[..., dict[str, Any]]] = {
    "kill": kill_tills.run,
    "kill-ledger": kill_ledger.run,
    "fuzz-decoders": fuzz_decoders.run,
    "devices": devices.run,
}


def main() -> int:
    """Run each named fault; return 0 if all are ok, 1 if one is not, 77 if one could not run wholly here."""
    parser = argparse.ArgumentParser(prog="scripts/faults", description=__doc__)
    parser.add_argument("names", nargs="+", choices=sorted(FAULTS), metavar="NAME")
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--inputs", type=int, default=1_000_000, help="for each decoder of fuzz-decoders")
    arguments = parser.parse_args()
    options = {"kills": arguments.kills, "seed": arguments.seed}
    more = {"fuzz-decoders": {"inputs": arguments.inputs}}
    lines = [FAULTS[name](**options, **more.get(name, {})) for name in arguments.names]
    for line in lines:
        print(json.dumps(line))
    if not all(line["ok"] for line in lines):
        return 1
    return 77 if any(line["skipped"] for line in lines) else 0


if __name__ == "__main__":
    sys.exit(main())
