"""What a rule does: take off, earn, multiply, pay, count, give.  One verb a rule, a count beside it."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from agent.loyalty.language.grammar import Count, Decimal, Id, Period, Table
from agent.loyalty.language.where import Scope


class TakeOff(Table, frozen=True):
    """Exactly one of percent, amount, per_unit, set_price, cheapest_free.

    `max` is per receipt, `floor` the least price of a unit.  `units` limits what is taken off to so many
    units (`pick` says which) and is the size of a bundle: so many units for `set_price`, or with
    `cheapest_free` of them for nothing; without `units`, `set_price` is the price of each unit.  `each`
    makes a bundle of one unit from each scope instead; the discount falls on those in the rule's scope.
    A `count` beside it makes bundles of `size` units, of which `pick` names those taken off from.
    """

    percent: Decimal | None = None
    amount: Decimal | None = None
    per_unit: Decimal | None = None
    set_price: Decimal | None = None
    cheapest_free: Count | None = None
    max: Decimal | None = None
    floor: Decimal | None = None
    units: Count | None = None
    each: list[str | Scope] = []
    pick: Literal["dearest", "cheapest", "nth"] | None = None


class Earn(Table, frozen=True):
    """Points per `every` of money, per unit, per receipt or per unit of a line's attribute; `max` a receipt.

    `per = "attribute:distance"` reads the line's attribute of that name.  In a wallet of stored value
    `points` are money.
    """

    points: Decimal
    wallet: str = ""
    per: Annotated[
        str,
        Meta(
            pattern=r"^(money|unit|receipt|attribute:[A-Za-z0-9_-]{1,32})$",
            examples=["money", "unit", "receipt", "attribute:distance"],
        ),
    ] = "money"
    every: Decimal = "1.00"
    whole_steps: bool = False
    max: Decimal | None = None


class Multiply(Table, frozen=True):
    """Earned points of a wallet times `by`; how several on one line combine is their `mode`."""

    by: Decimal
    wallet: str = ""
    mode: Literal["best", "sum", "product"] = "best"


class Pay(Table, frozen=True):
    """Points as payment; `max` is money, `max_share` a part of the scope's amount ("0.30").

    `catalogue` names the points price of a unit by SKU; `all_or_nothing` is its default.  `into` turns
    points into something else than goods (cash, a fund's donation); `confirm` asks the customer first.
    """

    wallet: str = ""
    min_balance: Count | None = None
    block: Count | None = None
    max: Decimal | None = None
    max_share: Decimal | None = None
    catalogue: dict[str, Count] = {}
    all_or_nothing: bool | None = None
    into: str = ""
    confirm: bool = False


class Counting(Table, frozen=True):
    """Visits, units or earned points until `size` makes a reward; at most `guard_per_day` a day.

    `in` says where the count lives: with the member from receipt to receipt, or in this receipt alone.
    """

    of: Annotated[
        str,
        Meta(
            pattern=r"^(visits|units|earned:[A-Za-z0-9_-]{1,48})$",
            examples=["visits", "units", "earned:points"],
        ),
    ]
    size: Count
    in_: Literal["member", "receipt"] = msgspec.field(name="in", default="member")
    guard_per_day: Count | None = None


class GiveLot(Table, frozen=True):
    """Points given for an event rather than for a line."""

    points: Decimal | Count
    wallet: str = ""
    expires: Period | None = None


class Giving(Table, frozen=True):
    """Exactly one of a lot, a voucher, stored value, free goods, a benefit and a lottery ticket.

    `cost` are points of `cost_wallet` (or the only points wallet) that stored value is bought with;
    `wallet` is where stored value goes.  `free` names a SKU that costs nothing on this receipt.
    """

    lot: GiveLot | None = None
    voucher: str | None = None
    stored_value: Decimal | None = None
    wallet: str = ""
    cost: Count | None = None
    cost_wallet: str = ""
    free: str | None = None
    benefit: Id | None = None
    lottery: Id | None = None
