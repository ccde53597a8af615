"""Commands that need no daemon and no ledger: evaluate a basket, print a schema, decode a tape."""

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from agent.cli.output import as_json, errors_told, print_json, print_table
from agent.errors import DocumentError, Mistake
from agent.loyalty.quote import Quote

document = click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path)
SCHEMAS = ("basket", "member", "quote", "programme", "tape", "config", "pos", "openapi")


@click.command()
@click.option("--programme", "programme_path", required=True, type=document, help="A programme, TOML.")
@click.option("--basket", "basket_path", required=True, type=document, help="A basket, JSON; - reads stdin.")
@click.option(
    "--member", "member_path", type=document, help="Member facts, JSON; without it nobody is known."
)
@click.option("--at", "at_text", default="", help="The moment to judge by (RFC 3339); default: sold_at.")
@click.option("--lang", type=click.Choice(["en", "ru", "fi"]), default="en", show_default=True)
@as_json
@errors_told
def evaluate(
    *,
    programme_path: Path,
    basket_path: Path,
    member_path: Path | None,
    at_text: str,
    lang: str,
    as_json: bool,
) -> None:
    """Say what a programme gives for a basket, and why; needs no daemon."""
    from agent.documents import decode_json  # noqa: PLC0415
    from agent.loyalty.basket import Basket, as_plain  # noqa: PLC0415
    from agent.loyalty.compile import compile_programme  # noqa: PLC0415
    from agent.loyalty.evaluate import evaluate as evaluate_basket  # noqa: PLC0415
    from agent.loyalty.language.read import load_programme  # noqa: PLC0415
    from agent.loyalty.member import MemberFacts  # noqa: PLC0415

    programme = load_programme(read_bytes(programme_path), name=programme_path.name)
    basket = decode_json(read_bytes(basket_path), Basket, what=f"basket {basket_path}")
    member = (
        decode_json(read_bytes(member_path), MemberFacts, what=f"member {member_path}")
        if member_path
        else None
    )
    if basket.currency != programme.currency:
        values = {"basket": basket.currency, "programme": programme.currency}
        remedy = f"give a basket in {programme.currency}, or another programme"
        wrong = Mistake("/currency", "currency_mismatch", values, remedy)
        raise DocumentError(f"basket {basket_path}", [wrong])
    at = moment(at_text) if at_text else basket.sold_at
    quote = evaluate_basket(compile_programme(programme), member, basket, at)
    if as_json:
        print_json(as_plain(quote))
    else:
        _show(quote, programme, lang)


@click.command()
@click.argument("name", type=click.Choice(SCHEMAS))
@errors_told
def schema(name: str) -> None:
    """Print the JSON Schema of a document that this program reads or writes."""
    from agent.cli.schemas import schema_named  # noqa: PLC0415

    print_json(schema_named(name))


@click.command()
@click.argument("tape", type=document)
@click.option(
    "--numbers",
    type=document,
    help="A configuration whose [[numbers]] and [codes] count; default: the tape's own.",
)
@as_json
@errors_told
def decode(tape: Path, numbers: Path | None, *, as_json: bool) -> None:
    """Decode a TAPE of recorded reads, one JSON line each, and say what became of every one."""
    from drivers.tape import decode_tape  # noqa: PLC0415

    lines, place = read_bytes(tape).split(b"\n"), str(tape)
    answers = (
        decode_tape(lines, *_numbers_of(numbers), name=place) if numbers else decode_tape(lines, name=place)
    )
    if as_json:
        for answer in answers:
            click.echo(json.dumps(answer, ensure_ascii=False))
    else:
        columns = ("id", "outcome", "kind", "value", "reason")
        print_table(
            "reads", columns, [[answer.get(column) or "" for column in columns] for answer in answers]
        )


def read_bytes(path: Path) -> bytes:
    """Read a file, or standard input for "-"."""
    return sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()


def moment(text: str) -> datetime:
    """Read an RFC 3339 moment with its offset.

    Raises:
        DocumentError: it is none, or has no offset.
    """
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        example = "2026-11-24T12:00:00+02:00"
        raise DocumentError("--at", [Mistake("", "not_a_moment", {"given": text}, f"write it as {example}")])
    return at


def _numbers_of(path: Path) -> tuple[Any, Any]:
    """Read number ranges and codes from a till's configuration."""
    from agent.clock import SystemClock  # noqa: PLC0415
    from agent.config.load import load  # noqa: PLC0415
    from agent.config.till import TillConfig  # noqa: PLC0415
    from agent.daemon.codes import codes_of  # noqa: PLC0415
    from agent.daemon.readers import number_ranges  # noqa: PLC0415

    config = load(path, TillConfig)[0]
    return number_ranges(config.numbers), codes_of(config.codes, SystemClock())


def _show(quote: Quote, programme: Any, lang: str) -> None:
    from agent.loyalty.explain import sentence  # noqa: PLC0415

    print_table(
        f"{quote.programme.id} version {quote.programme.version}: due {quote.due_minor}",
        ("line", "after rebates", "rebates", "points", "paid with points"),
        [
            (
                line.line,
                line.amount_minor,
                ", ".join(f"{rebate.rule} {rebate.amount_minor}" for rebate in line.rebates),
                ", ".join(f"{earned.rule} +{earned.points}" for earned in line.earned),
                ", ".join(f"{paid.wallet} {paid.points}" for paid in line.paid),
            )
            for line in quote.lines
        ],
    )
    columns = ("wallet", "balance", "redeem", "earn", "max redeem")
    print_table(
        "wallets",
        columns,
        [(one.wallet, one.balance, one.redeem, one.earn, one.max_redeem) for one in quote.wallets],
    )
    print_table(
        "why",
        ("rule", "code", "in words"),
        [(one.rule, one.code, sentence(one, programme, lang)) for one in quote.reasons],
    )
