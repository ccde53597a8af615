"""The words a programme is written in, as immutable types; what no field here names is no word yet.

Money and rates are decimal strings ("12.50", "0.1"): compile.py turns them into whole minor units and
exact fractions.  Dates are local dates of the programme's time zone.
"""

from datetime import date
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from agent.loyalty.language.grammar import (
    Cap,
    Count,
    Days,
    Decimal,
    Id,
    Names,
    Period,
    Priority,
    Share,
    Stage,
    Table,
    Word,
    Words,
)
from agent.loyalty.language.verbs import Counting, Earn, Giving, Multiply, Pay, TakeOff
from agent.loyalty.language.where import Scope, When


class Valid(Table, frozen=True):
    """The programme's life: `from` counts, `until` does not."""

    from_: date | None = msgspec.field(name="from", default=None)
    until: date | None = None


class Head(Table, frozen=True):
    """What a programme is."""

    id: Id
    version: Count
    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}$", examples=["EUR", "RUB"])]
    time_zone: str
    semantics: Annotated[int, Meta(ge=1, le=1)] = 1
    minor_digits: Annotated[int, Meta(ge=0, le=4)] = 2
    valid: Valid = Valid()
    name: Names = Names()


class Offline(Table, frozen=True):
    """What a till cut off from head office may spend: the allowances it holds, more under caps, or nothing.

    The caps of `limited` are in smallest points and count what head office has not booked: `per_use` a
    sale, `uses` sales, `till_cap` a till, `credit` a member and till.  Head office last heard more than
    `directory_days` ago: the wallet only earns.  `ask_share` per cent of cards ask head office although it
    seems away.  `recover_share` per cent of what a member in debt earns on a receipt goes into the debt.
    """

    mode: Literal["strict", "limited", "earn_only"] = "strict"
    per_use: Cap = 0
    uses: Cap = 0
    till_cap: Cap = 0
    credit: Cap = 0
    directory_days: Count = 3
    ask_share: Share = 5
    recover_share: Share = 50


class Forms(Table, frozen=True):
    """How a point is counted: one and many in English and Finnish; one, few and many in Russian."""

    en: Words = []
    ru: Words = []
    fi: Words = []


class Wallet(Table, frozen=True):
    """Points of one kind, or stored value; `value` is money per point, `scale` the decimals a point has.

    `forms` are what a number of points is called, "points" if not said; `spend_order` and `debt` are
    those of the settings unless said here.
    """

    name: Names = Names()
    forms: Forms = Forms()
    kind: Literal["points", "stored_value"] = "points"
    scale: Annotated[int, Meta(ge=0, le=4)] = 0
    value: Decimal = "0"
    activates: Days | None = None
    expires: Period | None = None
    burn: str | Scope = ""
    spend_order: Literal["expires_first", "oldest"] | None = None
    debt: Literal["allow_negative", "cap_at_zero", "deduct_from_refund"] | None = None
    offline: Offline = Offline()


class Tier(Table, frozen=True):
    """A status by a measure over a window, at least or over a threshold, which also ranks the tiers.

    `measure` is spend, units, receipts, friends or "earned:WALLET"; spend is money.  A window is
    lifetime, calendar_year, calendar_month or a rolling period ("P12M").  `until` says how long a tier
    that was reached stays: as long as the measure holds it, or to the end of this or the next year.
    """

    measure: Annotated[
        str,
        Meta(
            pattern=r"^(spend|units|receipts|friends|earned:[A-Za-z0-9_-]{1,48})$",
            examples=["spend", "units", "receipts", "friends", "earned:points"],
        ),
    ]
    name: Names = Names()
    window: Annotated[
        str,
        Meta(
            pattern=r"^(lifetime|calendar_year|calendar_month|P([0-9]{1,2}Y|[0-9]{1,4}[MWD]))$",
            examples=["lifetime", "calendar_year", "calendar_month", "P12M"],
        ),
    ] = "lifetime"
    scope: str | Scope = ""
    at_least: Decimal | Count | None = None
    over: Decimal | Count | None = None
    takes_effect: Literal["next_receipt", "this_receipt"] | None = None
    until: Literal["measure", "year_end", "next_year_end"] = "measure"
    downgrade: Literal["to_earned", "one_step", "never"] | None = None


class Enrol(Table, frozen=True):
    """Who may join: an age, a receipt of at least so much, a segment; `price` is what the card costs."""

    age_at_least: Count | None = None
    amount: Decimal | None = None
    segment: Word | Words = []
    price: Decimal | None = None


class Partner(Table, frozen=True):
    """Another company in the programme: its shops, and what it settles per point it issues."""

    name: Names = Names()
    stores: Words = []
    settles: Decimal | None = None


class ShopTag(Table, frozen=True):
    """A label on shops, so that rules can speak about some of them."""

    stores: Words


class PromptWord(Table, frozen=True):
    """What the cashier should say when it holds: the dearest first, then by priority."""

    say: Names
    when: When = When()
    scope: str | Scope = ""
    priority: Priority = 0


class VoucherWord(Table, frozen=True):
    """A personal coupon: once given it lives for `life`, and takes off once.

    A `strict` one serves only at the till it was set aside for, so it is used once in the whole chain,
    whatever is cut off; any other serves everywhere, and a second use elsewhere is a difference.
    """

    take_off: TakeOff
    life: Period | None = None
    strict: bool = False
    scope: str | Scope = ""
    name: Names = Names()
    priority: Priority = 0
    group: str = ""


class Group(Table, frozen=True):
    """How rules of one group combine."""

    mode: Literal["all", "first", "best"] = "all"
    per: Literal["line", "receipt"] = "receipt"


class Rule(Table, frozen=True):
    """One verb, when it speaks, on which lines."""

    name: Names = Names()
    when: When | list[When] = When()
    scope: str | Scope = ""
    take_off: TakeOff | None = None
    earn: Earn | None = None
    multiply: Multiply | None = None
    pay: Pay | None = None
    give: Giving | None = None
    count: Counting | None = None
    stage: Stage | None = None
    group: str = ""
    priority: Priority = 0
    exclusive: bool = False
    max_applications: Count | None = None
    max_per_receipt: Count | None = None
    max_per_day: Count | None = None
    max_per_member: Count | None = None
    max_total: Count | None = None

    @property
    def alternatives(self) -> list[When]:
        """The ways in which `when` may hold; one is enough."""
        return self.when if isinstance(self.when, list) else [self.when]


class Text(Table, frozen=True):
    """A whole programme file."""

    programme: Head
    settings: dict[str, str] = {}
    enrol: Enrol | None = None
    scope: dict[Id, Scope] = {}
    wallet: dict[Id, Wallet] = {}
    tier: dict[Id, Tier] = {}
    partner: dict[Id, Partner] = {}
    shop_tag: dict[Id, ShopTag] = {}
    group: dict[Id, Group] = {}
    voucher: dict[Id, VoucherWord] = {}
    prompt: dict[Id, PromptWord] = {}
    rule: dict[Id, Rule] = {}

    def decimals(self, wallet: str) -> int:
        """Return how many decimals a wallet's numbers have: a point's, or those of money; 0 for no wallet."""
        words = self.wallet.get(wallet) or Wallet()
        return self.programme.minor_digits if words.kind == "stored_value" else words.scale


class Programme(msgspec.Struct, frozen=True):
    """A checked programme: its words, and the BLAKE2b-256 hash (hex) of their canonical form."""

    text: Text
    hash: str

    @property
    def id(self) -> str:
        """The programme's name in the chain."""
        return self.text.programme.id

    @property
    def version(self) -> int:
        """Which edition of it; a new one has a higher number."""
        return self.text.programme.version

    @property
    def currency(self) -> str:
        """The currency of every sum in it (ISO 4217)."""
        return self.text.programme.currency

    @property
    def time_zone(self) -> str:
        """The zone whose local midnight starts a day (IANA name)."""
        return self.text.programme.time_zone

    def title(self, rule: str, lang: str) -> str:
        """Return what people call a rule or voucher ("voucher.X"), in `lang`, English, or its id."""
        voucher = rule.removeprefix("voucher.")
        word = self.text.rule.get(rule) or self.text.voucher.get(voucher)
        return _named(word.name if word is not None else Names(), lang) or rule

    def tier_title(self, tier: str, lang: str) -> str:
        """Return what people call a tier, in `lang`, English, or its id."""
        word = self.text.tier.get(tier)
        return _named(word.name if word is not None else Names(), lang) or tier


def _named(names: Names, lang: str) -> str:
    return getattr(names, lang, "") or names.en
