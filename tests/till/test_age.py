"""Joining where the programme has an age limit: the cashier confirms it, and no date of birth is taken."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from agent.errors import Refused
from agent.journal.tag import tag_of
from tests.screen.counter import Counter
from tests.till.desk import CLUB, FLEET_KEY

FRESH = "2990000000026"
LIMIT = "\n[enrol]\nage_at_least = 18\n"
TODAY = date(2026, 11, 24)


@pytest.fixture
def counter(tmp_path: Path) -> Any:
    one = Counter(tmp_path / "state", programme=CLUB.read_bytes() + LIMIT.encode())
    yield one
    one.ledger.close()


def body(counter: Counter, **more: Any) -> bytes:
    token = counter.identify(FRESH)["identification_id"]
    return json.dumps({"request_id": "q", "identification_id": token, "cashier": "7", **more}).encode()


@pytest.mark.parametrize("more", [{}, {"age_confirmed": False}])
def test_nobody_joins_before_the_age_was_confirmed(counter: Counter, more: dict[str, Any]) -> None:
    with pytest.raises(Refused) as why:
        counter.call("join", body(counter, **more))
    assert why.value.refusal == "age_to_confirm"
    assert counter.identify(FRESH)["result"] == "unknown"


def test_who_was_confirmed_has_that_age_from_today_and_no_birthday(counter: Counter) -> None:
    assert counter.call("join", body(counter, age_confirmed=True))["result"] == "identified"
    known = counter.ledger.read.member_of(tag_of("card", FRESH, FLEET_KEY))
    assert known is not None
    facts = counter.ledger.read.facts(known.member, TODAY)
    assert facts is not None
    assert facts.of_age_from == {"18": TODAY}


def test_the_cashiers_screen_asks_and_the_customers_leaves_it_to_the_cashier(counter: Counter) -> None:
    counter.identify(FRESH)
    (action,) = counter.screen().actions
    (tick,) = [field for field in action.fields if field.into == ["age_confirmed"]]
    assert tick.label == "I saw a document: the customer is at least 18 years old"
    assert action.body["age_confirmed"] is False
    assert counter.screen("customer").actions == []
