"""What every table of a programme is made of: decimal strings, names, periods, stages."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Decimal = Annotated[str, Meta(pattern=r"^[0-9]{1,12}(\.[0-9]{1,6})?$", examples=["0.05", "10.00"])]
Id = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,47}$")]
Period = Annotated[
    str, Meta(pattern=r"^P([0-9]{1,2}Y|[0-9]{1,4}[MWD]|T[0-9]{1,5}[HM])$", examples=["P365D", "P12M", "PT2H"])
]
Days = Annotated[str, Meta(pattern=r"^P([0-9]{1,2}Y|[0-9]{1,4}[MWD])$", examples=["P30D", "P12M"])]
Word = Annotated[str, Meta(min_length=1, max_length=64)]
Words = Annotated[list[Word], Meta(min_length=1)]
Priority = Annotated[int, Meta(ge=-1_000_000, le=1_000_000)]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Count = Annotated[int, Meta(ge=1, le=1_000_000_000)]
Cap = Annotated[int, Meta(ge=0, le=1_000_000_000)]
Share = Annotated[int, Meta(ge=0, le=100)]
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


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Every table of a programme is strict and immutable."""


class Names(Table, frozen=True):
    """What people read, in each language of the texts; an empty one falls back to English, then the id."""

    en: str = ""
    ru: str = ""
    fi: str = ""
