"""The year of receipts: complete, in the order of time, exact to the cent."""

import itertools
from pathlib import Path

import duckdb
import pytest

from scripts.replay.receipts import Sale, coupons, households, sales
from tests.replay.parts import real_receipts

BASKETS, HOUSEHOLDS, STORES = 155_848, 2_469, 457


@pytest.fixture(scope="module")
def data() -> Path:
    return real_receipts()


def asked(data: Path, what: str, where: str) -> object:
    """Ask the data itself, past our reader."""
    query = f"SELECT {what} FROM read_parquet(?) WHERE {where}"  # noqa: S608 - words of this file
    return duckdb.connect().execute(query, [str(data / "transactions.parquet")]).fetchone()


def some(count: int = 300) -> list[Sale]:
    return list(sales(households(count), count))


@pytest.mark.long
def test_the_whole_year_is_read_and_no_cent_of_it_is_lost(data: Path) -> None:
    baskets, lines, cents, stores, people = set(), 0, 0, set(), set()
    latest = None
    for sale in sales(households(None), None):
        assert latest is None or sale.sold_at >= latest
        latest = sale.sold_at
        baskets.add(sale.basket_id)
        stores.add(sale.store)
        people.add(sale.household)
        lines += len(sale.lines)
        cents += sum(int(str(line["amount_minor"])) for line in sale.lines)
    told = asked(data, "count(*), sum(round(sales_value * 100))::BIGINT", "true")
    assert (len(baskets), len(people), len(stores)) == (BASKETS, HOUSEHOLDS, STORES)
    assert (lines, cents) == told


def test_rounding_to_cents_changes_no_amount_of_the_data(data: Path) -> None:
    off = "abs(sales_value * 100 - round(sales_value * 100)) > 1e-6 OR sales_value < 0"
    assert asked(data, "count(*)", off) == (0,)


def test_money_is_whole_cents_and_never_below_nothing(data: Path) -> None:
    for sale in some():
        for line in sale.lines:
            assert isinstance(line["amount_minor"], int)
            assert isinstance(line["pos_discount_minor"], int)
            assert line["amount_minor"] >= 0
            assert int(str(line["quantity"])) >= 1


def test_lines_are_numbered_from_one(data: Path) -> None:
    assert all([line["line"] for line in sale.lines] == [*range(1, len(sale.lines) + 1)] for sale in some())


def test_a_limit_gives_just_so_many_in_the_order_of_time(data: Path) -> None:
    taken = some(200)
    assert len(taken) == 200
    assert all(one.sold_at <= other.sold_at for one, other in itertools.pairwise(taken))


def test_the_same_question_is_answered_the_same(data: Path) -> None:
    assert some(50) == some(50)


def test_every_redeemed_coupon_of_the_year_is_read_and_none_of_another_household(data: Path) -> None:
    assert len(coupons(households(None))) == 2_102
    few = households(500)
    found = coupons(few)
    assert found
    assert {one.household for one in found} <= set(few)


def test_few_households_are_followed_for_long(data: Path) -> None:
    assert len(households(200)) < 20
    assert len(households(None)) == HOUSEHOLDS
