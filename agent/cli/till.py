"""`loyalty-agent`: the till's commands.

Libraries are imported by the command that needs them: `--help` and a start stay quick.
"""

import sys
from pathlib import Path

import click

from agent import __version__
from agent.cli.config import ask_daemon, config_option, load_config, refuse_bad_readers
from agent.cli.devices import devices
from agent.cli.ledger import backup, ledger, restore
from agent.cli.output import EXIT_CONFIGURATION, as_json, errors_told, fail, flat, print_json, print_table
from agent.cli.programme import programme
from agent.cli.pure import decode, evaluate, schema
from agent.cli.scenario import try_story
from agent.cli.watch import watch
from agent.config.till import TillConfig
from agent.errors import ConfigurationError, DocumentError


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="loyalty-agent")
def main() -> None:
    """Loyalty at the till: cards, points and discounts, right without a network."""


@main.command()
@config_option
def run(config_path: Path) -> None:
    """Run the daemon in the foreground (systemd starts it with this)."""
    from agent.daemon.lean import without_guests  # noqa: PLC0415

    with without_guests():
        from agent.clock import SystemClock  # noqa: PLC0415
        from agent.daemon.run import run as run_daemon  # noqa: PLC0415

    try:
        config = load_config(config_path)
    except DocumentError as error:
        fail(error, code=EXIT_CONFIGURATION)
    try:
        code = run_daemon(config, clock=SystemClock(), reread=lambda: load_config(config_path))
    except ConfigurationError as error:
        fail(error)
    sys.exit(code)


@main.command("check-config")
@config_option
@as_json
@errors_told
def check_config(config_path: Path, *, as_json: bool) -> None:
    """Check the configuration and print every effective value with its source."""
    from agent.clock import SystemClock  # noqa: PLC0415
    from agent.config.load import effective, load  # noqa: PLC0415
    from agent.daemon.codes import codes_of  # noqa: PLC0415
    from agent.daemon.pool import why_no_pool  # noqa: PLC0415

    config, sources = load(config_path, TillConfig)
    refuse_bad_readers(config)
    codes_of(config.codes, SystemClock())
    if wrong := why_no_pool(config.pool):
        raise ConfigurationError(wrong, remedy="correct [pool]: agent/pool/README.md")
    rows = effective(config, sources)
    if as_json:
        print_json([{"key": key, "value": value, "source": source} for key, value, source in rows])
    else:
        print_table("effective configuration", ("key", "value", "source"), rows)


@main.command()
@config_option
@as_json
@errors_told
def status(config_path: Path, *, as_json: bool) -> None:
    """Show how the running daemon stands."""
    answer = ask_daemon(config_path, "GET", "/status")
    if as_json:
        print_json(answer)
    else:
        print_table("status", ("what", "value"), list(flat(answer)))


@main.command()
@config_option
@as_json
def doctor(config_path: Path, *, as_json: bool) -> None:
    """Look for what is wrong, and say what cures it; exit 0 all well, 1 warnings, 2 failures."""
    from agent.doctor import examine, worst  # noqa: PLC0415

    findings = examine(config_path)
    if as_json:
        print_json([finding._asdict() for finding in findings])
    else:
        colours = {"OK": "green", "WARN": "yellow", "FAIL": "red"}
        for finding in findings:
            verdict = click.style(f"{finding.verdict:4}", fg=colours[finding.verdict], bold=True)
            click.echo(f"{verdict}  {finding.check}: {finding.detail}")
            if finding.cure:
                click.echo(f"      → {finding.cure}")
    sys.exit(worst(findings))


@main.command()
@click.argument("code")
@click.option("--url", default="", help="Head office's address; default: head_office.url.")
@config_option
@errors_told
def enrol(code: str, url: str, config_path: Path) -> None:
    """Enrol this till with the one-time CODE that head office gave."""
    from agent.daemon.enrolment import enrol_till  # noqa: PLC0415

    enrolled = enrol_till(load_config(config_path), code, url=url)
    click.echo(f"enrolled as till {enrolled.till} of store {enrolled.store}; restart the agent to use it")


@main.group()
def sync() -> None:
    """What travels between this till and head office."""


@sync.command("now")
@config_option
@errors_told
def sync_now(config_path: Path) -> None:
    """Push and pull now instead of at the next turn."""
    ask_daemon(config_path, "POST", "/sync")
    click.echo("asked the daemon to sync now")


@sync.command("status")
@config_option
@as_json
@errors_told
def sync_status(config_path: Path, *, as_json: bool) -> None:
    """Show how far head office is."""
    answer = ask_daemon(config_path, "GET", "/status").get("sync", {})
    if as_json:
        print_json(answer)
    else:
        print_table("sync", ("what", "value"), [(key, value) for key, value in answer.items()])


for command in (devices, ledger, backup, restore, evaluate, schema, decode, programme, watch):
    main.add_command(command)
programme.add_command(try_story)

if __name__ == "__main__":
    main()
