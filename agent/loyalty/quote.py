"""What would happen to a basket: rebates, points, payments, and one reason for every rule."""

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType


class ProgrammeRef(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Exactly which rules answered: a name, a version and the hash of their text."""

    id: str
    version: int
    hash: str
    semantics: int = 1


class Rebate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a rule took off a line; negative, in minor units."""

    rule: str
    amount_minor: int


class Earned(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Points a rule gives for a line, whole smallest units."""

    rule: str
    wallet: str
    points: int


class Paid(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The part of a line paid from a wallet: points, and the money they stand for."""

    wallet: str
    points: int
    amount_minor: int


class QuoteLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A line after rebates; `amount_minor` still holds what points pay."""

    line: int
    amount_minor: int
    tax_minor: int | None = None
    rebates: list[Rebate] = msgspec.field(default_factory=list)
    earned: list[Earned] = msgspec.field(default_factory=list)
    paid: list[Paid] = msgspec.field(default_factory=list)


class QuoteWallet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A wallet before this receipt, what it pays, what it gains, and the most it could pay.

    `balance` is left out where a bare number must not tell it.
    """

    wallet: str
    balance: int | UnsetType = UNSET
    redeem: int = 0
    earn: int = 0
    provisional: bool = False
    max_redeem: int = 0


class LotEarned(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A lot this receipt makes: per wallet and expiry, one (programmes §3.10)."""

    wallet: str
    points: int
    active_from: str | None = None
    expires_on: str | None = None
    ends_at: str | None = None


class Counted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How far a counting rule moved from `position`, and how many rewards of `size` units each that made.

    `lines` are the units of each line ([line, units]); what no line holds leaves with the last goods.
    """

    rule: str
    units: int
    rewards: int = 0
    size: int = 0
    position: int = 0
    lines: list[tuple[int, int]] = msgspec.field(default_factory=list)


class Give(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something handed out besides points of a line: a lot, a voucher, stored value, a benefit, a ticket.

    A provisional one counts once head office has booked it; the receipt says so.
    """

    rule: str
    kind: str
    name: str
    amount: int = 0
    expires_on: str | None = None
    active_from: str | None = None
    ends_at: str | None = None
    provisional: bool = False


class VoucherUsed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A personal voucher this receipt consumes."""

    voucher: str
    id: str


class Spent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Points that pay for no line: the cost of a gift, or turned `into` something (cash, a fund).

    `amount_minor` is the money they stand for, 0 where they stand for none.
    """

    rule: str
    wallet: str
    points: int
    amount_minor: int = 0
    into: str = ""


class Measured(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What this receipt adds to a member's measure; `lines` hold each line's share ([line, amount]).

    Money in minor units, points in smallest units, units of goods in thousandths, the rest whole.
    """

    measure: str
    amount: int
    lines: list[tuple[int, int]] = msgspec.field(default_factory=list)


class Noted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What this receipt adds to a member's history of one rule: a local date, or a step of a sequence."""

    rule: str
    value: str


class TierMove(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The tier before and after this receipt, where it changes."""

    before: str
    after: str


class Reason(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a rule did or did not apply: a stable code and the values its sentence needs."""

    rule: str
    code: str
    values: dict[str, Any] = msgspec.field(default_factory=dict)


class Prompt(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the cashier might say now."""

    code: str
    values: dict[str, Any] = msgspec.field(default_factory=dict)


class Quote(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole answer to one basket; `etag` is empty until a till seals it."""

    receipt_id: str
    programme: ProgrammeRef
    due_minor: int
    etag: str = ""
    lines: list[QuoteLine] = msgspec.field(default_factory=list)
    wallets: list[QuoteWallet] = msgspec.field(default_factory=list)
    lots: list[LotEarned] = msgspec.field(default_factory=list)
    counts: list[Counted] = msgspec.field(default_factory=list)
    gives: list[Give] = msgspec.field(default_factory=list)
    vouchers: list[VoucherUsed] = msgspec.field(default_factory=list)
    spent: list[Spent] = msgspec.field(default_factory=list)
    measured: list[Measured] = msgspec.field(default_factory=list)
    noted: list[Noted] = msgspec.field(default_factory=list)
    tier: TierMove | None = None
    partner: str = ""
    reasons: list[Reason] = msgspec.field(default_factory=list)
    prompts: list[Prompt] = msgspec.field(default_factory=list)
