"""django-oscar prices a basket: run by its own environment's Python, a case on stdin, a figure on stdout.

How our rules are written in its model (`apps/offer`):

| ours | django-oscar |
|---|---|
| a line: sku, quantity, amount | a Product with a StockRecord at amount / quantity, rounded to a cent |
| scope (groups, tags, skus) | a Range of the products in it; all of them where the rule names none |
| `take_off = { percent }` on lines | Condition "Count 1" and Benefit "Percentage" on that Range |
| `take_off = { per_unit }` | the same with Benefit "Fixed", an amount off each unit |
| `take_off = { amount }`, `when.amount` | Condition "Value" and Benefit "Absolute" on all products |
| `when.from` | `start_datetime` |
| rules that add up | `exclusive` false and every other offer in `combinations` |
| once per receipt | `max_basket_applications` 1 |

It knows no points, stamps, cards, caps per receipt, "best of a group"; those rules stay out, and our side
of the figure says which.  Its database is SQLite in memory, the cheapest it can have; only
`Applicator.apply` on a basket already loaded is timed (CPU time), as its middleware calls it on each request.
"""

# mypy: disable-error-code="import-not-found"
# The packages below live in an environment of their own.

import json
import statistics
import sys
import time
from decimal import Decimal
from importlib.metadata import version
from typing import Any

WARM_UP = 1
LEAST_ROUNDS = 5


def configure() -> None:
    """Set Django up as django-oscar's own documents say, with everything that can be in memory there."""
    import django  # noqa: PLC0415
    import oscar  # noqa: PLC0415
    from django.conf import settings  # noqa: PLC0415
    from oscar import defaults  # noqa: PLC0415

    settings.configure(
        **{name: value for name, value in vars(defaults).items() if name.startswith("OSCAR_")},
        SECRET_KEY="of a database in memory",  # noqa: S106
        USE_TZ=True,
        SITE_ID=1,
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        HAYSTACK_CONNECTIONS={"default": {"ENGINE": "haystack.backends.simple_backend.SimpleEngine"}},
        # Without the pages of its search and the administration, which nobody opens here.
        INSTALLED_APPS=[
            "django.contrib.admin.apps.SimpleAdminConfig" if app == "django.contrib.admin" else app
            for app in oscar.INSTALLED_APPS
            if app != "haystack"
        ],
    )
    django.setup()
    from django.core.management import call_command  # noqa: PLC0415

    call_command("migrate", run_syncdb=True, verbosity=0)


def products_of(case: dict[str, Any]) -> dict[str, Any]:
    """Make a product with a price for every sku of the case."""
    from oscar.test.factories import create_product  # noqa: PLC0415

    made: dict[str, Any] = {}
    for line in case["lines"]:
        price = (Decimal(line["amount_minor"]) / 100 / line["quantity"]).quantize(Decimal("0.01"))
        made[line["line"]] = create_product(
            upc=f"{line['sku']}-{line['line']}", price=price, num_in_stock=1000
        )
    return made


def basket_of(case: dict[str, Any], products: dict[str, Any]) -> Any:
    """Fill a basket as a customer would."""
    from oscar.core.loading import get_class, get_model  # noqa: PLC0415

    basket = get_model("basket", "Basket").objects.create()
    basket.strategy = get_class("partner.strategy", "Selector")().strategy()
    for line in case["lines"]:
        basket.add_product(products[line["line"]], quantity=line["quantity"])
    return basket


def offers_of(case: dict[str, Any], products: dict[str, Any]) -> None:
    """Write the rules as offers that add up."""
    from django.utils.dateparse import parse_datetime  # noqa: PLC0415
    from oscar.core.loading import get_model  # noqa: PLC0415

    ranges, conditions = get_model("offer", "Range").objects, get_model("offer", "Condition").objects
    benefits, offers = get_model("offer", "Benefit").objects, get_model("offer", "ConditionalOffer").objects
    made = []
    for number, rule in enumerate(case["rules"]):
        where = ranges.create(name=rule["id"], includes_all_products=not rule["scope"])
        if rule["scope"]:
            where.included_products.add(
                *(products[line["line"]] for line in case["lines"] if in_scope(line, rule["scope"]))
            )
        least = rule["at_least"]
        made.append(
            offers.create(
                name=rule["id"],
                condition=conditions.create(
                    range=where, type="Value" if least else "Count", value=least or 1
                ),
                benefit=benefits.create(range=where, type=rule["verb"], value=rule["value"]),
                exclusive=False,
                priority=len(case["rules"]) - number,
                max_basket_applications=1,
                start_datetime=parse_datetime(rule["from"]) if rule["from"] else None,
            )
        )
    for offer in made:
        offer.combinations.add(*(other for other in made if other is not offer))


def in_scope(line: dict[str, Any], scope: dict[str, list[str]]) -> bool:
    """Tell whether every named list of a scope holds one of the line's values."""
    values = {"groups": {line["group"]}, "tags": set(line["tags"]), "skus": {line["sku"]}}
    return all(values[name] & set(wanted) for name, wanted in scope.items())


def main() -> None:
    """Read a case, time the applicator for a few seconds, print milliseconds and what it took off."""
    case = json.load(sys.stdin)
    configure()
    from oscar.core.loading import get_class  # noqa: PLC0415

    products = products_of(case)
    offers_of(case, products)
    basket = basket_of(case, products)
    applicator = get_class("offer.applicator", "Applicator")()
    times: list[float] = []
    deadline = time.monotonic() + case["seconds"]
    while len(times) < LEAST_ROUNDS + WARM_UP or time.monotonic() < deadline:
        basket.reset_offer_applications()
        begun = time.process_time()
        applicator.apply(basket)
        times.append((time.process_time() - begun) * 1000)
    print(
        json.dumps(
            {
                "peer": f"django-oscar {version('django-oscar')}",
                "p50_ms": statistics.median(times[WARM_UP:]),
                "rounds": len(times) - WARM_UP,
                "applied": len(basket.applied_offers()),
                "off_minor": int(basket.total_discount * 100),
            }
        )
    )


if __name__ == "__main__":
    main()
