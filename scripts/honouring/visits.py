"""The real year as visits: who bought for how much, where, when, and whether points were to pay.

A receipt is one line with its sum here: the programme of this run asks for nothing else, and all its lines
would only be added up again.  The data knows no tills: a basket's number chooses one of its store's.
"""

from datetime import date, datetime
from typing import NamedTuple

import duckdb

from scripts.replay.receipts import data_folder
from scripts.replay.seeded import choices

YEAR = """
SELECT basket_id, household_id, store_id, min(transaction_timestamp) AS sold_at,
       sum(greatest(0, round(sales_value * 100)))::BIGINT AS amount
  FROM '{folder}/transactions.parquet' GROUP BY ALL ORDER BY sold_at, basket_id
"""


class Visit(NamedTuple):
    """One receipt; `amount` in cents, `wishes`: the customer would pay with all the points there are."""

    receipt: int
    member: str
    store: int
    till: int
    sold_at: datetime
    day: date
    amount: int
    wishes: bool


def visits(*, seed: int, tills: int, weeks: int | None) -> list[Visit]:
    """Return the year's visits in the order of time, the first `weeks` of them or all.

    Raises:
        FileNotFoundError: the data is not installed.
    """
    rows = duckdb.connect().execute(YEAR.format(folder=data_folder())).fetchall()
    found: list[Visit] = []
    for basket, household, store, sold_at, amount in rows:
        day = sold_at.date()
        if weeks is not None and found and (day - found[0].day).days >= 7 * weeks:
            break
        wishes = choices(seed, basket).wishes_to_pay
        found.append(Visit(basket, f"h{household}", store, basket % tills, sold_at, day, amount, wishes))
    return found
