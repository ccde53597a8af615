"""Commands that change what head office decides: members and cards, tills."""

from pathlib import Path

import click

from agent.cli.office import config_option, opened, show_rows
from agent.cli.output import as_json, errors_told, print_json, print_table
from agent.errors import DocumentError, Mistake

file = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def member() -> None:
    """Members and their cards."""


@member.command("import")
@click.argument("path", metavar="FILE", type=file)
@config_option
@errors_told
def member_import(config_path: Path, path: Path) -> None:
    """Bring members in from a CSV FILE, all of it or nothing; the columns stand in the README."""
    from agent.headoffice.member_import import import_members  # noqa: PLC0415

    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise DocumentError(path.name, [Mistake("", "not_utf8", {}, "save it as UTF-8")]) from None
    with opened(config_path) as office:
        done = import_members(office, text, name=path.name)
    click.echo(
        f"{done.members:,} members, {done.cards:,} cards, {done.lots:,} balances, {done.vouchers:,} vouchers"
    )


@member.command("show")
@click.argument("member_or_card", metavar="ID-OR-CARD")
@as_json
@config_option
@errors_told
def member_show(config_path: Path, member_or_card: str, *, as_json: bool) -> None:
    """Show what is known of a member, found by id or card number."""
    from agent.headoffice.members import show  # noqa: PLC0415

    with opened(config_path) as office:
        shown = show(office, member_or_card)
    if as_json:
        print_json(shown)
        return
    facts = shown["facts"]
    rows = [("status", shown["status"]), ("reason", shown["reason"]), ("tier", facts["tier"])]
    rows += [("segments", ", ".join(facts["segments"]))]
    rows += [(f"balance of {wallet}", balance) for wallet, balance in shown["balances"].items()]
    rows += [(f"owed of {wallet}", points) for wallet, points in shown["owed"].items()]
    rows += [(f"count of {rule}", count["position"]) for rule, count in facts["counts"].items()]
    rows += [("voucher", f"{one['voucher']} {one['id']}") for one in facts["vouchers"]]
    rows += [("card", one["tag"] + (" (blocked)" if one["blocked"] else "")) for one in shown["cards"]]
    print_table(f"member {shown['member']}", ("what", "value"), [row for row in rows if row[1] != ""])


@member.command("block")
@click.argument("member_or_card", metavar="ID-OR-CARD")
@click.option("--reason", default="", help="Why; it stays with the member.")
@config_option
@errors_told
def member_block(config_path: Path, member_or_card: str, reason: str) -> None:
    """Block a member by id, or one card by its number; tills hear of it with their next pull."""
    from agent.headoffice.members import block  # noqa: PLC0415

    with opened(config_path) as office:
        click.echo(f"blocked: {block(office, member_or_card, reason)}")


@member.command("erase")
@click.argument("member_or_card", metavar="ID-OR-CARD")
@click.confirmation_option(prompt="Points, cards and everything said of this member go for good. Go on?")
@config_option
@errors_told
def member_erase(config_path: Path, member_or_card: str) -> None:
    """Erase a member; tills hear of it with their next pull, `status` names those that have not.

    Receipts and points stay in the books under a pseudonym that leads to nobody.
    """
    from agent.headoffice.erasing import erase  # noqa: PLC0415

    with opened(config_path) as office:
        erased = erase(office, member_or_card)
    click.echo(f"erased: {erased}; it counts once the server has written it down, which takes a second")


@member.command("directory")
@as_json
@config_option
@errors_told
def member_directory(config_path: Path, *, as_json: bool) -> None:
    """Make the directory of all members that tills keep; they fetch it with their next pulls.

    Run it every night, and after an erasure.
    """
    from agent.headoffice.directory import make  # noqa: PLC0415

    with opened(config_path) as office:
        made = make(office)
    if as_json:
        print_json(made._asdict())
        return
    mib = 1024 * 1024
    click.echo(
        f"{made.members:,} members as of change {made.cursor:,}: {made.size / mib:,.1f} MiB,"
        f" {made.sent / mib:,.1f} MiB on the wire"
    )


@click.group()
def till() -> None:
    """The tills of the chain."""


@till.command("add")
@click.option("--store", required=True, help="The shop it stands in.")
@click.option("--till", "name", required=True, help="Its name, unique in the chain.")
@as_json
@config_option
@errors_told
def till_add(config_path: Path, *, store: str, name: str, as_json: bool) -> None:
    """Announce a till and print its one-time code, valid for 15 minutes."""
    from agent.headoffice.tills import add_till  # noqa: PLC0415

    with opened(config_path) as office:
        code = add_till(office, store, name)
    if as_json:
        print_json({"store": store, "till": name, "code": code})
    else:
        click.echo(f"on till {name} of store {store}, within 15 minutes:\n  loyalty-agent enrol {code}")


@till.command("reconcile")
@click.argument("name", metavar="TILL")
@click.confirmation_option(prompt="What it still spends of them is lost to the company. Go on?")
@config_option
@errors_told
def till_reconcile(config_path: Path, name: str) -> None:
    """Set points aside again although TILL had allowances that no journal of head office knows."""
    from agent.headoffice.tills import reconcile  # noqa: PLC0415

    with opened(config_path) as office:
        click.echo(f"till {name}: {reconcile(office, name)} allowances given up")


@till.command("list")
@as_json
@config_option
@errors_told
def till_list(config_path: Path, *, as_json: bool) -> None:
    """List the tills and their journals."""
    from agent.headoffice.report import status as make_status  # noqa: PLC0415

    with opened(config_path) as office:
        rows = make_status(office)["tills"]
    if not as_json:
        rows = [{**row, "worst loss": points_told(row["worst_offline_loss"])} for row in rows]
    columns = ("store", "till", "enrolled", "epoch", "state", "version")
    told = (*columns, "worst_offline_loss" if as_json else "worst loss")
    show_rows("tills", told, rows, as_json=as_json)


def points_told(by_wallet: dict[str, int]) -> str:
    """Say how many points of each wallet."""
    return ", ".join(f"{points:,} {wallet}" for wallet, points in by_wallet.items()) or "0"
