"""`loyalty-headoffice place`: what of members' points lies where before it is asked for, every night."""

import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agent.cli.office import config_option
from agent.cli.output import as_json, errors_told, print_json, print_table
from agent.config.headoffice import load_headoffice

if TYPE_CHECKING:
    from agent.config.headoffice import Placement
    from agent.headoffice.office import Office

POLL_S = 0.2
PATIENCE_S = 60.0
"""How long a server that carries nothing out is waited for."""


@click.command()
@click.option("--dry-run", is_flag=True, help="Say what would be placed and recalled, and change nothing.")
@as_json
@config_option
@errors_told
def place(config_path: Path, *, dry_run: bool, as_json: bool) -> None:
    """Place points at members' home stores as [placement] says; recall what lies elsewhere.

    The server sets them aside, so that they are in its journal first; where none runs, this does.
    """
    from agent.clock import SystemClock  # noqa: PLC0415
    from agent.errors import LedgerBusy  # noqa: PLC0415
    from agent.headoffice.office import Office  # noqa: PLC0415

    config = load_headoffice(config_path)
    try:
        office = Office(Path(config.paths.state), SystemClock(), serving=not dry_run)
        is_alone = True
    except LedgerBusy:
        office = Office(Path(config.paths.state), SystemClock())
        is_alone = False
    try:
        told = _plan(office, config.placement, dry_run=dry_run)
        if not dry_run:
            told["waiting"] = _carried_out(office, is_alone=is_alone)
    finally:
        office.close()
    _show(told, policy=config.placement.policy, dry_run=dry_run, as_json=as_json)


def _plan(office: "Office", config: "Placement", *, dry_run: bool) -> dict[str, Any]:
    """Plan slice after slice; return what comes to each store."""
    from agent.headoffice import placement  # noqa: PLC0415
    from agent.headoffice.store import placements, tills  # noqa: PLC0415

    if not dry_run:
        with office.store.writing():
            placements.clear(office.store)
    shop_of = {row["incarnation"]: row["store"] for row in tills.journals(office.store)}
    placed: Counter[str] = Counter()
    allowances: Counter[str] = Counter()
    recalled: Counter[str] = Counter()
    members = 0
    for planned in placement.plan(office, config):
        members += planned.members
        for one in planned.orders:
            placed[shop_of[one.incarnation]] += one.points
            allowances[shop_of[one.incarnation]] += 1
        for row in planned.recalls:
            recalled[row["store"]] += row["points"]
        if not dry_run:
            placement.order(office, planned, config)
        _progress(f"{members:,} members planned")
    stores = [
        {"store": one, "allowances": allowances[one], "points": placed[one], "recalled": recalled[one]}
        for one in sorted({*placed, *recalled})
    ]
    return {"members": members, "stores": stores, "books_behind": bool(tills.behind(office.store))}


def _carried_out(office: "Office", *, is_alone: bool) -> int:
    """See the orders carried out, by the server or by ourselves; return how many are left to a server."""
    from agent.headoffice import placement  # noqa: PLC0415
    from agent.headoffice.store import placements  # noqa: PLC0415

    left, patience_s = placements.count_waiting(office.store), PATIENCE_S
    while left and patience_s > 0:
        if is_alone:
            if not placement.carry_out(office):
                break
        else:
            time.sleep(POLL_S)
        before, left = left, placements.count_waiting(office.store)
        patience_s = PATIENCE_S if left < before else patience_s - POLL_S
        _progress(f"{left:,} orders left to set aside")
    return left


def _progress(says: str) -> None:
    """Say how far this is, in one line of a terminal; a service's log hears only the end."""
    if sys.stderr.isatty():
        click.echo(f"\r\x1b[K{says}", nl=False, err=True)


def _show(told: dict[str, Any], *, policy: str, dry_run: bool, as_json: bool) -> None:
    if as_json:
        print_json({"policy": policy, "dry_run": dry_run, **told})
        return
    _progress("")
    if told["books_behind"]:
        click.echo("these books lack allowances that a till was given: nothing is placed (see status)")
    columns = ("store", "allowances", "points", "recalled")
    print_table(
        "would be placed" if dry_run else "placed",
        columns,
        [[f"{one[name]:,}" if name != "store" else one[name] for name in columns] for one in told["stores"]],
    )
    click.echo(f"{told['members']:,} members with a home or with stock, policy {policy}")
    if told.get("waiting"):
        click.echo(f"{told['waiting']:,} orders still wait: the server goes on with them")
