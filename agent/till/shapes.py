"""The bodies of the POS interface; `loyalty-agent schema pos` prints them as JSON Schema.

Unknown keys are errors in identification, quote and hold.  A commit is never refused for what it
holds, so its body is read leniently in `commit.py` and only its well-formed parts are used.
"""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from agent.loyalty.basket import Basket, Money, Name, Quantity, Tender, check_year

EntryMode = Literal[
    "Contactless", "File", "ICC", "Keyed", "MagStripe", "Manual", "Mobile", "RFID", "Scanned",
    "SynchronousICC", "Tapped",
]  # fmt: skip
"""nexo Retailer protocol, EntryMode."""

IdentificationType = Literal["AccountNumber", "BarCode", "ISOTrack2", "PhoneNumber"]
"""nexo Retailer protocol, IdentificationType; PAN is never accepted."""


Word = Annotated[str, Meta(min_length=1, max_length=64)]


class IdentificationBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A number that the POS read or somebody typed."""

    value: Annotated[str, Meta(min_length=1, max_length=1024)]
    entry_mode: EntryMode = "Scanned"
    identification_type: IdentificationType = "BarCode"


class HoldBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Set aside what the quote with this etag would redeem."""

    etag: Name
    basket: Basket


class CommitBody(msgspec.Struct, frozen=True):
    """The receipt as paid.

    `identification` is an identification_id or a typed number, for a POS that puts it here rather than
    into the basket's instruments.  Keys this program does not know are passed over.
    """

    basket: Basket
    etag: str = ""
    tenders: Annotated[list[Tender], Meta(max_length=64)] = []
    fiscal: Annotated[str, Meta(max_length=128)] = ""
    identification: Annotated[str, Meta(max_length=512)] = ""


class ReturnLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A line of the sale that comes back: all of it, a quantity of it, or a part of its amount."""

    line: Annotated[int, Meta(ge=1)]
    quantity: Quantity | None = None
    amount_minor: Money | None = None


class ReturnBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Goods of one receipt come back."""

    lines: Annotated[list[ReturnLine], Meta(min_length=1, max_length=500)]
    returned_at: Annotated[datetime, Meta(tz=True)]
    cashier: Name = ""

    def __post_init__(self) -> None:
        """Refuse a moment of no year of ours.

        Raises:
            ValueError: see `check_year`.
        """
        check_year(self.returned_at)


class VoidBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Cancel a receipt."""

    cashier: Name = ""
    reason: Name = ""


class Chosen(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many points of a wallet the customer wants to spend; 0: none."""

    wallet: Annotated[str, Meta(min_length=1, max_length=64)]
    points: Annotated[int, Meta(ge=0, le=2**53)]


class AnswerBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What somebody chose on a screen."""

    code: Literal["redeem"]
    values: Chosen


class PromptBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What became of a prompt of the quote: `code` and the `rule` among its values name it."""

    code: Annotated[str, Meta(min_length=1, max_length=64)]
    outcome: Literal["shown", "taken", "declined"]
    rule: Name = ""
    cashier: Name = ""


class ClaimBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Give an anonymous receipt to the member of an identification; `request_id` is for the POS's own log."""

    identification_id: Annotated[str, Meta(min_length=1, max_length=512)]
    request_id: Name = ""
    cashier: Name = ""


class ConsentWord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One purpose that the customer agrees to or not; nothing is granted that was not said."""

    purpose: Word
    granted: bool
    text_version: Word
    channel: Word


Consents = Annotated[list[ConsentWord], Meta(max_length=32)]
Token = Annotated[str, Meta(min_length=1, max_length=512)]


class MemberBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody joins: by a phone number, or with a fresh card that was identified as unknown.

    The same `request_id` means the same person: repeat it until it is answered.  `age_confirmed`: the
    cashier saw that the customer has the age that the programme asks for; no date of birth is taken.
    `name` is for the greeting: sealed to head office at once, and dropped without that consent.
    """

    request_id: Word
    phone: Annotated[str, Meta(max_length=32)] = ""
    identification_id: Annotated[str, Meta(max_length=512)] = ""
    name: Annotated[str, Meta(max_length=128)] = ""
    consents: Consents = []
    language: Literal["en", "ru", "fi"] = "en"
    age_confirmed: bool = False
    cashier: Name = ""


class CardBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A further card of a member: the identification of an unknown card."""

    identification_id: Token
    request_id: Name = ""
    cashier: Name = ""


class ConsentsBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a member agrees to or withdraws; `name` as for a member who joins."""

    consents: Annotated[list[ConsentWord], Meta(min_length=1, max_length=32)]
    name: Annotated[str, Meta(max_length=128)] = ""
    request_id: Name = ""
    cashier: Name = ""


class AcceptingBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Open or close the gate for card reads."""

    accepting: bool
