"""Tryton sells, earns, redeems, leaves and takes back through our door: SOCKET CARD; prints one JSON object.

The adapter that a shop would write: our quote before the payment, our hold before the points tender, our
commit when Tryton calls the sale done, with its number as the fiscal one.
"""

import http.client
import json
import socket
import sys
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from scripts.clients.tryton_shop import CENT, Shop, open_shop, pay, sale_of, taken

GROUPS = {"milk": "GROCERY", "soap": "DRUG GM"}


class Till(http.client.HTTPConnection):
    """HTTP over the agent's Unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=10)
        self._path = path

    def connect(self) -> None:
        """Open the socket."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)

    def call(self, method: str, path: str, body: Any) -> dict[str, Any]:
        """Make one call that must be answered with 200."""
        self.request(method, path, json.dumps(body))
        response = self.getresponse()
        answer: dict[str, Any] = json.loads(response.read())
        if response.status != 200:
            raise RuntimeError(f"{path}: {response.status} {answer}")
        return answer


class Checkout:
    """One Tryton sale and its receipt at the till."""

    def __init__(self, till: Till, shop: Shop, card: str, lines: list[tuple[str, int, Decimal]]) -> None:
        self._till, self._shop, self._goods = till, shop, lines
        self.sale = sale_of(shop, lines)
        self.receipt = f"tryton-{self.sale.id}"
        known = till.call("POST", "/v1/identifications", {"value": card, "entry_mode": "Scanned"})
        self._token = known["identification_id"]

    def quote(self, redeem: int = 0) -> dict[str, Any]:
        """Ask what it gives, and ring our rebates up as a line of their own."""
        hello = self._till.call("GET", "/v1/hello", None)
        self._basket = {
            "receipt_id": self.receipt,
            "sold_at": datetime.now(UTC).isoformat(),
            "store": hello["store"],
            "till": hello["till"],
            "currency": "USD",
            "lines": [
                {
                    "line": number,
                    "sku": name,
                    "group": GROUPS[name],
                    "quantity": str(quantity),
                    "amount_minor": int(quantity * price / CENT),
                }
                for number, (name, quantity, price) in enumerate(self._goods, 1)
            ],
            "instruments": [self._token],
            **({"redeem": {"points": redeem}} if redeem else {}),
        }
        self._quote = self._till.call("PUT", self._path("quote"), self._basket)
        rebate = sum(one["amount_minor"] for line in self._quote["lines"] for one in line.get("rebates", []))
        if rebate:
            line = self.sale.lines.new()
            line.product, line.quantity = self._shop.products["rebate"], 1
            line.unit_gross_price = line.unit_list_price = rebate * CENT
            self.sale.save()
        return self._quote

    def hold(self) -> None:
        """Set the points aside while the customer pays."""
        self._till.call("PUT", self._path("hold"), {"etag": self._quote["etag"], "basket": self._basket})

    def pay_and_commit(self) -> dict[str, Any]:
        """Take points, then cash for the rest; book the receipt when Tryton has."""
        by_points = sum(one["amount_minor"] for line in self._quote["lines"] for one in line.get("paid", []))
        if by_points:
            pay(self.sale, self._shop.points, by_points * CENT)
        pay(self.sale, self._shop.cash, self._quote["due_minor"] * CENT)
        assert self.sale.state == "done", self.sale.state
        tenders = [{"kind": "cash", "amount_minor": self._quote["due_minor"]}]
        told = {
            "etag": self._quote["etag"], "basket": self._basket, "tenders": tenders,
            "fiscal": self.sale.number,
        }  # fmt: skip
        return self._till.call("POST", self._path("commit"), told)

    def leave(self) -> dict[str, Any]:
        """The customer goes without paying."""
        self.sale.delete()
        return self._till.call("POST", self._path("void"), {"reason": "left"})

    def take_back(self, line: int) -> dict[str, Any]:
        """Take one line back: our answer says how much money the customer gets."""
        asked = {"lines": [{"line": line}], "returned_at": datetime.now(UTC).isoformat()}
        told = self._till.call("PUT", self._path(f"returns/{self.receipt}-b"), asked)
        name, quantity, _ = self._goods[line - 1]
        back = sale_of(self._shop, [(name, -1, told["refund_minor"] * CENT)])
        assert quantity == 1, "a line of one article"
        payment = back.payments.new()
        payment.method = self._shop.cash
        back.save()
        back.click("process")
        assert back.state == "done", back.state
        return told

    def _path(self, what: str) -> str:
        return f"/v1/receipts/{self.receipt}/{what}"


def main(path: str, card: str) -> None:
    """Lose a customer, sell for points and for cash, take goods back; then let Tryton book the sales."""
    till, shop = Till(path), open_shop()
    leaving = Checkout(till, shop, card, [("milk", 1, Decimal("5.00"))])
    leaving.quote(redeem=200)
    leaving.hold()
    left = leaving.leave()
    paying = Checkout(till, shop, card, [("milk", 1, Decimal("20.00"))])
    paying.quote(redeem=300)
    paying.hold()
    paid = paying.pay_and_commit()
    earning = Checkout(till, shop, card, [("milk", 3, Decimal("10.00")), ("soap", 1, Decimal("8.00"))])
    quoted = earning.quote()
    committed = earning.pay_and_commit()
    returned = earning.take_back(2)
    for one in (earning, paying):
        one.sale.click("post")
    print(
        json.dumps(
            {
                "quoted": quoted["due_minor"],
                "committed": committed,
                "paid": paid,
                "left": left["state"],
                "returned": returned,
                "numbers": [earning.sale.number, paying.sale.number],
                "receipts": [earning.receipt, paying.receipt, leaving.receipt],
                "cash": taken(shop, "cash"),
                "points": taken(shop, "points"),
            }
        )
    )


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
