"""A rehearsal told to people: figures as tables, months as bars in the terminal or as SVG."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from agent.cli.output import print_json, print_table
from agent.loyalty.compile import Compiled, compile_programme
from agent.loyalty.explain import money
from agent.loyalty.language.read import load_programme
from agent.rehearsal.figures import Figures, compare_members, worth_minor
from agent.rehearsal.past import Source
from agent.rehearsal.workers import Script, rehearse_all

if TYPE_CHECKING:
    from rich.console import Console

BAR = 60
SVG = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"><style>{styles}
.{unique_id}-matrix {{ font-family: monospace; font-size: {char_height}px; line-height: {line_height}px; }}
</style><defs><clipPath id="{unique_id}-clip-terminal"><rect x="0" y="0" width="{terminal_width}"
height="{terminal_height}"/></clipPath>{lines}</defs>{chrome}<g transform="translate({terminal_x},
{terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">{backgrounds}<g class="{unique_id}-matrix">
{matrix}</g></g></svg>
"""
"""Rich's own template fetches a font from elsewhere; a figure for a report must not."""


class Version(NamedTuple):
    """A programme version with what it did."""

    compiled: Compiled
    figures: Figures

    @property
    def title(self) -> str:
        """Its name and version."""
        return f"{self.compiled.id} v{self.compiled.version}"


def rehearsed(scripts: Sequence[Script], receipts: Source, *, workers: int = 0) -> list[Version]:
    """Run the receipts under each programme on all cores, with a progress bar on a terminal."""
    from rich.console import Console  # noqa: PLC0415 - only where somebody waits
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn  # noqa: PLC0415

    compiled = [compile_programme(load_programme(one.text, name=one.name)) for one in scripts]
    console = Console(stderr=True)
    with Progress(
        "receipts", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console, transient=True
    ) as bar:
        count = receipts.count()
        task = bar.add_task("receipts", total=count * len(scripts))
        figures = rehearse_all(
            scripts,
            receipts,
            workers=workers,
            told=lambda share: bar.update(task, completed=int(count * len(scripts) * share)),
        )
    return [Version(*pair) for pair in zip(compiled, figures, strict=True)]


def show(versions: Sequence[Version], *, as_json: bool, svg: Path | None) -> None:
    """Tell the figures of one version, or of two and what changes from the first to the second."""
    if as_json:
        print_json(_plain(versions))
    else:
        columns = ["figure", *(one.title for one in versions)]
        rows = _rows(versions)
        if len(versions) > 1:
            columns.append("change")
        print_table("over the receipts", columns, rows)
        if len(versions) > 1:
            _show_members(versions)
        _chart(versions, svg=None)
    if svg is not None:
        _chart(versions, svg=svg)


def _plain(versions: Sequence[Version]) -> dict[str, Any]:
    import msgspec  # noqa: PLC0415

    told: dict[str, Any] = {"versions": []}
    for one in versions:
        plain = msgspec.to_builtins(one.figures)
        plain["members"] = len(plain.pop("gains"))
        plain["total"] = msgspec.to_builtins(one.figures.total)
        told["versions"].append(plain)
    if len(versions) > 1:
        told["members"] = msgspec.to_builtins(compare_members(versions[0].figures, versions[1].figures))
    return told


def _rows(versions: Sequence[Version]) -> Iterator[list[str]]:
    digits = versions[0].compiled.programme.text.programme.minor_digits
    totals = [one.figures.total for one in versions]
    figures = [one.figures for one in versions]
    yield _row("receipts", [one.receipts for one in totals])
    if any(one.foreign for one in figures):
        yield _row("in another currency", [one.foreign for one in figures])
    yield _row("of members", [one.of_members for one in totals])
    yield _row("turnover", [one.turnover_minor for one in totals], digits)
    yield _row("discount cost", [one.discount_minor for one in totals], digits)
    yield _row("paid with points", [one.paid_minor for one in totals], digits)
    wallets = sorted({wallet for one in versions for wallet in one.compiled.wallets})
    for wallet in wallets:
        scale = max(_scale(one.compiled, wallet) for one in versions)
        if any(one.loaded.get(wallet) for one in totals):
            yield _row(f"{wallet}: loaded", [one.loaded.get(wallet, 0) for one in totals], scale)
        yield _row(f"{wallet}: issued", [one.issued.get(wallet, 0) for one in totals], scale)
        yield _row(f"{wallet}: redeemed", [one.redeemed.get(wallet, 0) for one in totals], scale)
        yield _row(f"{wallet}: expired", [one.expired.get(wallet, 0) for one in figures], scale)
        yield _row(f"{wallet}: outstanding", [one.outstanding.get(wallet, 0) for one in figures], scale)
    issued = [
        sum(worth_minor(one.compiled, *pair) for pair in total.issued.items())
        for one, total in zip(versions, totals, strict=True)
    ]
    yield _row("points issued, at value", issued, digits)
    yield _row("given away in all", [one.given_minor for one in totals], digits)
    yield _row("liability at the end", [one.liability_minor for one in figures], digits)
    yield _row("vouchers given", [one.vouchers_given for one in figures])
    yield _row("vouchers used", [one.vouchers_used for one in figures])


def _scale(compiled: Compiled, wallet: str) -> int:
    words = compiled.programme.text.wallet.get(wallet)
    if words is None:
        return 0
    return compiled.programme.text.programme.minor_digits if words.kind == "stored_value" else words.scale


def _row(name: str, values: list[int], digits: int = 0) -> list[str]:
    cells = [money(one, "en", digits=digits) for one in values]
    if len(values) > 1:
        change = money(values[1] - values[0], "en", digits=digits)
        cells.append(change if values[1] <= values[0] else f"+{change}")
    return [name, *cells]


def _show_members(versions: Sequence[Version]) -> None:
    digits = versions[0].compiled.programme.text.programme.minor_digits
    told = compare_members(versions[0].figures, versions[1].figures)
    print_table(
        f"members under {versions[1].title}",
        ("better off", "worse off", "the same", "most gained", "most lost"),
        [
            [
                f"{told.better:,}",
                f"{told.worse:,}",
                f"{told.same:,}",
                money(told.most_gained_minor, "en", digits=digits),
                money(told.most_lost_minor, "en", digits=digits),
            ]
        ],
    )


def _chart(versions: Sequence[Version], *, svg: Path | None) -> None:
    """Draw what each month gave away, one bar a version."""
    import io  # noqa: PLC0415

    from rich.console import Console  # noqa: PLC0415
    from rich.terminal_theme import DEFAULT_TERMINAL_THEME  # noqa: PLC0415 - dark on white, as paper

    if svg is None:
        _draw(Console(width=None), versions)
        return
    console = Console(record=True, file=io.StringIO(), width=BAR + 40)
    _draw(console, versions)
    drawn = console.export_svg(title="given away", theme=DEFAULT_TERMINAL_THEME, code_format=SVG)
    svg.write_text(drawn, encoding="utf-8")


def _draw(console: "Console", versions: Sequence[Version]) -> None:
    from rich.bar import Bar  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    digits = versions[0].compiled.programme.text.programme.minor_digits
    table = Table(title="given away a month: discounts, and points at their value", title_justify="left")
    for column in ("month", "version"):
        table.add_column(column)
    table.add_column("money", justify="right")
    table.add_column("")
    given = {
        (month, at): sums.given_minor
        for at, one in enumerate(versions)
        for month, sums in one.figures.months.items()
    }
    most = max([1, *given.values()])
    for (month, at), value in sorted(given.items()):
        colour = ("cyan", "magenta")[at % 2]
        bar = Bar(most, 0, value, width=BAR, color=colour)
        table.add_row(month if at == 0 else "", versions[at].title, money(value, "en", digits=digits), bar)
    console.print(table)
