"""The report as tables: what the figures look like to a person."""

from typing import Any

from agent.cli.output import print_table


def show_report(report: dict[str, Any], *, plan: int | None = None) -> None:
    """Print every part of a report, shares held against a plan in percent if there is one."""
    print_table(
        "identified receipts by shop",
        ("store", "receipts", "identified", "share"),
        [_share(row, "store") for row in report["identified_by_shop"]],
    )
    print_table(
        "identified receipts by cashier",
        ("store", "cashier", "receipts", "identified", "share"),
        [_share(row, "store", "cashier") for row in report["identified_by_cashier"]],
    )
    _show_ranking(report["ranking"], plan)
    _show_some("prompts", ("code", "rule", "cashier", "shown", "taken", "declined"), report)
    print_table(
        "members and others",
        ("currency", "who", "people", "receipts", "average receipt", "average items"),
        [
            (
                row["currency"],
                row["who"],
                f"{row['people']:,}",
                f"{row['receipts']:,}",
                f"{row['average_due_minor'] // 100:,}.{row['average_due_minor'] % 100:02}",
                f"{row['average_items_tenths'] // 10}.{row['average_items_tenths'] % 10}",
            )
            for row in report["members_and_others"]
        ],
    )
    columns = (
        "wallet", "opening", "issued", "awarded", "spent", "adjusted", "transferred", "expired",
        "outstanding", "members",
    )  # fmt: skip
    print_table("points", columns, [[_number(row[column]) for column in columns] for row in report["points"]])
    _show_some("turned_into", ("turned_into", "wallet", "receipts", "points", "amount_minor"), report)
    _show_some("partners", ("partner", "wallet", "issued", "redeemed", "settlement_minor"), report)
    print_table(
        "top rules",
        ("rule", "receipts", "rebates", "points"),
        [
            [_number(row[column]) for column in ("rule", "receipts", "rebate_minor", "points")]
            for row in report["top_rules"]
        ],
    )
    print_table("differences", ("kind", "receipts"), list(report["differences"].items()))
    _show_offline(report["offline"])


def _show_ranking(ranking: dict[str, Any], plan: int | None) -> None:
    titles = {
        "shops": "shops by identified receipts",
        "cashiers": "cashiers by identified receipts",
        "prompts": "cashiers by prompts taken",
    }
    columns = ("", "who", "of", "share", *(["against plan"] if plan is not None else []))
    for part, title in titles.items():
        rows = [(end, row) for end in ("best", "worst") for row in ranking[part][end]]
        if rows:
            print_table(title, columns, [[end, *_ranked(row, plan)] for end, row in rows])


def _ranked(row: dict[str, Any], plan: int | None) -> list[str]:
    share = row["permille"]
    told = [row["who"], f"{row['of']:,}", f"{share // 10}.{share % 10} %"]
    if plan is not None:
        apart = share - 10 * plan
        sign = "+" if apart > 0 else "\N{MINUS SIGN}" if apart else ""
        told.append(f"{sign}{abs(apart) // 10}.{abs(apart) % 10}")
    return told


def _show_offline(offline: dict[str, Any]) -> None:
    """Print what spending offline may cost and has cost, where a wallet is limited or a till was given up."""
    titles = {
        "worst": "worst loss offline, in points",
        "realised": "spent beyond allowances, in points",
        "company_loss": "company loss by lost tills, in points",
    }
    for part, title in titles.items():
        if rows := offline[part]:
            columns = tuple(rows[0])
            print_table(title, columns, [[_number(row[column]) for column in columns] for row in rows])


def _show_some(part: str, columns: tuple[str, ...], report: dict[str, Any]) -> None:
    """Print a part of a report that many programmes do not have, where it has rows."""
    if report[part]:
        rows = [[_number(row[column]) for column in columns] for row in report[part]]
        print_table(part.replace("_", " "), columns, rows)


def _share(row: dict[str, Any], *names: str) -> tuple[Any, ...]:
    permille = row["identified_permille"]
    return (
        *(row[name] for name in names),
        f"{row['receipts']:,}",
        f"{row['identified']:,}",
        f"{permille // 10}.{permille % 10} %",
    )


def _number(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)
