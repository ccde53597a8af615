"""scripts/demo: real receipts all the way, and both ends compared; the last line is one JSON object."""

import json
import shutil
import sys
import tempfile
import time
from pathlib import Path
from random import Random

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from scripts.replay.clock import ReceiptClock
from scripts.replay.compare import Outcome, compare
from scripts.replay.fleet import Fleet
from scripts.replay.receipts import Sale, data_folder, households, sales
from scripts.replay.seeded import choices
from scripts.replay.station import Station
from scripts.replay.summary import show

console = Console(stderr=False, width=None if sys.stdout.isatty() else 110)
CANNOT_RUN = 77
CUTS = 4
"""How often the line to head office is cut during a run, each time for a twelfth of the receipts."""


@click.command()
@click.option("--receipts", default="2000", show_default=True, help="How many receipts, or all of the year.")
@click.option("--tills", default=4, show_default=True, type=click.IntRange(1, 32))
@click.option("--seed", default=1, show_default=True)
@click.option("--keep", is_flag=True, help="Keep configuration, state and logs, and say where.")
def main(receipts: str, tills: int, seed: int, *, keep: bool) -> None:
    """Replay real shop receipts through real tills and a real head office."""
    if receipts != "all" and not (receipts.isdecimal() and int(receipts)):
        raise click.BadParameter("a number from 1, or all", param_hint="--receipts")
    limit = None if receipts == "all" else int(receipts)
    try:
        data_folder()
    except FileNotFoundError as missing:
        say(f"cannot run here: {missing}")
        sys.exit(CANNOT_RUN)
    work = Path(tempfile.mkdtemp(prefix="loyalty-demo-"))
    started = time.monotonic()
    say(f"[bold]loyalty-agent demo[/bold]: {receipts} receipts, {tills} tills, seed {seed}")
    say("Real: the receipts, serial lines, processes, sockets, TLS, disks.")
    say("Made from the seed: cards, cashiers, anonymous receipts, codes, voids, returns, cuts of the line.")
    fleet: Fleet | None = None
    try:
        fleet = Fleet(work, ReceiptClock(work / "clock"), tills=tills)
        outcome = replay(fleet, limit, seed)
    except Exception as failure:
        say(f"[red]failed[/red]: {failure}; logs are in {work}")
        raise
    finally:
        if fleet is not None:
            fleet.stop()
    outcome.figures["seconds"] = round(time.monotonic() - started, 1)
    show(console, outcome)
    if keep or not outcome.ok:
        say(f"kept in {work}")
    else:
        shutil.rmtree(work)
    sys.stdout.write(json.dumps(outcome.figures) + "\n")
    sys.exit(0 if outcome.ok else 1)


def replay(fleet: Fleet, limit: int | None, seed: int) -> Outcome:
    """Sell everything, cut and heal the line meanwhile, wait until all is in, and compare."""
    say("choosing households …")
    chosen = households(limit)
    all_sales = sales(chosen, limit)
    first = next(all_sales)
    fleet.clock.follow(first.sold_at)
    say(f"starting head office and {len(fleet.tills)} tills, {len(chosen)} members …")
    stations = fleet.start(chosen)
    total = limit or 155_848
    cuts = plan_of_cuts(total, seed)
    began = time.monotonic()
    with progress() as bar:
        task = bar.add_task("receipts", total=total)
        serve(stations, first, seed)
        for count, sale in enumerate(all_sales, start=2):
            if count in cuts:
                fleet.line.cut() if cuts[count] else fleet.line.heal()
            serve(stations, sale, seed)
            bar.update(task, completed=count)
            if not sys.stdout.isatty() and count % 500 == 0:
                say(f"  {count} of {total} receipts")
    fleet.line.heal()
    done = {station.name: station.finish() for station in stations}
    sold_s = time.monotonic() - began
    say("waiting until head office has everything …")
    lag = time.monotonic()
    fleet.settle()
    lag_s = time.monotonic() - lag
    return compare(fleet, done, sold_s=sold_s, lag_s=lag_s)


def serve(stations: list[Station], sale: Sale, seed: int) -> None:
    """Send a customer to one of our tills, always the same for one store of the data."""
    stations[sale.store % len(stations)].serve(sale, choices(seed, sale.basket_id))


def plan_of_cuts(total: int, seed: int) -> dict[int, bool]:
    """Return at which receipts the line is cut (True) and healed (False)."""
    chance = Random(seed)
    plan: dict[int, bool] = {}
    slot = total // (CUTS + 1)
    for number in range(1, CUTS + 1):
        start = number * slot + chance.randrange(max(1, slot // 3))
        plan[start] = True
        plan[start + max(1, total // 12)] = False
    return plan


def progress() -> Progress:
    """Return a progress bar that is quiet where no terminal is."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=not sys.stdout.isatty(),
    )


def say(text: str) -> None:
    """Tell how far we are."""
    console.print(text, highlight=False)


if __name__ == "__main__":
    main()
