"""The loopback door: a token, and a Host and Origin that are known; a page elsewhere reaches nothing."""

import http.client
import time
from collections.abc import Iterator

import pytest

from agent.daemon.server import loopback_socket
from agent.till.api import build_app
from agent.till.guard import LoopbackGuard
from tests.till.desk import Desk, basket
from tests.till.serving import Door, served

ORIGIN = "https://pos.example"


@pytest.fixture
def door(desk: Desk) -> Iterator[Door]:
    listening = loopback_socket(0)
    port = listening.getsockname()[1]
    guard = LoopbackGuard(
        build_app(desk.checkout, list), port=port, tokens={"pos": "secret"}, origins=[ORIGIN]
    )
    with served(guard, listening) as one:
        yield one


def headers_of(door: Door, **changed: str) -> dict[str, str]:
    told = {"Host": f"127.0.0.1:{door.address[1]}", "Origin": ORIGIN, "Authorization": "Bearer secret"}
    return {key: value for key, value in {**told, **changed}.items() if value}


def test_a_known_client_is_served(door: Door) -> None:
    sale = basket()
    assert door.call("PUT", "/v1/receipts/r1/quote", sale, headers_of(door))[0] == 200
    assert door.call("PUT", "/v1/receipts/r1/quote", sale, headers_of(door, Origin=""))[0] == 200


@pytest.mark.parametrize(
    "changed",
    [
        {"Authorization": ""},
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer secre"},
        {"Authorization": "secret"},
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
        {"Host": "rebound.example:8470"},
    ],
)
def test_anybody_else_is_told_nothing(door: Door, changed: dict[str, str]) -> None:
    expected = (401, "no_token") if "Authorization" in changed else (403, "not_allowed")
    status, told = door.call("PUT", "/v1/receipts/r1/quote", basket(), headers_of(door, **changed))
    assert (status, told["code"]) == expected
    status, told = door.call("GET", "/v1/events", None, headers_of(door, **changed))
    assert (status, told["code"]) == expected


def test_whether_it_lives_may_be_asked_by_anybody_here(door: Door) -> None:
    assert door.call("GET", "/healthz", None, {"Host": "any"}) == (200, b"ok\n")


def test_an_answer_is_not_held_back_for_forty_milliseconds(door: Door) -> None:
    # Nagle's algorithm against delayed acknowledgement: TCP_NODELAY must be set at this door.
    client = http.client.HTTPConnection("localhost")
    client.sock = door.connect()
    took_s = []
    for _ in range(30):
        began = time.monotonic()
        client.request("GET", "/v1/hello", headers=headers_of(door))
        assert client.getresponse().read()
        took_s.append(time.monotonic() - began)
    client.close()
    assert sorted(took_s)[15] < 0.02
