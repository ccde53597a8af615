"""The command line of `scripts/faults`: names, how often, a seed; the last line is one JSON object."""

import argparse
import inspect
import json
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

from scripts.faulting import (
    bit_flips,
    crash_states,
    devices,
    disk_full,
    fuzz,
    fuzz_decoders,
    honoured,
    io_errors,
    kill,
    models,
    mutation,
    pos_api,
    power_cut,
    recovery,
    rollback,
    simulate,
    slow_clients,
    sync,
    year,
)
from scripts.honouring.cases import POLICIES
from scripts.replay import kill as kill_tills


class Fault(NamedTuple):
    """One kind of fault: what runs it, how often unless told otherwise, and how often for a quick look."""

    run: Callable[..., dict[str, Any]]
    full: int = 0
    short: int = 0


FAULTS = {
    "bit-flips": Fault(bit_flips.run, 5000, 500),
    "crash-states": Fault(crash_states.run, 100_000, 3000),
    "devices": Fault(devices.run),
    "disk-full": Fault(disk_full.run, 40, 5),
    "fuzz-decoders": Fault(fuzz_decoders.run, 1_000_000, 10_000),
    "fuzz-evaluate": Fault(fuzz.run),
    "honoured": Fault(honoured.run),
    "io-errors": Fault(io_errors.run, 300, 20),
    "kill": Fault(kill_tills.run, 60, 10),
    "kill-ledger": Fault(kill.run, 2000, 20),
    "models": Fault(models.run),
    "mutation": Fault(mutation.run),
    "pos-api": Fault(pos_api.run, 200, 10),
    "power-cut": Fault(power_cut.run, 500, 20),
    "recovery": Fault(recovery.run, 300, 11),
    "rollback": Fault(rollback.run, 200, 12),
    "simulate": Fault(simulate.run, 200, 10),
    "slow-clients": Fault(slow_clients.run, 400, 80),
    "sync": Fault(sync.run, 5000, 150),
    "year": Fault(year.run),
}


def main() -> int:
    """Run each named fault; return 0 if all are ok, 1 if one is not, 77 if one cannot run here."""
    parser = argparse.ArgumentParser(prog="scripts/faults", description=__doc__)
    parser.add_argument("names", nargs="+", choices=sorted(FAULTS), metavar="NAME", help=", ".join(FAULTS))
    parser.add_argument("--count", "--kills", "--seeds", type=int, help="kills, cuts, states, flips, …")
    parser.add_argument("--short", action="store_true", help="a quick look")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--examples", type=int, default=20_000, help="how many questions fuzz-evaluate asks")
    parser.add_argument("--receipts", default="all", help="how many receipts of the year, or all")
    parser.add_argument("--policy", nargs="+", choices=sorted(POLICIES), help="which policies honoured tries")
    parser.add_argument(
        "--tills", type=int, default=0, help="simulate: tills a run; 0: one to three by turns"
    )
    parser.add_argument("--days", type=int, default=0, help="simulate: days a run")
    parser.add_argument("--till-years", type=float, default=0.0, help="simulate: so much in weekly runs")
    parser.add_argument("--resume", default="", help="simulate: a file that keeps how far it is")
    parser.add_argument("--break", dest="broken", default="", help="simulate: a planted bug by name, or all")
    parser.add_argument("--events", action="store_true", help="simulate: print each event")
    arguments = parser.parse_args()
    status = 0
    for name in arguments.names:
        fault = FAULTS[name]
        count = arguments.count or (fault.short if arguments.short else fault.full)
        line = fault.run(**_wanted(fault.run, {**vars(arguments), "count": count}))
        print(json.dumps(line), flush=True)
        if line["skipped"] and not line["attempts"]:
            status = status or 77
        elif not line["ok"]:
            status = 1
    return status


def _wanted(fault: Callable[..., dict[str, Any]], arguments: dict[str, Any]) -> dict[str, Any]:
    """Return those of the options that a fault has."""
    return {name: arguments[name] for name in inspect.signature(fault).parameters}


if __name__ == "__main__":
    sys.exit(main())
