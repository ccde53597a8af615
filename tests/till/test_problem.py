"""Errors as the POS hears them: a stable code, an action for the cashier, nobody's number."""

import pytest

from agent.documents import decode_json
from agent.errors import Conflict, DocumentError, LedgerReadOnly, LoyaltyError, Refused, Unreachable
from agent.till.problem import PROBLEMS, problem, problem_of
from agent.till.shapes import IdentificationBody

ACTIONS = {"call_help", "continue_without", "retry", "choose_less", "ask_customer"}


@pytest.mark.parametrize("code", sorted(PROBLEMS))
def test_every_code_tells_the_cashier_what_to_do(code: str) -> None:
    told = problem(code, "a sentence")
    assert told.cashier_action in ACTIONS
    assert told.type.endswith(code)
    assert 400 <= told.status < 600


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Conflict("receipt_conflict", "twice"), 409),
        (Refused("hold_too_large", "too many", wallet="points", max=7), 422),
        (Refused("never_heard_of", "no"), 409),
        (LedgerReadOnly("disk full"), 503),
        (Unreachable("nobody"), 503),
        (DocumentError("basket", []), 400),
    ],
)
def test_each_error_has_its_status(error: LoyaltyError, status: int) -> None:
    assert problem_of(error).status == status


def test_a_refusal_brings_its_values_so_that_the_pos_can_offer_less() -> None:
    told = problem_of(Refused("hold_too_large", "too many", wallet="points", max=7))
    assert told.errors == [{"code": "hold_too_large", "values": {"wallet": "points", "max": 7}}]


def test_a_number_typed_into_the_wrong_field_is_not_echoed() -> None:
    body = b'{"value": "x", "entry_mode": "4111 1111 1111 1111", "4111111111111111": 1}'
    with pytest.raises(DocumentError) as caught:
        decode_json(body, IdentificationBody, what="identification")
    told = str(problem_of(caught.value))
    assert "1111" not in told
    assert "/entry_mode" in told
