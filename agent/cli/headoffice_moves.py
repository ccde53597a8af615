"""Commands that move what members own: each under a reference, so that repeating one changes nothing."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agent.cli.headoffice_admin import member
from agent.cli.office import config_option, opened, show_rows
from agent.cli.output import as_json, errors_told, print_json

if TYPE_CHECKING:
    from agent.headoffice.movements import Done, Signed

WALLET = click.option("--wallet", required=True, help="Which wallet.")


def signed(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say who answers for a movement."""
    for option in (
        click.option("--reason", default="", help="Why; it stays with the entry."),
        click.option("--by", required=True, help="Who ordered it."),
        click.option("--reference", required=True, help="A ticket or case; the same again changes nothing."),
    ):
        command = option(command)
    return command


approved = click.option("--approved-by", default="", help="The second person who stands for it.")


@member.command("adjust")
@click.argument("who", metavar="MEMBER")
@click.argument("points", type=int)
@WALLET
@signed
@approved
@as_json
@config_option
@errors_told
def adjust(config_path: Path, who: str, points: int, *, wallet: str, as_json: bool, **people: str) -> None:
    """Give POINTS to MEMBER, or take them (below zero, after `--`); two people must stand for it."""
    from agent.headoffice import movements  # noqa: PLC0415

    with opened(config_path) as office:
        done = movements.adjust(office, who, wallet, points, _signed(people))
    _tell(done, f"{points:+} {wallet} for {who}", as_json=as_json)


@member.command("transfer")
@click.argument("giver", metavar="FROM")
@click.argument("taker", metavar="TO")
@click.argument("points", type=int)
@WALLET
@signed
@as_json
@config_option
@errors_told
def transfer(
    config_path: Path, giver: str, taker: str, points: int, *, wallet: str, as_json: bool, **people: str
) -> None:
    """Move POINTS from one member to another; they keep the dates they had."""
    from agent.headoffice import movements  # noqa: PLC0415

    with opened(config_path) as office:
        done = movements.transfer(office, (giver, taker), wallet, points, _signed(people))
    _tell(done, f"{points} {wallet} from {giver} to {taker}", as_json=as_json)


@member.command("merge")
@click.argument("one", metavar="MEMBER")
@click.argument("into", metavar="INTO")
@signed
@as_json
@config_option
@errors_told
def merge(config_path: Path, one: str, into: str, *, as_json: bool, **people: str) -> None:
    """Make MEMBER and INTO one: points, counts, tiers, vouchers and cards of both are INTO's.

    What tills still send for MEMBER is booked for INTO as well.
    """
    from agent.headoffice import movements  # noqa: PLC0415

    with opened(config_path) as office:
        done = movements.merge(office, one, into, _signed(people))
    _tell(done, f"{one} is {into} now", as_json=as_json)


@member.command("card")
@click.argument("who", metavar="MEMBER")
@click.option("--new", required=True, help="The number of the new card.")
@click.option("--old", default="", help="The number of the card it replaces, which is blocked.")
@signed
@as_json
@config_option
@errors_told
def card(config_path: Path, who: str, *, new: str, old: str, as_json: bool, **people: str) -> None:
    """Give MEMBER another card; tills hear of it with their next pull."""
    from agent.headoffice import movements  # noqa: PLC0415

    with opened(config_path) as office:
        done = movements.new_card(office, who, new, old, _signed(people))
    _tell(done, f"{who} has a new card" + (", the old one is blocked" if old else ""), as_json=as_json)


@member.command("debt")
@click.argument("who", metavar="MEMBER")
@WALLET
@signed
@approved
@as_json
@config_option
@errors_told
def debt(config_path: Path, who: str, *, wallet: str, as_json: bool, **people: str) -> None:
    """Set apart what MEMBER owes after goods came back whose points were spent; two people stand for it."""
    from agent.headoffice import movements  # noqa: PLC0415

    with opened(config_path) as office:
        done = movements.set_debt_apart(office, who, wallet, _signed(people))
    _tell(done, f"the debt of {who} in {wallet} is set apart", as_json=as_json)


@member.command("enrol")
@click.option("--card", "number", required=True, help="The number of the card they get.")
@click.option("--born", type=click.DateTime(["%Y-%m-%d"]), help="Their birth date; it is not kept.")
@click.option("--amount-minor", type=int, default=0, help="The receipt they come with, in minor units.")
@click.option("--segment", "segments", multiple=True, help="A segment they belong to; as often as needed.")
@as_json
@config_option
@errors_told
def enrol(
    config_path: Path, *, number: str, born: datetime | None, amount_minor: int, segments: tuple[str, ...],
    as_json: bool,
) -> None:  # fmt: skip
    """Take a new member in, if the programme's [enrol] table lets them join; prints the pseudonym."""
    from agent.headoffice.enrolling import enrol as take_in  # noqa: PLC0415

    day = born.date() if born is not None else None
    with opened(config_path) as office:
        made = take_in(office, number, born=day, amount_minor=amount_minor, segments=list(segments))
    if as_json:
        print_json({"member": made})
    else:
        click.echo(made)


@click.group()
def period() -> None:
    """The end of a day, a month, a game."""


@period.command("close")
@click.option("--event", required=True, help="The event that the programme's rule waits for.")
@click.option("--measure", required=True, help="What members are ranked by: a tier's measure, NAME:2026-11.")
@click.option("--best", type=click.IntRange(min=0), default=0, help="So many win; 0: the rule's max_total.")
@click.option("--last-day", type=click.DateTime(["%Y-%m-%d"]), help="The day to judge by; otherwise today.")
@signed
@as_json
@config_option
@errors_told
def close(
    config_path: Path, *, event: str, measure: str, best: int, last_day: datetime | None, as_json: bool,
    **people: str,
) -> None:  # fmt: skip
    """Rank members by a measure and give the best what the programme promised for the event."""
    from agent.headoffice import periods  # noqa: PLC0415

    with opened(config_path) as office:
        asked = periods.Period(event, measure, best, last_day.date() if last_day is not None else None)
        done = periods.close(office, asked, _signed(people))
    if as_json:
        print_json(done._asdict() | {"winners": [one._asdict() for one in done.winners]})
    elif done.repeated:
        click.echo(f"{done.reference}: closed before, nothing changed")
    else:
        rows = [one._asdict() for one in done.winners]
        show_rows(f"{event}: best of {done.ranked}", ("member", "score", "gives"), rows, as_json=False)


@period.command("expire")
@click.option("--by", default="head office", help="Who ordered it.", show_default=True)
@as_json
@config_option
@errors_told
def expire(config_path: Path, *, by: str, as_json: bool) -> None:
    """Book what ended lots have left as breakage; run it every night."""
    from agent.headoffice.movements import expire as book_breakage  # noqa: PLC0415

    with opened(config_path) as office:
        count = book_breakage(office, by)
    if as_json:
        print_json({"lots": count})
    else:
        click.echo(f"{count:,} lots expired")


def _signed(people: dict[str, str]) -> "Signed":
    from agent.headoffice.movements import Signed  # noqa: PLC0415

    return Signed(**people)


def _tell(done: "Done", what: str, *, as_json: bool) -> None:
    if as_json:
        print_json(done._asdict())
    else:
        click.echo(f"{done.reference}: " + ("done before, nothing changed" if done.repeated else what))
