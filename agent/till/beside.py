"""Answers beside a sale: a claim, a choice on a screen, a prompt, a parked sale, members' words."""

from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

from agent.till.shapes import ConsentWord


class ClaimedWallet(msgspec.Struct, frozen=True):
    """Points that a claimed receipt earned, in smallest units."""

    wallet: str
    earn: int
    provisional: bool


class Claim(msgspec.Struct, frozen=True):
    """Whose the receipt became, masked, and what it earned; `receipt_text` is for a slip."""

    receipt_id: str
    member_tag: str
    wallets: list[ClaimedWallet]
    receipt_text: list[str]
    seq: int
    head_hash: str


class Choice(msgspec.Struct, frozen=True):
    """So many points of a wallet."""

    wallet: str
    points: int


class Answered(msgspec.Struct, frozen=True):
    """What was chosen on a screen; the same is told as an event."""

    receipt_id: str
    code: Literal["redeem"]
    values: Choice


class PromptTold(msgspec.Struct, frozen=True):
    """What became of a prompt; `rule` where the prompt names one."""

    receipt_id: str
    code: str
    outcome: Literal["shown", "taken", "declined"]
    rule: str | UnsetType = UNSET


class Parked(msgspec.Struct, frozen=True):
    """A sale put aside; `accepting` is false if another one is being paid."""

    receipt_id: str
    state: Literal["quoted", "held"]
    accepting: bool


class Attached(msgspec.Struct, frozen=True):
    """A card that leads to the member now."""

    masked: str
    attached: bool


class Consented(msgspec.Struct, frozen=True):
    """What was written down."""

    consents: list[ConsentWord]
