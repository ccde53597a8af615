"""The tills' door: signed messages only, and no input gets a 500."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.headoffice import tills
from agent.headoffice.app import build_app
from agent.headoffice.members import card_tag
from agent.headoffice.office import Office
from agent.headoffice.tills import add_till
from agent.sync.announced import GreetRequest
from agent.sync.signing import seal
from agent.sync.wire import (
    BLOB_PATH,
    MAX_BODY_BYTES,
    PATHS,
    Acknowledged,
    Allowance,
    AllowanceRequest,
    Delta,
    Enrolled,
    EnrolRequest,
    Hello,
    MemberRequest,
    MemberRow,
    Pull,
    Push,
    Refusal,
    Welcome,
    encode,
)
from tests.headoffice.till_end import PROGRAMME, StillClock, TillEnd, basket, book

SIGNED: list[Any] = [Hello, Push, AllowanceRequest, MemberRequest, GreetRequest, Pull]


def call(
    office: Office, path: str, body: bytes | None, *, woken: Callable[[], None] = lambda: None
) -> httpx.Response:
    async def one() -> httpx.Response:
        transport = httpx.ASGITransport(build_app(office, woken))
        async with httpx.AsyncClient(transport=transport, base_url="http://office") as client:
            return await (client.get(path) if body is None else client.post(path, content=body))

    return asyncio.run(one())


def send(office: Office, till: TillEnd, message: Any, *, path: str = "", **more: Any) -> httpx.Response:
    path = path or PATHS[type(message)]
    return call(office, path, encode(seal(till.name, path, encode(message), till.key)), **more)


def answer(response: httpx.Response, kind: Any) -> Any:
    assert response.status_code == 200, response.text
    return msgspec.msgpack.decode(response.content, type=kind)


def test_a_till_goes_all_the_way_through_the_door(office: Office) -> None:
    till, woken = TillEnd(), list[int]()
    request = EnrolRequest(add_till(office, "12", till.name), till.key.public_key().public_bytes_raw())
    enrolled = answer(call(office, PATHS[EnrolRequest], encode(request)), Enrolled)
    assert (enrolled.till, enrolled.store, enrolled.fleet_key) == ("12-1", "12", office.fleet_key)
    assert answer(send(office, till, till.hello()), Welcome).epoch == 1
    delta = answer(send(office, till, Pull(till.incarnation, 0)), Delta)
    assert [row.member for row in delta.members] == ["m-1", "m-2"]
    assert call(office, BLOB_PATH + delta.programmes[0].sha256, None).content == PROGRAMME
    till.sell(basket("r-1", 2000), delta.members[0].facts)
    pushed = send(office, till, till.batch(), woken=lambda: woken.append(1))
    assert answer(pushed, Acknowledged).received_seq == 3
    assert woken == [1]
    book(office)
    after = answer(send(office, till, Pull(till.incarnation, delta.to_cursor)), Delta)
    assert (after.booked_seq, [row.member for row in after.members]) == (3, ["m-1"])
    asked = AllowanceRequest(till.incarnation, "q", "m-1", "points", 100)
    assert answer(send(office, till, asked), Allowance).amount == 100
    tag = card_tag(office, "2990000000017")
    assert answer(send(office, till, MemberRequest(till.incarnation, tag)), MemberRow).member == "m-1"


def test_a_code_serves_once_and_for_a_quarter_of_an_hour(office: Office, clock: StillClock) -> None:
    key = TillEnd().key.public_key().public_bytes_raw()
    code = add_till(office, "12", "12-7")
    path = PATHS[EnrolRequest]
    assert answer(call(office, path, encode(EnrolRequest("wrong", key))), Refusal).code == "code_unknown"
    assert answer(call(office, path, encode(EnrolRequest(code, b"short"))), Refusal).code == "key_malformed"
    answer(call(office, path, encode(EnrolRequest(code, key))), Enrolled)
    assert answer(call(office, path, encode(EnrolRequest(code, b"2" * 32))), Refusal).code == "code_unknown"
    late = add_till(office, "12", "12-7")
    clock.advance(minutes=15, seconds=1)
    assert answer(call(office, path, encode(EnrolRequest(late, key))), Refusal).code == "code_unknown"


def test_a_message_serves_only_its_till_its_path_and_its_key(office: Office, till: TillEnd) -> None:
    assert send(office, TillEnd(till.name), till.hello()).status_code == 401
    assert send(office, TillEnd("nobody"), till.hello()).status_code == 401
    sealed = encode(seal(till.name, PATHS[Hello], encode(till.hello()), till.key))
    assert call(office, PATHS[Pull], sealed).status_code == 401
    assert call(office, PATHS[Hello], sealed).status_code == 200


def test_a_lost_answer_to_an_enrolment_is_given_again_to_the_same_key_while_the_code_lives(
    office: Office, clock: StillClock
) -> None:
    code, key = add_till(office, "12", "12-1"), b"1" * 32
    first = tills.enrol(office, EnrolRequest(code, key))
    clock.advance(minutes=14)
    assert tills.enrol(office, EnrolRequest(code, key)) == first
    assert isinstance(tills.enrol(office, EnrolRequest(code, b"2" * 32)), Refusal)
    assert tills.public_key_of(office, "12-1") == key
    clock.advance(minutes=2)
    assert isinstance(tills.enrol(office, EnrolRequest(code, key)), Refusal)
    fresh = add_till(office, "12", "12-1")
    assert isinstance(tills.enrol(office, EnrolRequest(code, key)), Refusal)
    assert isinstance(tills.enrol(office, EnrolRequest(fresh, b"2" * 32)), Enrolled)
    assert tills.public_key_of(office, "12-1") == b"2" * 32


def test_after_a_new_enrolment_the_old_key_opens_nothing(office: Office, till: TillEnd) -> None:
    fresh = TillEnd(till.name, "c" * 32)
    fresh.enrol(office)
    assert send(office, till, till.hello()).status_code == 401


def test_what_is_too_large_is_refused(office: Office) -> None:
    assert call(office, PATHS[Push], b"\0" * (MAX_BODY_BYTES + 1)).status_code == 413
    assert call(office, PATHS[EnrolRequest], b"\0" * 5000).status_code == 413


def test_other_paths_and_methods_are_not_there(office: Office) -> None:
    assert call(office, "/v1/feed", None).status_code == 404
    assert call(office, PATHS[Hello], None).status_code == 405
    assert call(office, BLOB_PATH + "no-such-hash", None).status_code == 404


def test_a_disk_that_does_not_write_is_a_503_with_a_time(office: Office, till: TillEnd) -> None:
    till.add("TICK")
    (office.state / "segments" / f"{till.incarnation}.segment").mkdir()
    response = send(office, till, till.batch())
    assert (response.status_code, response.headers["Retry-After"]) == (503, "5")


@pytest.mark.parametrize("kind", SIGNED)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(noise=st.binary(max_size=60))
def test_noise_gets_a_4xx(office: Office, till: TillEnd, kind: Any, noise: bytes) -> None:
    path = PATHS[kind]
    assert call(office, path, noise).status_code in {400, 401}
    signed = encode(seal(till.name, path, noise, till.key))
    assert call(office, path, signed).status_code == 400
