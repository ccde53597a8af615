"""`loyalty-headoffice`: head office's commands.

They open the same folder as the running server; each change is one short transaction.  Libraries are
imported by the command that needs them, so `--help` stays quick.
"""

import sys
from pathlib import Path

import click

from agent import __version__
from agent.cli.headoffice_admin import member, till
from agent.cli.headoffice_lost import till_wiped, till_write_off
from agent.cli.headoffice_moves import period
from agent.cli.headoffice_place import place
from agent.cli.office import config_option, counted, opened
from agent.cli.office_programme import programme
from agent.cli.output import (
    EXIT_CONFIGURATION,
    EXIT_WRONG,
    as_json,
    errors_told,
    fail,
    print_json,
    print_table,
)
from agent.config.headoffice import load_headoffice
from agent.errors import DocumentError, LoyaltyError


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="loyalty-headoffice")
def main() -> None:
    """Head office: every till's journal, the books made from it, and what goes out."""


@main.command()
@config_option
@errors_told
def init(config_path: Path) -> None:
    """Make the state folder with its books and keys; `serve` does it too."""
    with opened(config_path) as office:
        click.echo(f"head office is ready in {office.state}")


@main.command()
@click.option("--log-level", type=click.Choice(["debug", "info", "warning", "error"]), default="info")
@config_option
def serve(config_path: Path, log_level: str) -> None:
    """Serve tills in the foreground (systemd starts it with this)."""
    from agent.clock import SystemClock  # noqa: PLC0415
    from agent.daemon.logs import configure  # noqa: PLC0415
    from agent.headoffice.serve import run  # noqa: PLC0415

    try:
        config = load_headoffice(config_path)
    except DocumentError as error:
        fail(error, code=EXIT_CONFIGURATION)
    configure(log_level, SystemClock())
    try:
        sys.exit(run(config, clock=SystemClock()))
    except LoyaltyError as error:
        fail(error)


@main.command()
@click.option(
    "--to", required=True, type=click.Path(file_okay=False, path_type=Path), help="The folder to write to."
)
@click.option("--after", default="", help="A cursor, or a file that holds one and gets the next.")
@click.option(
    "--format", "form", type=click.Choice(["ndjson", "csv", "parquet"]), default="ndjson", show_default=True
)
@as_json
@config_option
@errors_told
def pull(config_path: Path, *, to: Path, after: str, form: str, as_json: bool) -> None:
    """Write everything booked behind a cursor as files, and the cursor to go on from."""
    from agent.headoffice.pull import pull as pull_all  # noqa: PLC0415

    with opened(config_path) as office:
        pulled = pull_all(office, to, after=after, form=form)
    if as_json:
        print_json(pulled._asdict())
        return
    for table, rows in pulled.rows.items():
        click.echo(f"{rows:>10,} {table}")
    click.echo(f"up to {pulled.cursor} in {to}" if pulled.folders else f"nothing new behind {pulled.cursor}")


@main.command()
@as_json
@config_option
@errors_told
def verify(config_path: Path, *, as_json: bool) -> None:
    """Make the books again from the received journals and compare; exit 1 if anything disagrees."""
    from agent.headoffice.reexecute import Judge  # noqa: PLC0415
    from agent.headoffice.verify import verify as verify_all  # noqa: PLC0415

    with opened(config_path) as office:
        found = verify_all(office, Judge)
    if as_json:
        print_json({"ok": found.is_sound, **found._asdict()})
    else:
        click.echo(f"{found.journals} journals, {found.entries:,} entries")
        click.echo(f"{found.differences} receipts evaluated otherwise here, {found.parked} entries parked")
        click.echo(f"{found.facts_stale} receipts with facts older than ours")
        for mistake in found.mistakes:
            click.echo(f"{click.style('wrong', fg='red', bold=True)}: {mistake}")
        click.echo("everything agrees" if found.is_sound else "something disagrees")
    sys.exit(0 if found.is_sound else EXIT_WRONG)


@main.command()
@click.option("--plan", type=click.IntRange(0, 100), help="Hold the best and worst against so many percent.")
@as_json
@config_option
@errors_told
def report(config_path: Path, *, plan: int | None, as_json: bool) -> None:
    """Show who was identified, what members buy, and what points were issued, spent and are owed."""
    from agent.cli.report import show_report  # noqa: PLC0415
    from agent.headoffice.report import report as make_report  # noqa: PLC0415

    with opened(config_path) as office:
        made = make_report(office)
    if as_json:
        print_json(made)
    else:
        show_report(made, plan=plan)


@main.command()
@as_json
@config_option
@errors_told
def status(config_path: Path, *, as_json: bool) -> None:
    """Show every till: how far it is received and booked, and when it was last heard of."""
    from agent.headoffice.report import status as make_status  # noqa: PLC0415

    with opened(config_path) as office:
        made = make_status(office)
    if as_json:
        print_json(made)
        return
    columns = ("store", "till", "epoch", "state", "booked", "head", "silent_s", "version")
    print_table(
        "tills", columns, [["" if row[one] is None else row[one] for one in columns] for row in made["tills"]]
    )
    click.echo(
        f"{made['members']:,} members, {made['entries']:,} entries,"
        f" differences: {counted(made['differences'])}"
    )
    for row in made["erasures"]["tills"]:
        click.echo(
            f"till {row['till']} has not heard of {row['unheard']} erasures and keeps"
            f" {row['in_directory']} in its directory, the oldest for {row['oldest_days']} days"
        )
    if due := made["erasures"]["directory_due"]:
        click.echo(f"erased members stand in the directory: make a new one by {due} (member directory)")
    for row in made["tills"]:
        if row["books_behind"]:
            click.echo(
                f"till {row['till']} had allowances that these books do not know: no points are set aside"
                f" until the folder own is brought back, or `till reconcile {row['till']}`"
            )


for group in (programme, member, till, period, place):
    main.add_command(group)
for command in (till_write_off, till_wiped):
    till.add_command(command)

if __name__ == "__main__":
    main()
