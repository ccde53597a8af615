"""Errors as the POS hears them: RFC 9457, with a stable code, and what the cashier should know and do."""

import re
from typing import Any, Literal

import msgspec

from agent.errors import Conflict, DocumentError, LedgerReadOnly, LoyaltyError, Refused
from agent.till.words import ACTIONS, LANGUAGES, SENTENCES, language_of

CONTENT_TYPE = b"application/problem+json"
_LONG_NUMBER = re.compile(r"[0-9](?:[ -]?[0-9]){8,}")
Action = Literal["call_help", "continue_without", "retry", "choose_less", "ask_customer"]
TYPE = "tag:loyalty-agent,2026:problem/"

# code → (HTTP status, title for whoever reads a log, what the cashier should do)
PROBLEMS: dict[str, tuple[int, str, Action]] = {
    "malformed": (400, "The document is not what it should be", "call_help"),
    "no_token": (401, "This door wants a token", "call_help"),
    "not_allowed": (403, "This caller may not do that", "call_help"),
    "not_found": (404, "There is nothing here", "continue_without"),
    "receipt_unknown": (404, "This till does not know the receipt", "continue_without"),
    "no_sale": (404, "No sale is being rung up here", "continue_without"),
    "method_not_allowed": (405, "There is no such call of this resource", "call_help"),
    "timeout": (408, "The body did not arrive in time", "retry"),
    "receipt_conflict": (409, "The same receipt id came with other content", "continue_without"),
    "wrong_state": (409, "The receipt is past that", "continue_without"),
    "card_taken": (409, "The card is somebody else's", "ask_customer"),
    "claim_too_late": (409, "Too late to claim it at the till", "continue_without"),
    "too_large": (413, "The body is too large", "call_help"),
    "currency_mismatch": (422, "The basket is in another currency than this till", "call_help"),
    "receipt_id_mismatch": (422, "The basket names another receipt than the path", "call_help"),
    "payment_card_refused": (422, "A payment card is no loyalty card", "ask_customer"),
    "unreadable": (422, "The number could not be read", "ask_customer"),
    "member_unknown": (422, "Nobody was identified", "ask_customer"),
    "cannot_enrol": (422, "Nobody can join that way here and now", "continue_without"),
    "age_to_confirm": (422, "Joining asks for an age that nobody confirmed", "ask_customer"),
    "second_factor_needed": (422, "A phone number alone spends no points", "ask_customer"),
    "etag_mismatch": (422, "The quote is no longer the same: ask for a new one", "retry"),
    "hold_too_large": (422, "More points than may be spent here now", "choose_less"),
    "return_too_large": (422, "More comes back than was sold", "call_help"),
    "too_many_connections": (429, "Too many calls at once", "retry"),
    "too_many_claims": (429, "This card claimed too many receipts", "continue_without"),
    "too_many_unknown_cards": (429, "Too many unknown cards from this caller", "continue_without"),
    "ledger_read_only": (503, "The ledger cannot be written now", "continue_without"),
    "busy": (503, "Too much at once", "retry"),
}


_RETRY_AFTER_S = {"too_many_unknown_cards": 60, "too_many_claims": 3600}


class Wrong(msgspec.Struct, frozen=True):
    """One thing that is wrong: where (RFC 6901 pointer into the body), a code, its values, what to do."""

    code: str
    pointer: str = ""
    values: dict[str, Any] = {}
    remedy: str = ""


class Problem(msgspec.Struct, frozen=True):
    """One error document.

    `code` and `cashier_action` are stable.  `detail` and `action` are sentences for the cashier in the
    language of Accept-Language, else the till's; `cause` is for the log and whoever programs the POS.
    """

    type: str
    title: str
    status: int
    detail: str
    code: str
    cashier_action: Action
    action: str
    cause: str = ""
    retry_after_s: int | None = None
    errors: list[Wrong] = []


def problem(code: str, cause: str, *, language: str = "en", errors: list[Wrong] | None = None) -> Problem:
    """Make the document of a known code."""
    status, title, action = PROBLEMS[code]
    spoken = LANGUAGES.index(language)
    return Problem(
        type=TYPE + code,
        title=title,
        status=status,
        detail=SENTENCES[code][spoken],
        code=code,
        cashier_action=action,
        action=ACTIONS[action][spoken],
        cause=cause,
        retry_after_s=_RETRY_AFTER_S.get(code, 1) if status in {429, 503} else None,
        errors=errors or [],
    )


def problem_of(error: LoyaltyError, language: str = "en") -> Problem:
    """Turn one of our errors into its document."""
    match error:
        case DocumentError():
            wrong = [Wrong(**_without_numbers(one.as_json())) for one in error.mistakes]
            return problem("malformed", _without_numbers(str(error)), language=language, errors=wrong)
        case Conflict():
            return problem("receipt_conflict", str(error), language=language)
        case Refused(refusal=code, values=values):
            known = code if code in PROBLEMS else "wrong_state"
            why = [Wrong(code, values=values)] if values else None
            return problem(known, str(error), language=language, errors=why)
        case LedgerReadOnly():
            return problem("ledger_read_only", str(error), language=language)
        case _:
            return problem("busy", str(error), language=language)


def told(one: Problem, language: str) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """Return headers and body of an error."""
    headers = [(b"content-type", CONTENT_TYPE), (b"content-language", language.encode())]
    if one.retry_after_s is not None:
        headers.append((b"retry-after", str(one.retry_after_s).encode()))
    if one.code == "no_token":
        headers.append((b"www-authenticate", b"Bearer"))
    if one.code in {"timeout", "too_large"}:
        headers.append((b"connection", b"close"))  # the rest of the body is not waited for
    return headers, msgspec.json.encode(one)


def spoken_by(headers: Any, default: str) -> str:
    """Return the language in which a caller's errors are told, from the headers of its call."""
    for name, value in headers:
        if name == b"accept-language":
            return language_of(value.decode("latin-1"), default)
    return default


def _without_numbers(plain: Any) -> Any:
    """Blank long digit runs of what a document held: a number typed into a wrong field is not echoed."""
    match plain:
        case str():
            return _LONG_NUMBER.sub("…", plain)
        case dict():
            return {_without_numbers(key): _without_numbers(value) for key, value in plain.items()}
        case list() | tuple():
            return [_without_numbers(one) for one in plain]
        case _:
            return plain
