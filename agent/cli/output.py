"""What commands print: tables with colour on a terminal, JSON where a machine reads, mistakes in full.

Exit codes: 0 done, 1 something is wrong with what was looked at, 2 the call or its input was wrong,
75 try again later, 78 the configuration was refused (sysexits.h, as systemd reads it).
"""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import wraps
from typing import Any, NoReturn, ParamSpec, TypeVar

import click

from agent.errors import ConfigurationError, DocumentError, LoyaltyError

P = ParamSpec("P")
R = TypeVar("R")
EXIT_WRONG, EXIT_INPUT, EXIT_LATER, EXIT_CONFIGURATION = 1, 2, 75, 78

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for a machine.")


def print_json(document: Any) -> None:
    """Print one JSON document."""
    click.echo(
        json.dumps(document, ensure_ascii=False, indent=2 if sys.stdout.isatty() else None, default=str)
    )


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print a table; plain text where no terminal is."""
    from rich.console import Console  # noqa: PLC0415 - 30 ms that a daemon's start should not pay
    from rich.table import Table  # noqa: PLC0415

    table = Table(title=title, title_justify="left", header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(str(cell) for cell in row))
    Console(width=None if sys.stdout.isatty() else 120).print(table)


def fail(error: LoyaltyError, *, code: int | None = None) -> NoReturn:
    """Print an error with every mistake it carries, and leave with its exit code."""
    click.echo(f"{click.style('error', fg='red', bold=True)}: {error}", err=True)
    if isinstance(error, DocumentError):
        for mistake in error.mistakes:
            values = ", ".join(f"{key}={value}" for key, value in mistake.values.items())
            detail = f" ({values})" if values else ""
            click.echo(f"  {mistake.pointer or '/'}: {mistake.code}{detail}; {mistake.remedy}", err=True)
    sys.exit(_exit_code(error) if code is None else code)


def errors_told(command: Callable[P, R]) -> Callable[P, R]:
    """Wrap a command so that our own errors are told in sentences, never as a traceback."""

    @wraps(command)
    def told(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except LoyaltyError as error:
            fail(error)

    return told


def _exit_code(error: LoyaltyError) -> int:
    if isinstance(error, DocumentError):
        return EXIT_INPUT
    if isinstance(error, ConfigurationError):
        return EXIT_CONFIGURATION
    return EXIT_LATER if error.retry else EXIT_WRONG


def flat(document: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield a document's values by their path.

    >>> list(flat({"sync": {"online": True}, "mode": "online"}))
    [('sync.online', True), ('mode', 'online')]
    """
    for key, value in document.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
