"""What evaluation may know of a member, and what the receipt keeps of it: the member facts."""

from datetime import date, datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from agent.loyalty.basket import Money, Name, Points


class Lot(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Points of one earning with one expiry, spendable from `active_from` to the end of `expires_on`.

    Both are local dates of the programme's time zone; an empty expiry never ends.  A lot that ends at
    an instant (a lifetime in hours) has that instant in `ends_at`.
    """

    lot: Name
    amount: Money
    active_from: date | None = None
    expires_on: date | None = None
    ends_at: Annotated[datetime, Meta(tz=True)] | None = None


class WalletFacts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A wallet as known now; `usable_offline` caps spending here (None: no cap, a question of theory)."""

    lots: list[Lot] = msgspec.field(default_factory=list)
    usable_offline: Points | None = None


class CountFacts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a member stands on one counting rule (a stamp card): `position` of its present round."""

    position: int = 0
    day: date | None = None
    today: int = 0
    lifetime: int = 0


class MemberEvent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something that holds for a member from one day (counts) until another (does not)."""

    event: Name
    from_: date | None = msgspec.field(name="from", default=None)
    until: date | None = None


class Voucher(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A personal right to one use of the programme's voucher of that name; one of hours ends at `ends_at`."""

    voucher: Name
    id: Name
    active_from: date | None = None
    expires_on: date | None = None
    ends_at: Annotated[datetime, Meta(tz=True)] | None = None


class MemberFacts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A member as evaluation sees it: a pseudonym and numbers, nobody's name.

    `limited_closed`: points are owed, so nothing is spent beyond allowances until they are earned back.
    """

    member: Name
    status: Name = "active"
    tier: Name = ""
    segments: list[Name] = msgspec.field(default_factory=list)
    choices: list[Name] = msgspec.field(default_factory=list)
    events: list[MemberEvent] = msgspec.field(default_factory=list)
    of_age_from: dict[str, date] = msgspec.field(default_factory=dict)
    wallets: dict[Name, WalletFacts] = msgspec.field(default_factory=dict)
    counts: dict[Name, CountFacts] = msgspec.field(default_factory=dict)
    measures: dict[Name, int] = msgspec.field(default_factory=dict)
    history: dict[Name, list[Name]] = msgspec.field(default_factory=dict)
    vouchers: list[Voucher] = msgspec.field(default_factory=list)
    card_shown: bool = True
    instrument: Name = ""
    limited_closed: bool = False
    as_of: Annotated[datetime, Meta(tz=True)] | None = None
