"""What a RECEIPT entry carries, as head office reads it; what a newer till adds is passed over."""

from datetime import date, datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import Meta

from agent.journal.entry import Entry
from agent.loyalty.basket import Basket
from agent.loyalty.member import MemberFacts
from agent.loyalty.quote import Quote


class ProgrammeNamed(msgspec.Struct, frozen=True):
    """Which programme the till evaluated."""

    id: str = ""
    version: int = 0
    hash: str = ""


class IdentifiedBy(msgspec.Struct, frozen=True):
    """How the customer was recognised; `tag` is hex."""

    entry_mode: str = ""
    tag: str = ""


class ReceiptData(msgspec.Struct, frozen=True):
    """A sale as the till wrote it down: all that evaluating it again needs."""

    basket: Basket
    at: Annotated[datetime, Meta(tz=True)]
    facts: MemberFacts | None = None
    quote: Quote | None = None
    programme: ProgrammeNamed | None = None
    tz: str = "UTC"
    identified_by: IdentifiedBy | None = None
    tenders: list[dict[str, Any]] = []
    differences: list[Any] = []
    offline: bool = False
    unquoted: bool = False
    """Paid without a matching quote: only what it earns was evaluated."""
    draw: int = 0
    taken_out: dict[str, int] = {}
    """Points that goods without their receipt take out, by wallet, before the wallet's debt policy."""

    @property
    def day(self) -> date:
        """The business day: that of `at` in the programme's time zone."""
        try:
            return self.at.astimezone(ZoneInfo(self.tz)).date()
        except (ZoneInfoNotFoundError, ValueError):
            return self.at.date()


def receipt_data(entry: Entry) -> ReceiptData:
    """Read what a RECEIPT entry carries.

    Raises:
        msgspec.ValidationError: it is not a receipt; the entry is kept and parked.
    """
    return msgspec.convert(entry.data, ReceiptData)
