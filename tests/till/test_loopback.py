"""The loopback door: a token, and a Host and Origin that are known; a page elsewhere reaches nothing."""

import http.client
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.daemon.server import loopback_socket
from agent.till.api import build_app
from agent.till.cross_origin import CrossOrigin
from agent.till.guard import LoopbackGuard
from tests.till.desk import Desk, basket
from tests.till.serving import Door, served

ORIGIN = "https://pos.example"
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def door(desk: Desk) -> Iterator[Door]:
    listening = loopback_socket(0)
    port = listening.getsockname()[1]
    guard = LoopbackGuard(
        build_app(desk.checkout, list), port=port, tokens={"pos": "secret"}, origins=[ORIGIN]
    )
    with served(CrossOrigin(guard, [ORIGIN]), listening) as one:
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


def preflight(door: Door, origin: str, **more: str) -> tuple[int, dict[str, str]]:
    asked = {
        "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": "authorization",
        **more,
    }
    client = http.client.HTTPConnection("localhost")
    client.sock = door.connect()
    client.request("OPTIONS", "/v1/receipts/r1/quote", headers={**headers_of(door, Origin=origin), **asked})
    answer = client.getresponse()
    answer.read()
    client.close()
    return answer.status, {key.lower(): value for key, value in answer.getheaders()}


def test_a_page_of_a_known_origin_may_ask_before_it_calls(door: Door) -> None:
    status, told = preflight(door, ORIGIN, Authorization="")
    assert (status, told["access-control-allow-origin"], told["vary"]) == (204, ORIGIN, "Origin")
    assert {"GET", "PUT", "POST"} == set(told["access-control-allow-methods"].split(", "))
    assert "authorization" in told["access-control-allow-headers"]
    assert "access-control-allow-private-network" not in told
    old = {"Access-Control-Request-Private-Network": "true"}
    assert preflight(door, ORIGIN, **old)[1]["access-control-allow-private-network"] == "true"


def test_a_page_elsewhere_hears_nothing_that_lets_it_call(door: Door) -> None:
    for origin in ("https://elsewhere.example", "null", f"{ORIGIN}.evil"):
        status, told = preflight(door, origin)
        assert status == 403
        assert not any(name.startswith("access-control") for name in told)


def test_a_known_page_may_read_answers_and_errors(door: Door) -> None:
    client = http.client.HTTPConnection("localhost")
    client.sock = door.connect()
    client.request("GET", "/v1/receipts/r9", headers=headers_of(door, Authorization=""))
    answer = client.getresponse()
    answer.read()
    client.close()
    assert (answer.status, answer.getheader("access-control-allow-origin")) == (401, ORIGIN)


def test_the_example_policy_names_origins_for_loopback_and_nothing_else() -> None:
    policy = json.loads((ROOT / "config" / "browser-policy" / "loyalty-agent.json").read_text())
    assert list(policy) == ["LoopbackNetworkAllowedForUrls"]
    assert all(
        one.startswith("https://") and "*" not in one for one in policy["LoopbackNetworkAllowedForUrls"]
    )
