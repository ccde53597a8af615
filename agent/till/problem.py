"""Errors as the POS hears them: RFC 9457, with a stable code and what the cashier should do now."""

import re
from typing import Any

import msgspec

from agent.errors import Conflict, DocumentError, LedgerReadOnly, LoyaltyError, Refused

CONTENT_TYPE = b"application/problem+json"
_LONG_NUMBER = re.compile(r"[0-9](?:[ -]?[0-9]){8,}")
TYPE = "tag:loyalty-agent,2026:problem/"

# code → (HTTP status, title, what the cashier should do)
PROBLEMS: dict[str, tuple[int, str, str]] = {
    "malformed": (400, "The document is not what it should be", "call_help"),
    "not_allowed": (403, "This caller may not do that", "call_help"),
    "not_found": (404, "There is nothing here", "continue_without"),
    "receipt_unknown": (404, "This till does not know the receipt", "continue_without"),
    "timeout": (408, "The body did not arrive in time", "retry"),
    "receipt_conflict": (409, "The same receipt id came with other content", "continue_without"),
    "wrong_state": (409, "The receipt is past that", "continue_without"),
    "too_large": (413, "The body is too large", "call_help"),
    "currency_mismatch": (422, "The basket is in another currency than this till", "call_help"),
    "receipt_id_mismatch": (422, "The basket names another receipt than the path", "call_help"),
    "payment_card_refused": (422, "A payment card is no loyalty card", "ask_customer"),
    "unreadable": (422, "The number could not be read", "ask_customer"),
    "etag_mismatch": (422, "The quote is no longer the same: ask for a new one", "retry"),
    "hold_too_large": (422, "More points than may be spent here now", "choose_less"),
    "return_too_large": (422, "More comes back than was sold", "call_help"),
    "too_many_connections": (429, "Too many calls at once", "retry"),
    "too_many_unknown_cards": (429, "Too many unknown cards from this caller", "continue_without"),
    "ledger_read_only": (503, "The ledger cannot be written now", "continue_without"),
    "busy": (503, "Too much at once", "retry"),
}


_RETRY_AFTER_S = {"too_many_unknown_cards": 60}


class Problem(msgspec.Struct, frozen=True):
    """One error document."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    cashier_action: str
    retry_after_s: int | None = None
    errors: list[dict[str, Any]] = []


def problem(code: str, detail: str, *, errors: list[dict[str, Any]] | None = None) -> Problem:
    """Make the document of a known code."""
    status, title, action = PROBLEMS[code]
    return Problem(
        type=TYPE + code,
        title=title,
        status=status,
        detail=detail,
        code=code,
        cashier_action=action,
        retry_after_s=_RETRY_AFTER_S.get(code, 1) if status in {429, 503} else None,
        errors=errors or [],
    )


def problem_of(error: LoyaltyError) -> Problem:
    """Turn one of our errors into its document."""
    match error:
        case DocumentError():
            errors = [_without_numbers(one.as_json()) for one in error.mistakes]
            return problem("malformed", _without_numbers(str(error)), errors=errors)
        case Conflict():
            return problem("receipt_conflict", str(error))
        case Refused(refusal=code, values=values):
            known = code if code in PROBLEMS else "wrong_state"
            return problem(known, str(error), errors=[{"code": code, "values": values}] if values else None)
        case LedgerReadOnly():
            return problem("ledger_read_only", str(error))
        case _:
            return problem("busy", str(error))


def _without_numbers(told: Any) -> Any:
    """Blank long digit runs of what a document held: a number typed into a wrong field is not echoed."""
    match told:
        case str():
            return _LONG_NUMBER.sub("…", told)
        case dict():
            return {key: _without_numbers(value) for key, value in told.items()}
        case _:
            return told
