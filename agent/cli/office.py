"""What every command of head office does: open the folder that the configuration names, and print rows."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agent.cli.output import print_json, print_table
from agent.config.headoffice import load_headoffice

if TYPE_CHECKING:
    from agent.headoffice.office import Office

DEFAULT_CONFIG = "/etc/loyalty-agent/loyalty-headoffice.toml"
config_option = click.option(
    "--config", "config_path", type=click.Path(path_type=Path), default=DEFAULT_CONFIG, show_default=True
)


@contextmanager
def opened(config_path: Path) -> Iterator["Office"]:
    """Open head office beside a server that may be running."""
    from agent.clock import SystemClock  # noqa: PLC0415
    from agent.headoffice.office import Office  # noqa: PLC0415

    office = Office(Path(load_headoffice(config_path).paths.state), SystemClock())
    try:
        yield office
    finally:
        office.close()


def show_rows(title: str, columns: tuple[str, ...], rows: list[dict[str, Any]], *, as_json: bool) -> None:
    """Print rows for a person or for a machine."""
    if as_json:
        print_json([{column: row[column] for column in columns} for row in rows])
    else:
        print_table(
            title, columns, [["" if row[one] is None else row[one] for one in columns] for row in rows]
        )


def counted(counts: dict[str, int]) -> str:
    """Say how many of each kind there are."""
    return ", ".join(f"{count} {kind}" for kind, count in counts.items()) or "none"
