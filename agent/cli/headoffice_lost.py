"""Commands by which two people give up a till that was lost or wiped."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agent.cli.headoffice_admin import points_told
from agent.cli.office import config_option, opened
from agent.cli.output import as_json, errors_told, print_json

if TYPE_CHECKING:
    from agent.headoffice.giving_up import GivenUp


def _people(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that name two people, and the journal they speak about."""
    for option in (
        click.option("--epoch", type=int, default=0, help="Which of its journals; see till list."),
        click.option("--and", "other", required=True, help="A second person who stands for it."),
        click.option("--by", required=True, help="Who ordered it."),
    ):
        command = option(command)
    return command


@click.command("write-off")
@click.argument("name", metavar="TILL")
@_people
@click.option("--give-back", is_flag=True, help="Let the members have what it held; the company bears it.")
@as_json
@config_option
@errors_told
def till_write_off(
    config_path: Path, name: str, *, by: str, other: str, epoch: int, give_back: bool, as_json: bool
) -> None:
    """Give up the lost journal of TILL; whatever it still sends is the company's loss, never a member's."""
    from agent.headoffice.giving_up import write_off  # noqa: PLC0415

    with opened(config_path) as office:
        done = write_off(office, name, (by, other), give_back=give_back, epoch=epoch)
    _tell_given_up(done, "written off", as_json=as_json)


@click.command("wiped")
@click.argument("name", metavar="TILL")
@_people
@as_json
@config_option
@errors_told
def till_wiped(config_path: Path, name: str, *, by: str, other: str, epoch: int, as_json: bool) -> None:
    """Confirm that the disk of TILL was wiped and all it wrote has arrived; what it held is free again."""
    from agent.headoffice.giving_up import wiped  # noqa: PLC0415

    with opened(config_path) as office:
        done = wiped(office, name, (by, other), epoch=epoch)
    _tell_given_up(done, "wiped", as_json=as_json)


def _tell_given_up(done: "list[GivenUp]", what: str, *, as_json: bool) -> None:
    if as_json:
        print_json([one._asdict() for one in done])
        return
    for one in done:
        told = "done before, nothing changed" if one.repeated else points_told(one.points)
        click.echo(f"till {one.till}, journal {one.epoch} {what}: {told}")
