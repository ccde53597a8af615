"""What the POS hears: every answer and event as a type, for the OpenAPI document and for the tests.

Answers only grow: a POS passes over keys that it does not know.  A key without a value is left out, except
where the type says `None`.
"""

from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

from agent.loyalty.quote import QuoteWallet
from agent.till.beside import Claim

Mode = Literal["online", "offline", "degraded", "read_only", "training"]


class ProgrammeInForce(msgspec.Struct, frozen=True):
    """The programme that answers."""

    id: str
    version: int


class Hello(msgspec.Struct, frozen=True):
    """Who answers and how things stand; `data_age_s` is since head office was last heard."""

    agent: str
    api: str
    store: str
    till: str
    mode: Mode
    programme: ProgrammeInForce | None
    data_age_s: int | None


class Balance(msgspec.Struct, frozen=True):
    """What stands in one wallet, in smallest units."""

    wallet: str
    balance: int


class Identified(msgspec.Struct, frozen=True):
    """Whose number it is; `identification_id` goes into the basket's `instruments`, known or not."""

    identification_id: str
    result: Literal["identified", "unknown", "blocked"]
    masked: str
    entry_mode: str
    open_receipt: str
    wallets: list[Balance] | UnsetType = UNSET
    confirm: bool | UnsetType = UNSET
    """Found by a bare phone number: ask whether it is them."""


class Enrolled(Identified, frozen=True, kw_only=True):
    """Who joined: `provisional` until head office has booked it, false if they were a member already."""

    provisional: bool


class Held(msgspec.Struct, frozen=True):
    """Points of each wallet that are set aside for a receipt."""

    receipt_id: str
    state: Literal["held"]
    etag: str
    held: dict[str, int]


class Voided(msgspec.Struct, frozen=True):
    """A receipt that is cancelled; `seq` and `head_hash` say where the journal ends."""

    receipt_id: str
    state: Literal["voided"]
    seq: int
    head_hash: str


State = Literal["quoted", "held", "committed", "parked", "partly_returned", "returned", "voided"]


class Claimed(Claim, frozen=True, kw_only=True):
    """The answer to a claim."""

    state: State


class Returned(msgspec.Struct, frozen=True):
    """Goods that came back; `noted` where another till sold them, head office settles their points."""

    receipt_id: str
    return_id: str
    state: Literal["partly_returned", "returned", "noted"]
    provisional: bool
    refund_minor: int | UnsetType = UNSET
    earned_back: dict[str, int] | UnsetType = UNSET
    spent_back: dict[str, int] | UnsetType = UNSET
    deducted_minor: int | UnsetType = UNSET


class Committed(msgspec.Struct, frozen=True):
    """A receipt that is booked, or parked with the reason `why` for head office to settle.

    `differences` are codes of what was paid other than agreed.  A POS keeps `seq` and `head_hash`: should
    they ever fall back, the till's disk was restored.  `receipt_text` is for the printer.  `returns` are
    goods of other receipts that came back in this basket, `taken_out` points of goods without a receipt.
    """

    receipt_id: str
    state: State
    differences: list[str]
    seq: int
    head_hash: str
    receipt_text: list[str]
    due_minor: int | UnsetType = UNSET
    wallets: list[QuoteWallet] | UnsetType = UNSET
    returns: list[Returned] | UnsetType = UNSET
    taken_out: dict[str, int] | UnsetType = UNSET
    why: str | UnsetType = UNSET
    void: Voided | UnsetType = UNSET
    claim: Claim | UnsetType = UNSET


class Recalled(msgspec.Struct, frozen=True):
    """What became of a receipt: the answer of its commit, or how far it came."""

    receipt_id: str
    state: State
    etag: str | UnsetType = UNSET
    held: dict[str, int] | UnsetType = UNSET
    differences: list[str] | UnsetType = UNSET
    seq: int | UnsetType = UNSET
    head_hash: str | UnsetType = UNSET
    receipt_text: list[str] | UnsetType = UNSET
    due_minor: int | UnsetType = UNSET
    wallets: list[QuoteWallet] | UnsetType = UNSET
    why: str | UnsetType = UNSET
    void: Voided | UnsetType = UNSET
    claim: Claim | UnsetType = UNSET


class Reader(msgspec.Struct, frozen=True):
    """A reader: its state, and what it did since the start."""

    device: str
    state: str
    detail: str
    reads: int
    refused: int
    dropped: int
    lost: int


class Readers(msgspec.Struct, frozen=True):
    """All readers of this till."""

    devices: list[Reader]


class Accepting(msgspec.Struct, frozen=True):
    """Whether a card that is read now joins the sale."""

    accepting: bool
