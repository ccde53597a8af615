"""The figures, and that their SQL is the same on another database."""

from typing import Any

import duckdb
import pytest

from agent.headoffice.delta import page
from agent.headoffice.office import Office
from agent.headoffice.report import report, status
from agent.headoffice.store import figures
from agent.sync.wire import Delta, Pull
from tests.headoffice.test_allowances import ask, given
from tests.headoffice.till_end import StillClock, TillEnd, basket, book

KINDS = {"BLOB": "BLOB", "INTEGER": "BIGINT", "TEXT": "VARCHAR"}


@pytest.fixture
def busy(office: Office, till: TillEnd) -> Office:
    """Two identified receipts (one redeems, one is voided) and an anonymous one."""
    answer = page(office, till.name, Pull(till.incarnation, 0))
    assert isinstance(answer, Delta)
    facts = answer.members[0].facts
    number = given(ask(office, till, 600)).number
    till.sell(basket("r-1", 1000, 1000, redeem=600), facts, allowance=number)
    till.sell(basket("r-2", 500))
    for entry in till.sell(basket("r-3", 900), facts):
        till.reverse(entry, "" if entry.kind == "RECEIPT" else f"{entry.kind}/{entry.part}")
    till.push(office)
    book(office)
    return office


def test_the_report_counts_what_was_sold_and_leaves_out_what_was_voided(busy: Office) -> None:
    made = report(busy)
    assert made["identified_by_shop"] == [
        {"store": "12", "receipts": 2, "identified": 1, "identified_permille": 500}
    ]
    assert [row["cashier"] for row in made["identified_by_cashier"]] == ["anna"]
    assert made["identified_by_day"] == [
        {"day": "2026-11-24", "receipts": 2, "identified": 1, "identified_permille": 500}
    ]
    members, others = made["members_and_others"]
    assert (members["who"], members["average_due_minor"], members["average_items_tenths"]) == (
        "members",
        1400,
        20,
    )
    assert (others["who"], others["average_due_minor"], others["people"]) == ("others", 500, 0)
    (points,) = made["points"]
    assert (points["opening"], points["issued"], points["spent"], points["outstanding"]) == (
        800,
        14,
        600,
        214,
    )
    assert made["top_rules"] == [{"rule": "base", "receipts": 1, "rebate_minor": 0, "points": 14}]
    assert made["receipts"] == {"committed": 2, "voided": 1}


def test_points_of_the_past_are_expired_not_outstanding(busy: Office, clock: StillClock) -> None:
    clock.advance(days=300)
    (points,) = report(busy)["points"]
    assert (points["expired"], points["outstanding"]) == (200, 14)


def test_status_names_every_till_and_how_long_it_was_silent(busy: Office, clock: StillClock) -> None:
    clock.advance(minutes=2)
    made = status(busy)
    (till,) = made["tills"]
    assert (till["till"], till["state"], till["silent_s"], till["booked"]) == ("12-1", "ACTIVE", 120, 12)
    assert (made["members"], made["entries"]) == (2, 12)


def copy_to(other: duckdb.DuckDBPyConnection, office: Office, table: str) -> None:
    copied = [tuple(row) for row in office.store.rows(f"SELECT * FROM {table}")]  # noqa: S608
    named = office.store.rows("SELECT name, type FROM pragma_table_info(?)", (table,))
    columns = [f'"{row["name"]}" {KINDS[row["type"]]}' for row in named]
    other.execute(f"CREATE TABLE {table} ({', '.join(columns)})")
    marks = ", ".join("?" * len(columns))
    if copied:
        other.executemany(f"INSERT INTO {table} VALUES ({marks})", copied)  # noqa: S608


def test_every_figure_is_the_same_on_duckdb(busy: Office) -> None:
    texts: dict[str, str] = {name: text for name, text in vars(figures).items() if name.isupper()}
    assert len(texts) >= 8
    with duckdb.connect(":memory:") as other:
        for table in ("receipt", "receipt_rule", "receipt_spent", "entry", "lot", "settlement", "movement"):
            copy_to(other, busy, table)
        for name, text in texts.items():
            values: list[Any] = ["2027-03-01"] * text.count("?")
            ours = [tuple(row) for row in busy.store.rows(text, values)]
            assert other.execute(text, values).fetchall() == ours, name
