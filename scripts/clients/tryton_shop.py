"""A Tryton 8.2 shop with one point of sale, in memory: accounts, two products, cash and points as tenders.

Runs in an environment of its own (`scripts/locks/tryton.txt`), as a shop's POS does.
"""

from decimal import Decimal
from typing import Any, NamedTuple

from proteus import Model
from trytond.modules.account.tests.tools import create_chart, create_fiscalyear, get_accounts
from trytond.modules.account_invoice.tests.tools import set_fiscalyear_invoice_sequences
from trytond.modules.company.tests.tools import create_company
from trytond.tests.tools import activate_modules

CENT = Decimal("0.01")


class Shop(NamedTuple):
    """What a cashier works with, and the accounts that the money ends up in."""

    point: Any
    products: dict[str, Any]
    cash: Any
    points: Any
    accounts: dict[str, Any]


def open_shop() -> Shop:
    """Set a shop up as its owner would; the modules come from the cache if they were activated before."""
    activate_modules("sale_point", create_company, create_chart)
    year = set_fiscalyear_invoice_sequences(create_fiscalyear())
    year.click("create_period")
    accounts = get_accounts()
    accounts["points"], *_ = accounts["cash"].duplicate(default={"name": "Points redeemed"})
    return Shop(
        _point(),
        {name: _product(name, accounts) for name in ("milk", "soap", "rebate")},
        _tender("Cash", accounts["cash"], is_cash=True),
        _tender("Points", accounts["points"], is_cash=False),
        accounts,
    )


def sale_of(shop: Shop, lines: list[tuple[str, int, Decimal]]) -> Any:
    """Ring up lines of (product, quantity, unit price); a negative quantity takes goods back."""
    sale = Model.get("sale.point.sale")(point=shop.point)
    for name, quantity, price in lines:
        line = sale.lines.new()
        line.product = shop.products[name]
        line.quantity = quantity
        line.unit_gross_price = line.unit_list_price = price
    sale.save()
    return sale


def pay(sale: Any, tender: Any, amount: Decimal) -> None:
    """Take one tender; the sale is done as soon as nothing is left to pay."""
    payment = sale.click("pay")
    payment.form.method = tender
    payment.form.amount = amount
    payment.execute("pay")


def taken(shop: Shop, account: str) -> int:
    """Return what was taken into an account, in cents."""
    one = shop.accounts[account]
    one.reload()
    return int((one.debit - one.credit) / CENT)


def _point() -> Any:
    location, sequence = Model.get("stock.location"), Model.get("ir.sequence.strict")
    point = Model.get("sale.point")(name="Till 1")
    (point.journal,) = Model.get("account.journal").find([("type", "=", "revenue")], limit=1)
    point.sequence = sequence(name="Till 1", company=point.company)
    (point.sequence.sequence_type,) = Model.get("ir.sequence.type").find([("name", "=", "POS")], limit=1)
    point.sequence.save()
    (point.storage_location,) = location.find([("code", "=", "STO")])
    (point.customer_location,) = location.find([("code", "=", "CUS")])
    (point.return_location,) = location.find([("code", "=", "IN")])
    point.save()
    return point


def _product(name: str, accounts: dict[str, Any]) -> Any:
    category = Model.get("product.category")(name=f"Accounts of {name}", accounting=True)
    category.account_revenue = accounts["revenue"]
    category.save()
    template = Model.get("product.template")(name=name, type="service" if name == "rebate" else "goods")
    (template.default_uom,) = Model.get("product.uom").find([("name", "=", "Unit")])
    template.salable, template.account_category = True, category
    template.gross_price = template.list_price = Decimal(1)
    template.save()
    return template.products[0]


def _tender(name: str, account: Any, *, is_cash: bool) -> Any:
    tender = Model.get("sale.point.payment.method")(name=name, account=account, cash=is_cash)
    tender.save()
    return tender
