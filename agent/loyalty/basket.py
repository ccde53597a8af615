"""What the POS rang up: the basket, its lines and how the customer means to pay.

Money is a whole number of minor units of `currency`; a quantity is a decimal string ("0.355").
`amount_minor` of a line is the truth: nothing rests on price times quantity.
"""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

# ±100 million roubles in kopecks: larger sums are a POS gone wrong, and fit a 64-bit integer many times.
MONEY_LIMIT = 10_000_000_000
Money = Annotated[int, Meta(ge=-MONEY_LIMIT, le=MONEY_LIMIT)]
Points = Annotated[int, Meta(ge=0, le=MONEY_LIMIT)]
Name = Annotated[str, Meta(max_length=64)]
# "$" alone would let a line break pass at the end; "." and ".." are no names in a path.
_END = r"(?!\n)$"
RECEIPT_ID = r"(?!\.{1,2}(?:/|$))[A-Za-z0-9._~-]{1,64}"
ReceiptId = Annotated[str, Meta(pattern=rf"^{RECEIPT_ID}{_END}")]
Quantity = Annotated[str, Meta(pattern=rf"^-?[0-9]{{1,9}}(\.[0-9]{{1,6}})?{_END}")]
Rate = Annotated[str, Meta(pattern=rf"^[0-9]{{1,6}}(\.[0-9]{{1,6}})?{_END}")]
STORED_VALUE = "stored-value"
"""The tag of a line that sells stored value (a gift card): it loads a wallet and earns no points."""
MAX_LINES = 500
FIRST_YEAR, LAST_YEAR = 1970, 2099


class Tax(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The tax inside a line: a rate in percent ("20"), or a fixed part that no discount touches."""

    rate: Rate = "0"
    included: bool = True
    fixed_minor: Money = 0


class ReturnOf(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which line of which receipt comes back."""

    receipt_id: ReceiptId
    line: Annotated[int, Meta(ge=1)]


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line as rung up, gross of our rebates and net of the POS's own.

    `attributes` are decimal strings of the whole line ("distance": "740"), for rules that earn by them.
    """

    line: Annotated[int, Meta(ge=1, le=100_000)]
    sku: Name
    amount_minor: Money
    group: Name = ""
    tags: Annotated[list[Name], Meta(max_length=32)] = msgspec.field(default_factory=list)
    brand: Name = ""
    quantity: Quantity = "1"
    unit_price_minor: Money | None = None
    pos_discount_minor: Money = 0
    floor_price_minor: Money | None = None
    tax: Tax | None = None
    returns: ReturnOf | None = None
    attributes: Annotated[dict[Name, Rate], Meta(max_length=16)] = msgspec.field(default_factory=dict)


class Tender(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a part of the sum is paid; `product` is a token of the POS, never a card number."""

    kind: Name
    amount_minor: Money
    product: Name = ""


class Basket(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A sale as rung up so far, or an event without lines."""

    receipt_id: ReceiptId
    sold_at: Annotated[datetime, Meta(tz=True)]
    store: Name
    till: Name
    currency: Annotated[str, Meta(pattern=rf"^[A-Z]{{3}}{_END}")]
    lines: Annotated[list[Line], Meta(max_length=MAX_LINES)] = msgspec.field(default_factory=list)
    cashier: Name = ""
    channel: Name = ""
    instruments: Annotated[list[Annotated[str, Meta(max_length=512)]], Meta(max_length=16)] = msgspec.field(
        default_factory=list
    )
    redeem: dict[Name, Points | Annotated[str, Meta(pattern=rf"^max{_END}")]] = msgspec.field(
        default_factory=dict
    )
    planned_tenders: Annotated[list[Tender], Meta(max_length=32)] = msgspec.field(default_factory=list)
    event: Name = ""

    def __post_init__(self) -> None:
        """Refuse two lines of one number: each would hide the other in a quote and in a return.

        Raises:
            ValueError: a line number stands twice, or the sale is of no year of ours.
        """
        check_year(self.sold_at)
        if len({line.line for line in self.lines}) != len(self.lines):
            raise ValueError("two lines have the same number")


def check_year(at: datetime) -> None:
    """Refuse a moment whose local date could not be reckoned with.

    Raises:
        ValueError: it is not of 1970 to 2099.
    """
    if not FIRST_YEAR <= at.year <= LAST_YEAR:
        raise ValueError(f"a year from {FIRST_YEAR} to {LAST_YEAR} is wanted")


def as_plain(document: object) -> Any:
    """Return a document of this room as dicts, lists, strings and whole numbers.

    >>> as_plain(Tender(kind="cash", amount_minor=100))
    {'kind': 'cash', 'amount_minor': 100, 'product': ''}
    """
    return msgspec.to_builtins(document)
