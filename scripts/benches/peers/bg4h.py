"""bg4h-discount-api prices articles: run by its own environment's Python, a case in, a figure out.

How our rules are written in its model:

| ours | bg4h-discount-api |
|---|---|
| a line: sku, quantity, amount | a ProductData at amount / quantity, asked for with the quantity |
| `group` of a line, `groups` of a scope | `family` |
| tags of a scope | `key`, which an article has one of: the line's first tag |
| `skus` of a scope | `reference` |
| `take_off = { percent }` | a Promotion of one PromotionLine with that discount |
| `take_off = { per_unit }` | a Promotion of one PromotionLine with a net price |

It prices one article at a time and picks the one most specific promotion for it: no basket, hence no
threshold or amount off the receipt, no points, no stamps, nothing that adds up.  Those rules stay out.  Its
repository is lists in memory, so no database is in the figure.
"""

# mypy: disable-error-code="import-not-found"
# The package lives in an environment of its own.

import json
import statistics
import sys
import time
from datetime import date
from decimal import Decimal
from importlib.metadata import version
from typing import Any

from bg4h_discount_api import ClientData, DiscountCalculator, ProductData, Promotion
from bg4h_discount_api.models import PromotionLine

WARM_UP = 3
CLIENT = "000001"
DAY = date(2026, 11, 24)


class Shelf:
    """The repository that the library asks for: everything in memory."""

    def __init__(self, case: dict[str, Any]) -> None:
        self._products = {str(line["line"]): product_of(line) for line in case["lines"]}
        self._lines: dict[str, list[PromotionLine]] = {
            rule["id"]: [one]
            for rule in case["rules"]
            if (one := promotion_line(rule, self._products, case)) is not None
        }
        self._promotions = [
            Promotion(name, name, date(2026, 1, 1), date(2026, 12, 31)) for name in self._lines
        ]

    @property
    def count(self) -> int:
        """How many rules could be written."""
        return len(self._lines)

    def get_product(self, reference: str) -> ProductData | None:
        """Return one article."""
        return self._products.get(reference)

    def get_client(self, client_code: str) -> ClientData:
        """Return the one customer."""
        return ClientData(client_code)

    def get_discount_header(self, _code: str) -> None:
        """Return no discount table."""

    def get_discount_lines(self, _code: str) -> list[Any]:
        """Return no lines of a discount table."""
        return []

    def get_active_promotions(self, _day: date) -> list[Promotion]:
        """Return all promotions."""
        return self._promotions

    def get_promotion_lines(self, code: str) -> list[PromotionLine]:
        """Return the line of one promotion."""
        return self._lines[code]

    def get_exception_header(self, _client: str) -> None:
        """Return no exception."""

    def get_exception_lines(self, _code: str) -> list[Any]:
        """Return no lines of an exception."""
        return []


def product_of(line: dict[str, Any]) -> ProductData:
    """Turn a line into an article with a price for one unit."""
    price = (Decimal(line["amount_minor"]) / 100 / line["quantity"]).quantize(Decimal("0.01"))
    return ProductData(str(line["line"]), line["sku"], price, family=line["group"], key=line["tags"][0])


def promotion_line(
    rule: dict[str, Any], products: dict[str, ProductData], case: dict[str, Any]
) -> PromotionLine | None:
    """Write a rule as a promotion's line, None where the model has no words for it."""
    scope = {name: values[0] for name, values in rule["scope"].items()}
    if not scope or rule["at_least"] or rule["from"]:
        return None
    if "skus" in scope:
        at = next((line for line in case["lines"] if line["sku"] == scope["skus"]), None)
        if at is None:
            return PromotionLine(None, Decimal("1.00"), reference=scope["skus"])
        one = products[str(at["line"])]
        return PromotionLine(None, one.original_price - Decimal(rule["value"]), reference=one.reference)
    where = {"family": scope.get("groups", ""), "key": scope.get("tags", "")}
    return PromotionLine(Decimal(rule["value"]), None, **where)


def main() -> None:
    """Read a case, time the calculator for a few seconds, print milliseconds and what it took off."""
    case = json.load(sys.stdin)
    shelf = Shelf(case)
    calculator = DiscountCalculator(shelf)
    wanted = [{"reference": str(line["line"]), "quantity": line["quantity"]} for line in case["lines"]]
    times: list[float] = []
    results: list[Any] = []
    deadline = time.monotonic() + case["seconds"]
    while len(times) <= WARM_UP or time.monotonic() < deadline:
        begun = time.process_time()
        results = calculator.calculate_many(wanted, CLIENT, price_date=DAY)
        times.append((time.process_time() - begun) * 1000)
    off = sum(one.original_price * one.quantity - one.final_amount for one in results)
    print(
        json.dumps(
            {
                "peer": f"bg4h-discount-api {version('bg4h-discount-api')}",
                "rules": shelf.count,
                "p50_ms": statistics.median(times[WARM_UP:]),
                "rounds": len(times) - WARM_UP,
                "off_minor": int(off * 100),
            }
        )
    )


if __name__ == "__main__":
    main()
