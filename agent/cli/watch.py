"""`loyalty-agent watch`: the cashier's or the customer's screen in a terminal, over the POS's socket."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agent.cli.config import config_option, load_config
from agent.cli.output import errors_told
from agent.errors import ConfigurationError

if TYPE_CHECKING:
    from rich.console import RenderableType

    from agent.screen.view import View

STYLES = {"plain": "bold", "good": "bold green", "attention": "bold yellow", "bad": "bold white on red"}
MARKS = {"plain": " ", "good": "✓", "attention": "▲", "bad": "■"}
AGAIN_S = 1.0


@click.command()
@click.option("--customer", is_flag=True, help="What the customer sees, rather than the cashier.")
@click.option("--lang", type=click.Choice(["en", "ru", "fi"]), default=None, help="Default: the till's.")
@click.option("--once", is_flag=True, help="Show what stands there now, and leave.")
@config_option
@errors_told
def watch(config_path: Path, *, customer: bool, lang: str | None, once: bool) -> None:
    """Show the screen of this till in the terminal as it changes, until Ctrl-C; the daemon must run."""
    from rich.console import Console  # noqa: PLC0415
    from rich.live import Live  # noqa: PLC0415

    door = Path(load_config(config_path).paths.run) / "pos.sock"
    path = f"/screen/{'customer' if customer else 'cashier'}?lang={lang or ''}"
    console = Console()
    if once:
        console.print(drawn(_ask(door, path)))
        return
    with Live(console=console, screen=console.is_terminal, auto_refresh=False) as live:
        for view in _views(door, path):
            live.update(drawn(view), refresh=True)
            if not console.is_terminal:
                console.print(drawn(view))


def drawn(view: "View | None") -> "RenderableType":
    """Return a screen as rich draws it; None: nobody answers."""
    from rich.console import Group  # noqa: PLC0415
    from rich.rule import Rule  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    if view is None:
        return Text("■ the loyalty service does not answer", STYLES["bad"])
    parts: list[RenderableType] = [Rule(Text(f"{view.title} · {view.place}", "bold"), align="left")]
    parts += [Text(f"{MARKS[one.tone]} {one.text}. {one.detail}", STYLES[one.tone]) for one in view.banners]
    parts.append(Text(f"{MARKS[view.tone]} {view.said}", STYLES[view.tone]))
    parts += _card(view)
    parts += _basket(view)
    if view.hints:
        parts.append(Text(view.labels["hints"], "bold underline"))
    parts += [Text(f"  {one.text}" + (f" ({one.outcome})" if one.outcome else "")) for one in view.hints]
    return Group(*parts)


def _card(view: "View") -> "list[RenderableType]":
    from rich.text import Text  # noqa: PLC0415

    if view.card is None:
        return []
    words = [view.card.title, view.card.masked, view.card.tier]
    lines = [Text(" · ".join(filter(None, words)), "bold")]
    lines += [Text(f"  {row.value}", "bold cyan") for row in view.card.balances]
    return [*lines, *([Text(f"  {view.card.as_of}", "dim")] if view.card.as_of else [])]


def _basket(view: "View") -> "list[RenderableType]":
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    if view.basket is None:
        return []
    rows = Table.grid(padding=(0, 2))
    rows.add_column(overflow="fold")
    rows.add_column(justify="right", overflow="fold")
    for row in view.basket.rows:
        rows.add_row(f"  {row.text}", f"{row.value} ({row.note})" if row.note else row.value)
    heading = Text(f"{view.basket.title}  {view.basket.due}".rstrip(), "bold")
    return [heading, *(Text(f"  • {text}") for text in view.basket.gives), rows]


def _views(door: Path, path: str) -> "Iterator[View | None]":
    """Yield the screen after each event; None while nobody answers."""
    from agent.daemon.ask import follow  # noqa: PLC0415

    while True:
        try:
            for _ in follow(door):
                yield _ask(door, path)
        except ConfigurationError:
            yield None
        time.sleep(AGAIN_S)


def _ask(door: Path, path: str) -> "View":
    import msgspec  # noqa: PLC0415

    from agent.daemon.ask import ask  # noqa: PLC0415
    from agent.screen.view import View  # noqa: PLC0415

    return msgspec.convert(ask(door, "GET", path), View)
