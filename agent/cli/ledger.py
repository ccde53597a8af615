"""Commands on the ledger: look, check, copy, bring back.  Only the daemon writes it while it runs."""

import json
import sys
from pathlib import Path

import click

from agent.cli.output import EXIT_WRONG, as_json, errors_told, print_json, print_table
from agent.clock import SystemClock, random_id

state_option = click.option(
    "--state",
    type=click.Path(path_type=Path, file_okay=False),
    default="/var/lib/loyalty-agent",
    show_default=True,
    help="The state folder (paths.state).",
)


@click.group()
def ledger() -> None:
    """The ledger of this till."""


@ledger.command()
@state_option
@as_json
@errors_told
def verify(state: Path, *, as_json: bool) -> None:
    """Check the chain, every row and every derived balance; name the first bad row and what to do."""
    from agent.ledger.verify import verify as verify_ledger  # noqa: PLC0415

    report = verify_ledger(state)
    if as_json:
        print_json(report.as_json())
    else:
        click.echo(report.as_text())
    sys.exit(0 if report.ok else EXIT_WRONG)


@ledger.command()
@state_option
@click.option("--member", default="", help="One member; default: totals of all.")
@as_json
@errors_told
def balance(state: Path, member: str, *, as_json: bool) -> None:
    """Show balances as this till knows them."""
    from agent.ledger.tools import balances  # noqa: PLC0415

    rows = balances(state, member or None)
    if as_json:
        print_json([row._asdict() for row in rows])
    else:
        print_table("balances", ("member", "wallet", "points", "lots"), rows)


@ledger.command()
@state_option
@click.option("--after", default=0, show_default=True, help="Only entries above this number.")
@errors_told
def export(state: Path, after: int) -> None:
    """Write the journal as JSON lines to standard output."""
    from agent.ledger.tools import export_lines  # noqa: PLC0415

    for line in export_lines(state, after):
        click.echo(json.dumps(line, ensure_ascii=False, default=str))


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@state_option
@errors_told
def backup(path: Path, state: Path) -> None:
    """Copy the ledger to PATH while it is in use, and verify the copy."""
    from agent.ledger.backup import backup as make_backup  # noqa: PLC0415

    report = make_backup(state, path)
    click.echo(f"backup {path}: {report.as_text()}")


@click.command()
@click.argument("path", type=click.Path(path_type=Path, exists=True))
@state_option
@errors_told
def restore(path: Path, state: Path) -> None:
    """Bring a backup at PATH back; the daemon must be stopped, and a new incarnation begins."""
    from agent.ledger.backup import restore as bring_back  # noqa: PLC0415

    incarnation = bring_back(state, path, clock=SystemClock(), new_id=random_id)
    click.echo(
        f"restored; this till now writes as incarnation {incarnation} and spends again once enrolled anew"
    )


for command in (backup, restore):
    ledger.add_command(command)
