"""The data's coupon campaigns as personal coupons of a programme: who got which, for how long.

The data says which households a campaign reached, which coupons it had for which products, and which of
them were redeemed.  What it does not say comes from the seed: a coupon's face value, and which other
coupons of the campaign a household held besides those that it redeemed.
"""

from collections import defaultdict
from random import Random
from typing import Any, NamedTuple

import duckdb

from agent.loyalty.member import Voucher
from scripts.replay.receipts import data_folder

MOST_PRODUCTS = 200
"""Coupons for more products than this are store-wide campaigns of thousands of goods; they stay out."""
COUPONS = 100
"""So many coupons, those most often redeemed, become vouchers of the programme."""
HELD_BESIDES = 4
COUPON = "upc"
"""What the name of a coupon's voucher begins with."""
FACES = ("0.50", "0.75", "1.00", "1.50", "2.00")


class Campaigns(NamedTuple):
    """The coupons as words of a programme, and each household's own."""

    words: str
    held: dict[int, list[Voucher]]
    redeemed: int
    """Redemptions in the data of the coupons that are here."""


def campaigns(seed: int) -> Campaigns:
    """Read the campaigns; the same seed gives the same coupons."""
    goods = _goods()
    chance = Random(seed)
    words = [_word(upc, skus, chance.choice(FACES)) for upc, skus in goods.items()]
    held, redeemed = _held(sorted(goods), seed)
    return Campaigns("".join(words), held, redeemed)


def _goods() -> dict[int, list[str]]:
    rows = _rows(
        """
        SELECT coupon_upc, list(DISTINCT product_id::VARCHAR ORDER BY product_id::VARCHAR) FROM coupons
         GROUP BY coupon_upc
        HAVING count(DISTINCT product_id) <= ?
         ORDER BY (SELECT count(*) FROM redemptions r WHERE r.coupon_upc = coupons.coupon_upc) DESC,
               coupon_upc
         LIMIT ?
        """,
        [MOST_PRODUCTS, COUPONS],
    )
    return {int(upc): list(skus) for upc, skus in rows}


def _word(upc: int, skus: list[str], face: str) -> str:
    goods = ", ".join(f'"{one}"' for one in skus)
    name = f'{{ en = "Coupon {upc}", ru = "Купон {upc}", fi = "Kuponki {upc}" }}'
    scope = f"{{ skus = [{goods}] }}"
    return f'[voucher.{COUPON}{upc}]\nname = {name}\nscope = {scope}\ntake_off = {{ amount = "{face}" }}\n'


def _held(coupons: list[int], seed: int) -> tuple[dict[int, list[Voucher]], int]:
    """Return every household's coupons: what it redeemed for certain, and some others of its campaigns."""
    offered: dict[int, list[int]] = defaultdict(list)
    sql = (
        "SELECT DISTINCT campaign_id, coupon_upc FROM coupons WHERE list_contains(?, coupon_upc) ORDER BY ALL"
    )
    for campaign, upc in _rows(sql, [coupons]):
        offered[campaign].append(upc)
    sql = "SELECT household_id, campaign_id, coupon_upc FROM redemptions WHERE list_contains(?, coupon_upc)"
    redemptions = _rows(sql, [coupons])
    used: dict[tuple[int, int], set[int]] = defaultdict(set)
    for household, campaign, upc in redemptions:
        used[household, campaign].add(upc)
    sql = "SELECT household_id, campaign_id, start_date, end_date FROM campaigns ORDER BY ALL"
    held: dict[int, list[Voucher]] = defaultdict(list)
    for household, campaign, start, end in _rows(sql, []):
        sure = used[household, campaign]
        others = [one for one in offered[campaign] if one not in sure]
        besides = Random(f"{seed}/{household}/{campaign}").sample(others, min(HELD_BESIDES, len(others)))
        held[household] += [
            Voucher(f"{COUPON}{upc}", f"{household}-{campaign}-{upc}", start.date(), end.date())
            for upc in sorted({*sure, *besides})
        ]
    return held, len(redemptions)


def _rows(sql: str, values: list[object]) -> list[tuple[Any, ...]]:
    """Ask the tables of the campaigns."""
    data = data_folder()
    connection = duckdb.connect()
    for table, of in (
        ("coupons", f"'{data}/coupons.parquet'"),
        ("redemptions", f"'{data}/coupon_redemptions.parquet'"),
        (
            "campaigns",
            f"'{data}/campaigns.parquet' JOIN '{data}/campaign_descriptions.parquet' USING (campaign_id)",
        ),
    ):
        connection.execute(f"CREATE VIEW {table} AS SELECT * FROM {of}")
    return connection.execute(sql, values).fetchall()
