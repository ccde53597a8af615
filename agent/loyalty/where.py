"""The words `scope` and `when`: which lines a rule speaks about, and whether it speaks at all."""

from datetime import date
from typing import Annotated

import msgspec
from msgspec import Meta

from agent.loyalty.grammar import Count, Day, Days, Decimal, Stage, Table, Word, Words


class Scope(Table, frozen=True):
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


class Threshold(Table, frozen=True):
    """At least so much money (`amount`) or so many units (`quantity`) of a scope, as seen after a stage."""

    at_least: Decimal
    of: str | Scope = ""
    at: Stage | None = None


class Bought(Table, frozen=True):
    """Goods of a scope bought by this member on an earlier receipt, `within` so long before this one."""

    scope: str | Scope
    within: Days | None = None


class Draw(Table, frozen=True):
    """One receipt in `one_in` on average, by the number drawn for it and kept on it."""

    one_in: Count


class When(Table, frozen=True):
    """Conditions that must all hold; a list means any of its values."""

    identified: bool | None = None
    card_shown: bool | None = None
    instrument: Word | Words = []
    segment: Word | Words = []
    tier: Word | Words = []
    tier_at_least: str = ""
    choice: Word | Words = []
    age_at_least: Count | None = None
    partner: Word | Words = []
    shop_tag: Word | Words = []
    code: Word | Words = []
    voucher: Word | Words = []
    event: Word | Words = []
    channel: Word | Words = []
    tender: Word | Words = []
    pays: Word | Words = []
    from_: date | None = msgspec.field(name="from", default=None)
    until: date | None = None
    days: Annotated[list[Day], Meta(min_length=1)] = []
    hours: Word | Words = []  # check.py knows their form: a pattern beside a list is freed wrongly (README)
    has: Word | Scope | Words = []
    bought: Bought | None = None
    not_bought: Bought | None = None
    sequence: list[str | Scope] = []
    amount: Threshold | None = None
    quantity: Threshold | None = None
    nth: Count | None = None
    draw: Draw | None = None
    not_: "When | None" = msgspec.field(name="not", default=None)
