"""The summary that a person reads after the demo."""

from rich.console import Console
from rich.table import Table

from scripts.replay.compare import Outcome

FAULTS_SHOWN = 20


def show(console: Console, outcome: Outcome) -> None:
    """Print what happened, the top rules, and whether both ends agree."""
    figures = outcome.figures
    table = Table(title="What happened", title_justify="left", show_header=False)
    rate = figures["receipts"] / outcome.sold_s if outcome.sold_s else 0
    share = 100 * figures["identified"] / figures["receipts"] if figures["receipts"] else 0
    for name, value in (
        ("receipts committed", f"{figures['receipts']}  ({rate:.0f} a second)"),
        ("identified", f"{figures['identified']}  ({share:.1f} %)"),
        ("points earned / spent", f"{figures['earned']} / {figures['redeemed']}"),
        ("points outstanding", f"{outcome.outstanding}  (member by member, at every till and head office)"),
        ("voided / returned", f"{figures['voided']} / {figures['returned']}"),
        ("entries at head office", figures["entries"]),
        ("last entry in after", f"{outcome.lag_s:.1f} s"),
        ("facts older at the till", f"{figures['facts_stale']}  (expected while the line is cut)"),
        (
            "vouchers used twice",
            f"{outcome.report['differences'].get('voucher_twice', 0)}  (likewise, to settle)",
        ),
    ):
        table.add_row(name, str(value))
    console.print(table)
    rules = Table(title="Top rules", title_justify="left")
    for column in ("rule", "receipts", "rebates (cents)", "points"):
        rules.add_column(column)
    for row in outcome.report["top_rules"][:8]:
        rules.add_row(row["rule"], str(row["receipts"]), str(row["rebate_minor"]), str(row["points"]))
    console.print(rules)
    for fault in outcome.faults[:FAULTS_SHOWN]:
        console.print(f"[red]wrong[/red]: {fault}", highlight=False)
    verdict = "[green]both ends agree[/green]" if outcome.ok else "[red]the ends do not agree[/red]"
    console.print(
        f"{verdict}: differences {figures['differences']}, lost {figures['lost']},"
        f" duplicated {figures['duplicated']}"
    )
