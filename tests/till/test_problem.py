"""Errors as the POS hears them: a stable code, an action for the cashier, nobody's number."""

import re

import msgspec
import pytest

from agent.documents import decode_json
from agent.errors import Conflict, DocumentError, LedgerReadOnly, LoyaltyError, Refused, Unreachable
from agent.till.problem import PROBLEMS, Problem, Wrong, problem, problem_of, spoken_by
from agent.till.shapes import IdentificationBody
from agent.till.words import ACTIONS, LANGUAGES, SENTENCES

SPOKEN = {"en": "Choose fewer points.", "ru": "Выберите меньше баллов.", "fi": "Valitse vähemmän pisteitä."}


@pytest.mark.parametrize("code", sorted(PROBLEMS))
def test_every_code_tells_the_cashier_what_to_do(code: str) -> None:
    told = problem(code, "a sentence")
    assert msgspec.convert(msgspec.to_builtins(told), Problem) == told
    assert set(ACTIONS) >= {told.cashier_action}
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
    assert told.errors == [Wrong("hold_too_large", values={"wallet": "points", "max": 7})]


@pytest.mark.parametrize("language", SPOKEN)
def test_the_cashier_reads_it_in_the_own_language_and_the_code_stays(language: str) -> None:
    told = problem_of(Refused("hold_too_large", "too many"), language)
    assert (told.code, told.cashier_action, told.action) == (
        "hold_too_large",
        "choose_less",
        SPOKEN[language],
    )
    assert told.title == problem("hold_too_large", "").title
    assert told.cause == "too many"


def test_every_sentence_is_said_in_every_language_and_differs() -> None:
    assert set(SENTENCES) == set(PROBLEMS)
    for spoken in (*SENTENCES.values(), *ACTIONS.values()):
        assert len(set(spoken)) == len(LANGUAGES)
        assert all(one.endswith(".") for one in spoken)
        assert re.search("\u0430|\u043e", spoken[1])


@pytest.mark.parametrize(
    ("field", "language"),
    [("", "fi"), ("ru", "ru"), ("ru-RU, en;q=0.5", "ru"), ("de, en;q=0.1", "en"), ("en;q=0", "fi"),
     ("en;q=x", "fi"), ("en;level=1", "fi"), ("\xff, ;;q=,", "fi")],
)  # fmt: skip
def test_the_caller_chooses_the_language_else_the_till(field: str, language: str) -> None:
    assert spoken_by([(b"accept-language", field.encode("latin-1"))], "fi") == language
    assert spoken_by([], "ru") == "ru"


def test_a_number_typed_into_the_wrong_field_is_not_echoed() -> None:
    body = b'{"value": "x", "entry_mode": "4111 1111 1111 1111", "4111111111111111": 1}'
    with pytest.raises(DocumentError) as caught:
        decode_json(body, IdentificationBody, what="identification")
    told = str(problem_of(caught.value))
    assert "1111" not in told
    assert "/entry_mode" in told
