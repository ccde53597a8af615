"""`loyalty-agent programme`: check, schema, explain, compare, replay; needs no daemon."""

import sys
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agent.cli.output import EXIT_INPUT, as_json, errors_told, print_json, print_table
from agent.cli.pure import document, moment, read_bytes
from agent.errors import DocumentError, Mistake

if TYPE_CHECKING:
    from agent.loyalty.language.programme import Programme

receipts_option = click.option(
    "--receipts", required=True, type=document, help="Past receipts, one JSON object a line; .gz is read too."
)
svg_option = click.option("--svg", type=click.Path(dir_okay=False, path_type=Path), help="Draw it there too.")
workers_option = click.option(
    "--workers", default=0, type=click.IntRange(0, 64), help="Processes; default: one a core."
)


@click.group()
def programme() -> None:
    """The rules of the programme."""


@programme.command()
@click.argument("files", nargs=-1, required=True, type=document, metavar="FILE…")
@as_json
@errors_told
def check(files: tuple[Path, ...], *, as_json: bool) -> None:
    """Check programme FILEs: all mistakes at once with line and remedy, and what is hardly meant."""
    reports = [_report(path) for path in files]
    if as_json:
        print_json(reports)
    else:
        for report in reports:
            _tell(report)
    sys.exit(0 if all(report["ok"] for report in reports) else EXIT_INPUT)


@programme.command()
@errors_told
def schema() -> None:
    """Print the JSON Schema of a programme file."""
    from agent.cli.schemas import schema_named  # noqa: PLC0415

    print_json(schema_named("programme"))


@programme.command()
@click.argument("file", type=document)
@click.option("--basket", "basket_path", required=True, type=document, help="A basket, JSON; - reads stdin.")
@click.option(
    "--member", "member_path", type=document, help="Member facts, JSON; without it nobody is known."
)
@click.option("--at", "at_text", default="", help="The moment to judge by (RFC 3339); default: sold_at.")
@click.option("--draw", default=0, type=click.IntRange(0, 2**64 - 1), help="The receipt's random number.")
@as_json
@errors_told
def explain(
    *, file: Path, basket_path: Path, member_path: Path | None, at_text: str, draw: int, as_json: bool
) -> None:
    """Say what every rule of a programme FILE does to a basket, and why, in each language."""
    from agent.documents import decode_json  # noqa: PLC0415
    from agent.loyalty.basket import Basket  # noqa: PLC0415
    from agent.loyalty.compile import compile_programme  # noqa: PLC0415
    from agent.loyalty.evaluate import evaluate  # noqa: PLC0415
    from agent.loyalty.explain import LANGUAGES, prompt_sentence, sentence  # noqa: PLC0415
    from agent.loyalty.language.read import load_programme  # noqa: PLC0415
    from agent.loyalty.member import MemberFacts  # noqa: PLC0415

    text = load_programme(read_bytes(file), name=file.name)
    basket = decode_json(read_bytes(basket_path), Basket, what=f"basket {basket_path}")
    member = None
    if member_path is not None:
        member = decode_json(read_bytes(member_path), MemberFacts, what=f"member {member_path}")
    at = moment(at_text) if at_text else basket.sold_at
    quote = evaluate(compile_programme(text), member, basket, at, draw=draw)
    rules = [
        {"rule": one.rule, "code": one.code, "values": one.values}
        | {lang: sentence(one, text, lang) for lang in LANGUAGES}
        for one in quote.reasons
    ]
    prompts = [
        {"code": one.code, "values": one.values}
        | {lang: prompt_sentence(one, text, lang) for lang in LANGUAGES}
        for one in quote.prompts
    ]
    if as_json:
        print_json({"programme": f"{text.id} version {text.version}", "rules": rules, "prompts": prompts})
        return
    _table(f"{text.id} version {text.version}: every rule", rules)
    if prompts:
        _table("what the cashier may say", prompts)


@programme.command()
@click.argument("file", type=document)
@receipts_option
@svg_option
@workers_option
@as_json
@errors_told
def replay(*, file: Path, receipts: Path, svg: Path | None, workers: int, as_json: bool) -> None:
    """Run past receipts under a programme FILE: its cost, what it issues, what it owes at the end."""
    _rehearse((file,), receipts, svg=svg, workers=workers, as_json=as_json)


@programme.command()
@click.argument("old", type=document)
@click.argument("new", type=document)
@receipts_option
@svg_option
@workers_option
@as_json
@errors_told
def compare(*, old: Path, new: Path, receipts: Path, svg: Path | None, workers: int, as_json: bool) -> None:
    """Run past receipts under an OLD and a NEW version and show what changes, and for whom."""
    _rehearse((old, new), receipts, svg=svg, workers=workers, as_json=as_json)


def _rehearse(
    files: tuple[Path, ...], receipts: Path, *, svg: Path | None, workers: int, as_json: bool
) -> None:
    from agent.cli.rehearsal import rehearsed, show  # noqa: PLC0415
    from agent.rehearsal.past import ReceiptFile  # noqa: PLC0415
    from agent.rehearsal.workers import Script  # noqa: PLC0415

    scripts = [Script(read_bytes(file), file.name) for file in files]
    show(rehearsed(scripts, ReceiptFile(receipts), workers=workers), as_json=as_json, svg=svg)


def _report(path: Path) -> dict[str, Any]:
    """Return what is right and wrong with one file, the shape that `--json` prints."""
    from agent.clock import SystemClock  # noqa: PLC0415
    from agent.loyalty.compile import compile_programme  # noqa: PLC0415
    from agent.loyalty.language.read import load_programme, with_lines  # noqa: PLC0415
    from agent.loyalty.language.warnings import warnings  # noqa: PLC0415

    data = read_bytes(path)
    try:
        text = load_programme(data, name=path.name)
        compile_programme(text)
    except DocumentError as error:
        told = [one.as_json() for one in error.mistakes]
        return {"file": path.name, "ok": False, "mistakes": told, "warnings": []}
    meant = warnings(text.text, _today(text, SystemClock().now()))
    if path.stem != text.id:
        remedy = f"call the file {text.id}.toml before it is published"
        meant.append(Mistake("/programme/id", "not_its_file_name", {"id": text.id}, remedy))
    found = with_lines(meant, data, name=path.name)
    return {
        "file": path.name,
        "ok": True,
        "programme": {"id": text.id, "version": text.version, "hash": text.hash},
        "mistakes": [],
        "warnings": [one.as_json() for one in found],
    }


def _today(text: "Programme", now: datetime) -> date:
    from zoneinfo import ZoneInfo  # noqa: PLC0415

    return now.astimezone(ZoneInfo(text.time_zone)).date()


def _tell(report: dict[str, Any]) -> None:
    for kind, colour in (("mistakes", "red"), ("warnings", "yellow")):
        for told in report[kind]:
            one = Mistake(**told)
            values = ", ".join(f"{key}={value}" for key, value in one.values.items())
            detail = f" ({values})" if values else ""
            word = click.style("error" if kind == "mistakes" else "warning", fg=colour, bold=True)
            click.echo(
                f"{word}: {one.pointer or '/'}: {one.code}{detail}; {one.remedy}", err=kind == "mistakes"
            )
    if report["ok"]:
        named = report["programme"]
        click.echo(f"{named['id']} version {named['version']} is sound; hash {named['hash']}")


def _table(title: str, rows: list[dict[str, Any]]) -> None:
    columns = ("code", "ru", "fi", "en")
    print_table(
        title,
        ("rule", *columns),
        [[row.get("rule", row["values"].get("rule", "")), *(row[one] for one in columns)] for row in rows],
    )
