"""The words a programme is written in, as immutable types; what no field here names is no word yet.

Money and rates are decimal strings ("12.50", "0.1"): compile.py turns them into whole minor units and
exact fractions.  Dates are local dates of the programme's time zone.
"""

from datetime import date
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Decimal = Annotated[str, Meta(pattern=r"^[0-9]{1,12}(\.[0-9]{1,6})?$")]
Id = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,47}$")]
Period = Annotated[str, Meta(pattern=r"^P([0-9]{1,2}Y|[0-9]{1,4}[MWD]|T[0-9]{1,5}[HM])$")]
Days = Annotated[str, Meta(pattern=r"^P([0-9]{1,2}Y|[0-9]{1,4}[MWD])$")]
Word = Annotated[str, Meta(min_length=1, max_length=64)]
Words = Annotated[list[Word], Meta(min_length=1)]
Priority = Annotated[int, Meta(ge=-1_000_000, le=1_000_000)]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Count = Annotated[int, Meta(ge=1, le=1_000_000_000)]
Stage = Literal["price", "line", "bundle", "receipt", "free", "pay", "earn", "give", "tier", "prompt"]
STAGES: tuple[Stage, ...] = (
    "price",
    "line",
    "bundle",
    "receipt",
    "free",
    "pay",
    "earn",
    "give",
    "tier",
    "prompt",
)


class _Word(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Every table of a programme is strict and immutable."""


class Names(_Word, frozen=True):
    """What people read, in each language of the texts; an empty one falls back to English, then the id."""

    en: str = ""
    ru: str = ""
    fi: str = ""


class Valid(_Word, frozen=True):
    """The programme's life: `from` counts, `until` does not."""

    from_: date | None = msgspec.field(name="from", default=None)
    until: date | None = None


class Head(_Word, frozen=True):
    """What a programme is."""

    id: Id
    version: Count
    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}$")]
    time_zone: str
    semantics: Annotated[int, Meta(ge=1, le=1)] = 1
    minor_digits: Annotated[int, Meta(ge=0, le=4)] = 2
    valid: Valid = Valid()
    name: Names = Names()


class Wallet(_Word, frozen=True):
    """Points of one kind; `value` is money per point, `scale` the decimals a point has."""

    name: Names = Names()
    kind: Literal["points"] = "points"
    scale: Annotated[int, Meta(ge=0, le=4)] = 0
    value: Decimal = "0"
    activates: Days | None = None
    expires: Period | None = None
    burn: "str | Scope" = ""


class Scope(_Word, frozen=True):
    """A set of lines: every named list must match (any of its values); prices are of one unit, ends count."""

    skus: Words = []
    groups: Words = []
    tags: Words = []
    brands: Words = []
    not_skus: Words = []
    not_groups: Words = []
    not_tags: Words = []
    not_brands: Words = []
    price_from: Decimal | None = None
    price_to: Decimal | None = None
    not_discounted: bool = False


class Threshold(_Word, frozen=True):
    """At least so much money (`amount`) or so many units (`quantity`) of a scope, as seen after a stage."""

    at_least: Decimal
    of: str | Scope = ""
    at: Stage | None = None


class When(_Word, frozen=True):
    """Conditions that must all hold; a list means any of its values."""

    identified: bool | None = None
    card_shown: bool | None = None
    segment: Word | Words = []
    tier: Word | Words = []
    code: Word | Words = []
    voucher: Word | Words = []
    event: Word | Words = []
    channel: Word | Words = []
    from_: date | None = msgspec.field(name="from", default=None)
    until: date | None = None
    days: Annotated[list[Day], Meta(min_length=1)] = []
    hours: Word | Words = []  # check.py knows their form: a pattern beside a list is freed wrongly (README)
    has: Word | Scope | Words = []
    amount: Threshold | None = None
    quantity: Threshold | None = None
    not_: "When | None" = msgspec.field(name="not", default=None)


class TakeOff(_Word, frozen=True):
    """Exactly one of percent, amount, per_unit; `max` is per receipt, `floor` the least price of a unit.

    `units` limits it to the dearest so many units.
    """

    percent: Decimal | None = None
    amount: Decimal | None = None
    per_unit: Decimal | None = None
    max: Decimal | None = None
    floor: Decimal | None = None
    units: Count | None = None
    pick: Literal["dearest"] | None = None


class Earn(_Word, frozen=True):
    """Points per `every` of money, per unit or per receipt; `max` points per receipt."""

    points: Decimal
    wallet: str = ""
    per: Literal["money", "unit", "receipt"] = "money"
    every: Decimal = "1.00"
    whole_steps: bool = False
    max: Decimal | None = None


class Multiply(_Word, frozen=True):
    """Earned points of a wallet times `by`; how several on one line combine is their `mode`."""

    by: Decimal
    wallet: str = ""
    mode: Literal["best", "sum", "product"] = "best"


class Pay(_Word, frozen=True):
    """Points as payment; `max` is money, `max_share` a part of the scope's amount ("0.30")."""

    wallet: str = ""
    min_balance: Count | None = None
    block: Count | None = None
    max: Decimal | None = None
    max_share: Decimal | None = None


class Counting(_Word, frozen=True):
    """A stamp card: visits or units until `size` makes a reward; at most `guard_per_day` a day."""

    of: Literal["visits", "units"]
    size: Count
    in_: Literal["member"] = msgspec.field(name="in", default="member")
    guard_per_day: Count | None = None


class GiveLot(_Word, frozen=True):
    """Points given for an event rather than for a line."""

    points: Decimal | Count
    wallet: str = ""
    expires: Period | None = None


class Giving(_Word, frozen=True):
    """Exactly one of a lot and a voucher."""

    lot: GiveLot | None = None
    voucher: str | None = None


class VoucherWord(_Word, frozen=True):
    """A personal coupon: once given it lives for `life`, and takes off once."""

    take_off: TakeOff
    life: Period | None = None
    scope: str | Scope = ""
    name: Names = Names()
    priority: Priority = 0
    group: str = ""


class Group(_Word, frozen=True):
    """How rules of one group combine."""

    mode: Literal["all", "first", "best"] = "all"
    per: Literal["line", "receipt"] = "receipt"


class Rule(_Word, frozen=True):
    """One verb, when it speaks, on which lines."""

    name: Names = Names()
    when: When = When()
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
    max_per_receipt: Count | None = None
    max_per_day: Count | None = None


class Text(_Word, frozen=True):
    """A whole programme file."""

    programme: Head
    settings: dict[str, str] = {}
    scope: dict[Id, Scope] = {}
    wallet: dict[Id, Wallet] = {}
    group: dict[Id, Group] = {}
    voucher: dict[Id, VoucherWord] = {}
    rule: dict[Id, Rule] = {}


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
        names = word.name if word is not None else Names()
        return getattr(names, lang, "") or names.en or rule
