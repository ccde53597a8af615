"""Every call of the POS interface in one table: the door routes by it, the OpenAPI document tells it."""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from agent.loyalty.basket import RECEIPT_ID, Basket
from agent.loyalty.quote import Quote
from agent.till import answers, beside, shapes

BASE = ("no_token", "not_allowed", "too_many_connections", "busy")
"""What any call may be answered: at the loopback door, and when too much is asked or we fail."""
WITH_BODY = ("malformed", "timeout", "too_large")
NAMED = ("not_found",)
IDS = {"receipt_id": RECEIPT_ID, "return_id": RECEIPT_ID, "identification_id": "[A-Za-z0-9_-]{1,512}"}
"""What each id of a path may look like."""
"""A path whose ids are none."""


@dataclass(frozen=True)
class Call:
    """One call: its path, what it takes and tells, and the problems of its own.

    `without_answer` is what the POS does if no answer comes, or 503.
    """

    name: str
    method: str
    path: str
    summary: str
    without_answer: str
    answer: Any
    body: Any = None
    body_optional: bool = False
    own: tuple[str, ...] = ()

    @property
    def problems(self) -> tuple[str, ...]:
        """Every code this call may be answered with."""
        if self.name == "healthz":
            return ("too_many_connections", "busy")
        more = (*(WITH_BODY if self.body else ()), *(NAMED if "{" in self.path else ()))
        return (*BASE, *more, *self.own)

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """What matches its path; ids are named groups."""
        return re.compile(re.sub(r"\{(\w+)\}", lambda named: f"(?P<{named[1]}>{IDS[named[1]]})", self.path))


_BASKET = ("receipt_id_mismatch", "currency_mismatch", "payment_card_refused")

CALLS = (
    Call(
        "quote",
        "PUT",
        "/v1/receipts/{receipt_id}/quote",
        "What the basket gives: rebates, points, a reason per rule, and an etag",
        "own prices; commit later without etag",
        Quote,
        Basket,
        own=_BASKET,
    ),
    Call(
        "hold",
        "PUT",
        "/v1/receipts/{receipt_id}/hold",
        "Set points aside while the customer pays; closes the gate for card reads",
        "redeem nothing",
        answers.Held,
        shapes.HoldBody,
        own=(
            *_BASKET,
            "etag_mismatch",
            "hold_too_large",
            "second_factor_needed",
            "wrong_state",
            "ledger_read_only",
        ),
    ),
    Call(
        "commit",
        "POST",
        "/v1/receipts/{receipt_id}/commit",
        "Book the paid receipt: any JSON object is taken, what cannot be booked is parked",
        "close the receipt, keep it, repeat the same id until 200",
        answers.Committed,
        shapes.CommitBody,
        own=("receipt_conflict", "ledger_read_only"),
    ),
    Call(
        "void",
        "POST",
        "/v1/receipts/{receipt_id}/void",
        "Before commit give the hold back, afterwards undo everything",
        "finish with the customer, repeat the same id",
        answers.Voided,
        shapes.VoidBody,
        body_optional=True,
        own=("wrong_state", "ledger_read_only"),
    ),
    Call(
        "return",
        "PUT",
        "/v1/receipts/{receipt_id}/returns/{return_id}",
        "Goods come back, to whichever till",
        "finish with the customer, repeat the same id",
        answers.Returned,
        shapes.ReturnBody,
        own=("receipt_conflict", "wrong_state", "return_too_large", "ledger_read_only"),
    ),
    Call(
        "claim",
        "POST",
        "/v1/receipts/{receipt_id}/claim",
        "Give an anonymous receipt of this till to a member: earns, takes nothing off",
        "repeat; later only head office can",
        answers.Claimed,
        shapes.ClaimBody,
        own=(
            "receipt_unknown",
            "member_unknown",
            "wrong_state",
            "claim_too_late",
            "too_many_claims",
            "ledger_read_only",
        ),
    ),
    Call(
        "recall",
        "GET",
        "/v1/receipts/{receipt_id}",
        "What became of a receipt: the recovery call",
        "ask again",
        answers.Recalled,
        own=("receipt_unknown",),
    ),
    Call(
        "identify",
        "POST",
        "/v1/identifications",
        "Whose number the POS read, or somebody typed; unknown and blocked are answers",
        "sell on, put the number into quote or commit",
        answers.Identified,
        shapes.IdentificationBody,
        own=("payment_card_refused", "unreadable", "too_many_unknown_cards"),
    ),
    Call(
        "join",
        "POST",
        "/v1/members",
        "Somebody joins by phone or with a fresh card: earns at once, offline too",
        "later, by paper or QR; or repeat the same request_id",
        answers.Enrolled,
        shapes.MemberBody,
        own=(
            "payment_card_refused",
            "unreadable",
            "member_unknown",
            "age_to_confirm",
            "cannot_enrol",
            "ledger_read_only",
        ),
    ),
    Call(
        "attach",
        "POST",
        "/v1/members/{identification_id}/cards",
        "Give a member a further card",
        "repeat",
        beside.Attached,
        shapes.CardBody,
        own=("member_unknown", "card_taken", "ledger_read_only"),
    ),
    Call(
        "consent",
        "POST",
        "/v1/members/{identification_id}/consents",
        "What a member agrees to, purpose by purpose, or withdraws",
        "repeat",
        beside.Consented,
        shapes.ConsentsBody,
        own=("member_unknown", "ledger_read_only"),
    ),
    Call(
        "current",
        "GET",
        "/v1/quotes/current",
        "The newest quote of a sale that is not over, for a screen that comes back",
        "ask again",
        Quote,
        own=("no_sale",),
    ),
    Call(
        "answer",
        "POST",
        "/v1/receipts/{receipt_id}/answers",
        "What was chosen on a screen: the POS hears it as an event, and asks for a new quote",
        "ask the customer",
        beside.Answered,
        shapes.AnswerBody,
        own=("receipt_unknown", "hold_too_large"),
    ),
    Call(
        "prompt",
        "POST",
        "/v1/receipts/{receipt_id}/prompts",
        "What became of a prompt; written with the receipt's commit",
        "nothing",
        beside.PromptTold,
        shapes.PromptBody,
        own=("ledger_read_only",),
    ),
    Call(
        "park",
        "PUT",
        "/v1/receipts/{receipt_id}/park",
        "Put a sale aside for the next customer: opens the gate, what is held stays held",
        "open the gate by hand later",
        beside.Parked,
        own=("receipt_unknown", "wrong_state"),
    ),
    Call(
        "accepting",
        "PUT",
        "/v1/accepting",
        "Open or close the gate for card reads by hand",
        "nothing",
        answers.Accepting,
        shapes.AcceptingBody,
    ),
    Call(
        "hello",
        "GET",
        "/v1/hello",
        "Who answers, and how things stand",
        "sell without loyalty, ask each 5 s",
        answers.Hello,
    ),
    Call(
        "events",
        "GET",
        "/v1/events",
        "Everything that happens at this till, as server-sent events",
        "connect again with Last-Event-ID",
        None,
    ),
    Call("devices", "GET", "/v1/devices", "The readers and their states", "nothing", answers.Readers),
    Call("openapi", "GET", "/v1/openapi.json", "This document", "nothing", dict),
    Call("healthz", "GET", "/healthz", "Whether the agent lives; asks for no token", "ask again", str),
)
BY_NAME = {call.name: call for call in CALLS}
