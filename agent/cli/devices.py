"""Commands on readers: which there are, what they do, which is which, and a recording for support."""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from queue import Empty, SimpleQueue
from random import SystemRandom
from typing import Any

import click

from agent.cli.config import ask_daemon, config_option, load_config
from agent.cli.output import EXIT_WRONG, as_json, errors_told, print_json, print_table
from agent.errors import ConfigurationError

wait_option = click.option("--wait", "wait_s", type=float, default=20.0, show_default=True, help="Seconds.")


@click.group()
def devices() -> None:
    """The readers of this till."""


@devices.command("list")
@config_option
@as_json
@errors_told
def list_(config_path: Path, *, as_json: bool) -> None:
    """List the configured readers, their states and what they have read."""
    rows = ask_daemon(config_path, "GET", "/status").get("devices", [])
    if as_json:
        print_json(rows)
    else:
        columns = ("device", "state", "detail", "reads", "refused", "dropped", "lost")
        print_table("readers", columns, [[row[column] for column in columns] for row in rows])


@devices.command()
@config_option
@errors_told
def watch(config_path: Path) -> None:
    """Show reads and states as they happen, numbers masked, until Ctrl-C; the daemon must run."""
    from agent.daemon.ask import follow  # noqa: PLC0415

    for kind, told in follow(Path(load_config(config_path).paths.run) / "pos.sock"):
        if "device" in told:
            click.echo(
                " ".join([kind, *(f"{key}={value}" for key, value in told.items() if _is_short(value))])
            )


@devices.command()
@click.option(
    "--wait", "wait_s", type=float, default=0.0, help="Wait so many seconds for a scan, and name it."
)
@as_json
@errors_told
def identify(wait_s: float, *, as_json: bool) -> None:
    """Show what is plugged in, with its [[device]] table and udev rule; with --wait, scan to tell which."""
    from drivers.discover import find_readers, wait_for_scan  # noqa: PLC0415

    found = find_readers()
    if wait_s:
        click.echo("scan something now", err=True)
        heard = wait_for_scan(found, wait_s)
        found = [heard] if heard else []
    if as_json:
        rows = [
            {
                "driver": one.driver,
                "port": one.port,
                "name": one.name,
                "stanza": one.stanza,
                "rule": one.udev_rule,
            }
            for one in found
        ]
        print_json(rows)
    else:
        for one in found:
            click.echo(f"# {one.name or one.port} ({one.vendor}:{one.product})".replace(" (:)", ""))
            click.echo(one.stanza)
            if one.udev_rule:
                click.echo(f"# /etc/udev/rules.d/71-till.rules\n{one.udev_rule}\n")
    sys.exit(0 if found else EXIT_WRONG)


@devices.command()
@click.argument("name")
@click.argument("tape", type=click.Path(dir_okay=False, path_type=Path))
@wait_option
@config_option
@errors_told
def record(name: str, tape: Path, wait_s: float, config_path: Path) -> None:
    """Record what reader NAME sends into a TAPE, its numbers replaced; stop the agent first.

    Payment cards are not recorded.  `loyalty-agent decode TAPE` plays it, here or anywhere.
    """
    from drivers.recorder import Recorder  # noqa: PLC0415

    settings = _settings_of(config_path, name)
    if settings.driver == "card_reader":
        raise ConfigurationError("a card reader sends nothing by itself", remedy="devices test, or watch")
    with tape.open("a", encoding="utf-8") as file:
        recorder = Recorder(settings, chance=SystemRandom(), write=lambda line: _write(file, line))
        _run_alone(settings, wait_s, recorder.on_event, tap=recorder.tap)
        recorder.flush()
    click.echo(f"payment cards left out: {recorder.withheld}; not replaceable: {recorder.lost}", err=True)


@devices.command()
@click.argument("name")
@wait_option
@config_option
@errors_told
def test(name: str, wait_s: float, config_path: Path) -> None:
    """Try reader NAME: is it there, and does a scan arrive?  Exit 0 if it does; stop the agent first."""
    from drivers.event import CardRead, DeviceStatus, Event, ReadRefused  # noqa: PLC0415

    outcome: list[str] = []

    def tell(event: Event) -> bool:
        match event:
            case DeviceStatus():
                click.echo(f"{event.state}: {event.detail}")
                return event.state in {"closed", "opened"}
            case CardRead():
                click.echo(f"read a {event.kind}, {len(event.value)} characters")
                outcome.append("read")
            case ReadRefused():
                click.echo(f"refused: {event.reason}")
                outcome.append(event.reason)
        return True

    click.echo("scan something now", err=True)
    _run_alone(_settings_of(config_path, name), wait_s, tell)
    sys.exit(0 if "read" in outcome else EXIT_WRONG)


def _settings_of(config_path: Path, name: str) -> Any:
    from agent.clock import SystemClock  # noqa: PLC0415
    from agent.daemon.codes import codes_of  # noqa: PLC0415
    from agent.daemon.readers import device_settings  # noqa: PLC0415

    config = load_config(config_path)
    codes = codes_of(config.codes, SystemClock())
    for one in device_settings(config.device, config.numbers, codes):
        if one.name == name:
            return one
    known = ", ".join(one.name for one in config.device) or "none"
    raise ConfigurationError(f"there is no reader {name!r}", remedy=f"configured: {known}")


def _run_alone(settings: Any, wait_s: float, tell: Callable[[Any], object], *, tap: Any = None) -> None:
    """Read one reader without the daemon, until `tell` says that it is enough, the time is over or Ctrl-C."""
    from drivers.registry import DriverUnavailableError, open_reader  # noqa: PLC0415
    from drivers.threads import ReaderThreads  # noqa: PLC0415

    try:
        reader = open_reader(settings, tap=tap)
    except DriverUnavailableError as why:
        raise ConfigurationError(str(why)) from None
    arrived: SimpleQueue[Any] = SimpleQueue()

    def emit(event: Any) -> None:
        if tap:  # a recorder listens in the reading thread, between two taps
            tell(event)
        else:
            arrived.put(event)

    threads = ReaderThreads([reader], emit, time.monotonic_ns)
    threads.start()
    until = time.monotonic() + wait_s
    try:
        while (left := until - time.monotonic()) > 0 and not tell(arrived.get(timeout=left)):
            pass
    except (Empty, KeyboardInterrupt):
        pass
    finally:
        threads.stop()


def _write(file: Any, line: str) -> None:
    file.write(f"{line}\n")
    file.flush()


def _is_short(value: object) -> bool:
    return isinstance(value, str | int) and value != ""
