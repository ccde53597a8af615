"""scripts/receipts: the real year as a file of past receipts, for `loyalty-agent programme replay`."""

import gzip
import sys
from pathlib import Path

import click
import msgspec

from agent.loyalty.read import load_programme
from scripts.replay.past import past_receipts, setting_of
from scripts.replay.receipts import data_folder, households

CANNOT_RUN = 77
CLUB = Path(__file__).resolve().parents[2] / "config" / "programmes" / "household-club.toml"


@click.command()
@click.argument("receipts")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--programme", type=click.Path(exists=True, path_type=Path), default=CLUB, help="Whose wallets."
)
@click.option("--seed", default=1, show_default=True)
def main(receipts: str, file: Path, programme: Path, seed: int) -> None:
    """Write so many RECEIPTS of the real year (or all) to FILE, one JSON object a line, gzip for .gz."""
    if receipts != "all" and not (receipts.isdecimal() and int(receipts)):
        raise click.BadParameter("a number from 1, or all", param_hint="RECEIPTS")
    try:
        data_folder()
    except FileNotFoundError as missing:
        click.echo(f"cannot run here: {missing}", err=True)
        sys.exit(CANNOT_RUN)
    limit = None if receipts == "all" else int(receipts)
    setting = setting_of(load_programme(programme.read_bytes(), name=programme.name).text)
    encode = msgspec.json.Encoder().encode
    count = 0
    with gzip.open(file, "wb", compresslevel=3) if file.suffix == ".gz" else file.open("wb") as out:
        for past in past_receipts(households(limit), limit, setting, seed=seed):
            out.write(encode(past) + b"\n")
            count += 1
            if count % 10_000 == 0:
                click.echo(f"  {count:,}", err=True)
    click.echo(f"{count:,} receipts in {file}")


if __name__ == "__main__":
    main()
