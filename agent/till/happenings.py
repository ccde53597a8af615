"""What a listener hears on the stream: every event as a type, for the OpenAPI document and for the tests."""

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from agent.till.answers import Identified, Mode, Returned, State
from agent.till.beside import Answered, Parked, PromptTold


class CardEvent(msgspec.Struct, frozen=True):
    """Something was read: `masked` what, or `reason` why it was refused."""

    device: str
    open_receipt: str
    masked: str | UnsetType = UNSET
    reason: str | UnsetType = UNSET


class IdentifiedEvent(Identified, frozen=True, kw_only=True):
    """An identification, and the reader it came from (`pos`: the POS itself)."""

    device: str


class QuoteEvent(msgspec.Struct, frozen=True):
    """A basket was quoted."""

    receipt_id: str
    due_minor: int


class CommitEvent(msgspec.Struct, frozen=True):
    """A receipt was booked or parked."""

    receipt_id: str
    state: State
    seq: int


class HeldEvent(msgspec.Struct, frozen=True):
    """Points of each wallet were set aside; card reads are late from now on."""

    receipt_id: str
    held: dict[str, int]


class VoidEvent(msgspec.Struct, frozen=True):
    """A receipt was cancelled."""

    receipt_id: str


class ModeEvent(msgspec.Struct, frozen=True):
    """Head office went or came, or the till stopped spending or booking; `data_age_s` as hello says."""

    mode: Mode
    data_age_s: int | None


class GreetedEvent(msgspec.Struct, frozen=True):
    """The screens of this till may greet whoever showed this card by name; the name is not told here."""

    masked: str


class EnrolledEvent(msgspec.Struct, frozen=True):
    """Somebody joined at this till."""

    masked: str
    provisional: bool


class ClaimEvent(msgspec.Struct, frozen=True):
    """An anonymous receipt became a member's; `masked` is the card."""

    receipt_id: str
    masked: str


class AlarmEvent(msgspec.Struct, frozen=True):
    """Something that a person should look at."""

    receipt_id: str
    code: str
    till: str
    cashier: str | UnsetType = UNSET


class DeviceEvent(msgspec.Struct, frozen=True):
    """A reader came or went."""

    device: str
    state: str


EVENTS: dict[str, Any] = {
    "card.read": CardEvent,
    "card.refused": CardEvent,
    "member.identified": IdentifiedEvent,
    "card.unknown": IdentifiedEvent,
    "card.blocked": IdentifiedEvent,
    "card.late": IdentifiedEvent,
    "quote.updated": QuoteEvent,
    "receipt.held": HeldEvent,
    "receipt.committed": CommitEvent,
    "receipt.voided": VoidEvent,
    "receipt.returned": Returned,
    "mode.changed": ModeEvent,
    "member.greeted": GreetedEvent,
    "member.enrolled": EnrolledEvent,
    "receipt.claimed": ClaimEvent,
    "receipt.parked": Parked,
    "customer.answered": Answered,
    "prompt.shown": PromptTold,
    "prompt.taken": PromptTold,
    "prompt.declined": PromptTold,
    "alarm": AlarmEvent,
    "device.up": DeviceEvent,
    "device.down": DeviceEvent,
}
"""The data of each event; `resync` has none and says that events were missed."""
