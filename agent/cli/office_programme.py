"""`loyalty-headoffice programme`: publish, list, and rehearse a new version on the receipts of the chain."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agent.cli.office import config_option, opened, show_rows
from agent.cli.output import as_json, errors_told
from agent.cli.programme import svg_option, workers_option
from agent.config.headoffice import load_headoffice
from agent.errors import DocumentError, Mistake

if TYPE_CHECKING:
    from agent.rehearsal.workers import Script

file = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def programme() -> None:
    """The rules of the programme."""


@programme.command()
@click.argument("path", metavar="FILE", type=file)
@config_option
@errors_told
def publish(config_path: Path, path: Path) -> None:
    """Check a programme FILE, sign it, and let every till fetch it."""
    from agent.headoffice.publish import publish as publish_text  # noqa: PLC0415

    caps = load_headoffice(config_path).publish
    with opened(config_path) as office:
        published = publish_text(office, path.read_bytes(), name=path.name, caps=caps)
    said = "published" if published.is_new else "was published already"
    click.echo(f"{published.id} version {published.version} {said} (sha256 {published.sha256[:16]}…)")


@programme.command("list")
@as_json
@config_option
@errors_told
def list_all(config_path: Path, *, as_json: bool) -> None:
    """List every published version, the one in force last."""
    from agent.headoffice.feed import instant  # noqa: PLC0415
    from agent.headoffice.store.programmes import all_programmes  # noqa: PLC0415

    with opened(config_path) as office:
        rows = [
            {**dict(row), "published_at": instant(row["published_ms"])}
            for row in all_programmes(office.store)
        ]
    show_rows("programmes", ("id", "version", "published_at", "sha256"), rows, as_json=as_json)


@programme.command()
@click.argument("path", metavar="FILE", type=file)
@svg_option
@workers_option
@as_json
@config_option
@errors_told
def replay(config_path: Path, *, path: Path, svg: Path | None, workers: int, as_json: bool) -> None:
    """Run all receipts booked here under a programme FILE: its cost, what it issues and owes."""
    from agent.rehearsal.workers import Script  # noqa: PLC0415

    _rehearse(config_path, [Script(path.read_bytes(), path.name)], svg=svg, workers=workers, as_json=as_json)


@programme.command()
@click.argument("path", metavar="FILE", type=file)
@click.option(
    "--against", default=0, type=click.IntRange(0), help="A published version; default: the newest."
)
@svg_option
@workers_option
@as_json
@config_option
@errors_told
def compare(
    config_path: Path, *, path: Path, against: int, svg: Path | None, workers: int, as_json: bool
) -> None:
    """Run all receipts booked here under a published version and under FILE, and show what changes."""
    from agent.headoffice.store.programmes import highest_version, programme_row  # noqa: PLC0415
    from agent.loyalty.read import load_programme  # noqa: PLC0415
    from agent.rehearsal.workers import Script  # noqa: PLC0415

    new = Script(path.read_bytes(), path.name)
    named = load_programme(new.text, name=new.name).id
    with opened(config_path) as office:
        version = against or highest_version(office.store, named)
        row = programme_row(office.store, named, version)
    if row is None:
        values = {"id": named, "version": version}
        remedy = "see loyalty-headoffice programme list"
        raise DocumentError(path.name, [Mistake("/programme", "not_published", values, remedy)])
    old = Script(bytes(row["text"]), f"{named}.toml")
    _rehearse(config_path, [old, new], svg=svg, workers=workers, as_json=as_json)


def _rehearse(
    config_path: Path, scripts: "Sequence[Script]", *, svg: Path | None, workers: int, as_json: bool
) -> None:
    from agent.cli.rehearsal import rehearsed, show  # noqa: PLC0415
    from agent.headoffice.past import OfficeReceipts  # noqa: PLC0415

    receipts = OfficeReceipts(Path(load_headoffice(config_path).paths.state))
    show(rehearsed(scripts, receipts, workers=workers), as_json=as_json, svg=svg)
