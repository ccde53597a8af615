"""The OpenAPI document is the interface: every path, type, code and example in it is what the door does."""

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent.cli.schemas import POS_BODIES
from agent.loyalty.quote import Quote
from agent.till.answers import Hello, Identified
from agent.till.calls import BY_NAME, CALLS
from agent.till.happenings import EVENTS
from agent.till.openapi import REF, document
from agent.till.problem import PROBLEMS, Problem
from tests.till.desk import CARD, NOON, Desk, basket
from tests.till.serving import Door
from tests.till.tables import calls, codes
from tests.till.told_examples import STORED, examples

ROOM = STORED.parent
NOWHERE = {"receipt_id": "r7", "return_id": "b7", "identification_id": "i7"}
METHODS = ("GET", "PUT", "POST", "DELETE", "PATCH")


def told_by(kind: Any, answer: Any) -> bool:
    """Say whether a type knows every key of an answer and has a value for every key it requires."""
    return holds(msgspec.to_builtins(msgspec.convert(answer, kind)), answer)


def holds(known: Any, told: Any) -> bool:
    match told:
        case dict():
            return isinstance(known, dict) and all(
                key in known and holds(known[key], one) for key, one in told.items()
            )
        case list():
            return len(known) == len(told) and all(map(holds, known, told))
        case _:
            return bool(known == told)


def test_the_door_has_the_documented_calls_and_no_others(door: Door) -> None:
    documented = {(method.upper(), path) for path, ways in document()["paths"].items() for method in ways}
    assert documented == {(call.method, call.path) for call in CALLS}
    for path in document()["paths"]:
        allowed = {method for method, where in documented if where == path}
        for method in set(METHODS) - allowed:
            status, told = door.call(method, path.format(**NOWHERE))
            assert (status, told["code"]) == (405, "method_not_allowed")
            assert told["cause"] == f"use {', '.join(allowed)}"
    for path in ("/", "/v1", "/v1/receipts/r7/quote/", "/v1/receipts/r7%0A", "/v1/receipts/a%20b/quote"):
        assert door.call("GET", path)[1]["code"] == "not_found"


def test_the_document_is_served_as_it_is_printed(door: Door) -> None:
    assert door.call("GET", "/v1/openapi.json") == (200, json.loads(msgspec.json.encode(document())))


def test_every_reference_leads_to_a_type_and_every_type_is_referred_to() -> None:
    text = json.dumps(document())
    named = set(re.findall(re.escape(REF.partition("{")[0]) + r"(\w+)", text))
    assert named == set(document()["components"]["schemas"])
    assert {one.__name__ for one in POS_BODIES} <= named


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.name)
def test_every_call_tells_its_body_its_answer_and_its_codes(call: Any) -> None:
    told = document()["paths"][call.path][call.method.lower()]
    assert ("requestBody" in told) == (call.body is not None)
    assert {one["name"] for one in told["parameters"] if one["in"] == "path"} == set(call.pattern.groupindex)
    named = [
        code
        for status, answer in told["responses"].items()
        if status != "200"
        for code in answer["content"]["application/problem+json"]["schema"]["allOf"][1]["properties"]["code"][
            "enum"
        ]
    ]
    assert sorted(named) == sorted(call.problems)
    assert set(named) <= set(PROBLEMS)


def test_every_code_belongs_to_a_call() -> None:
    used = {code for call in CALLS for code in call.problems}
    assert set(PROBLEMS) - used == {"method_not_allowed"}


def test_answers_may_grow_and_strict_bodies_may_not() -> None:
    schemas = document()["components"]["schemas"]
    assert "additionalProperties" not in schemas["Quote"]
    assert schemas["Basket"]["additionalProperties"] is False


def test_the_examples_are_what_the_till_answers(tmp_path: Path) -> None:
    assert examples(tmp_path) == json.loads(STORED.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", [call.name for call in CALLS if call.answer not in {None, dict, str}])
def test_every_example_fits_its_types_to_the_last_key(name: str) -> None:
    call, example = BY_NAME[name], json.loads(STORED.read_text(encoding="utf-8"))[name]
    assert told_by(call.answer, example["answer"])
    if call.body is not None:
        msgspec.convert(example["body"], call.body)


def test_a_key_that_no_type_tells_would_be_seen() -> None:
    answer = json.loads(STORED.read_text(encoding="utf-8"))["hello"]["answer"]
    assert told_by(Hello, answer)
    assert not told_by(Hello, {**answer, "secret": 1})


def test_every_event_of_a_till_fits_its_type(desk: Desk) -> None:
    desk.know_member(500)
    desk.allow(500)
    fresh = desk.identify("2990000000026")["identification_id"]
    desk.call("join", json.dumps({"request_id": "q1", "identification_id": fresh}).encode())
    known = desk.identify()
    asyncio.run(read_cards(desk))
    examples_of_a_sale(desk, known["identification_id"])
    desk.checkout.events.publish("mode.changed", {"mode": "online", "data_age_s": 0})
    for kind in ("device.up", "device.down"):
        desk.checkout.events.publish(kind, {"device": "scanner", "state": "enabled"})
    heard = {}
    for _, message in desk.checkout.events._ring:
        _, event, data = message.decode().strip().split("\n")
        kind = event.removeprefix("event: ")
        heard[kind] = json.loads(data.removeprefix("data: "))
        assert told_by(EVENTS[kind], heard[kind]), kind
    assert set(EVENTS) - set(heard) == {"card.blocked", "member.greeted"}
    assert issubclass(EVENTS["card.blocked"], Identified)


async def read_cards(desk: Desk) -> None:
    desk.cards.on_read("scanner", "card", CARD, 1)
    desk.cards.on_refused("scanner", "payment_card")
    desk.checkout.set_accepting(accepting=False)
    desk.cards.on_read("scanner", "card", CARD, 10**10)
    await asyncio.sleep(0)  # head office is asked meanwhile, in vain


def examples_of_a_sale(desk: Desk, token: str) -> None:
    body = json.loads(STORED.read_text(encoding="utf-8"))["commit"]["body"]
    body["basket"]["instruments"] = [token]
    receipt_id = body["basket"]["receipt_id"]
    quote: Quote = desk.call("quote", receipt_id, json.dumps(body["basket"]).encode())
    held = {"etag": quote.etag, "basket": body["basket"]}
    desk.call("hold", receipt_id, json.dumps(held).encode())
    say(desk, receipt_id)
    desk.call("commit", "late", json.dumps({"basket": basket("late")}).encode())
    desk.call("claim", "late", json.dumps({"identification_id": token}).encode())
    desk.call("commit", receipt_id, json.dumps({**body, "etag": quote.etag + "0"}).encode())
    back = {"lines": [{"line": 2}], "returned_at": NOON.isoformat()}
    desk.call("take_back", receipt_id, "x", json.dumps(back).encode())
    desk.call("void", "another", b"")


def say(desk: Desk, receipt_id: str) -> None:
    talk = desk.checkout.talk
    talk.answer(receipt_id, b'{"code":"redeem","values":{"wallet":"points","points":1}}')
    talk.park(receipt_id)
    for outcome in ("shown", "taken", "declined"):
        body = {"code": "missing", "rule": "half", "outcome": outcome}
        asyncio.run(talk.prompt(receipt_id, json.dumps(body).encode()))


@pytest.mark.parametrize("page", ["README.md", "INTEGRATION.md"])
def test_the_pages_show_the_tables_as_they_are(page: str) -> None:
    text = (ROOM / page).read_text(encoding="utf-8")
    assert (calls() if page == "README.md" else codes()) in text, "python -m tests.till.tables prints them"


def test_a_problem_is_one_of_rfc_9457_and_says_what_it_is() -> None:
    schema = document()["components"]["schemas"]["Problem"]
    assert {"type", "title", "status", "detail", "code", "cashier_action", "action"} <= set(
        schema["required"]
    )
    assert Problem.__doc__ is not None
