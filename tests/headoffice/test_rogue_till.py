"""An enrolled till that lies and breaks its own messages: refused with a code, and nobody else waits."""

from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.headoffice.office import Office
from agent.sync.announced import GreetRequest
from agent.sync.packing import Unpackable, packed, unpacked
from agent.sync.signing import seal
from agent.sync.wire import (
    MAX_BODY_BYTES,
    PATHS,
    AllowanceAnswer,
    AllowanceRequest,
    GreetAnswer,
    Hello,
    HelloAnswer,
    MemberAnswer,
    MemberRequest,
    Pull,
    PullAnswer,
    Push,
    PushAnswer,
    encode,
)
from tests.headoffice.test_door import call
from tests.headoffice.till_end import TillEnd

ANSWERS: dict[Any, Any] = {
    Hello: HelloAnswer,
    Push: PushAnswer,
    Pull: PullAnswer,
    AllowanceRequest: AllowanceAnswer,
    MemberRequest: MemberAnswer,
    GreetRequest: GreetAnswer,
}


def messages(till: TillEnd) -> list[Any]:
    return [
        till.hello(),
        till.batch(),
        Pull(till.incarnation, 0),
        AllowanceRequest(till.incarnation, "q", "m-1", "points", 10),
        MemberRequest(till.incarnation, b"t" * 16),
        GreetRequest(till.incarnation, b"t" * 16),
    ]


@st.composite
def broken(draw: st.DrawFn, content: bytes) -> bytes:
    """Cut, flip, double or stuff a message."""
    at = draw(st.integers(0, max(len(content) - 1, 0)))
    match draw(st.sampled_from(["cut", "flip", "double", "stuff"])):
        case "cut":
            return content[:at]
        case "flip":
            return content[:at] + bytes([content[at] ^ (1 << draw(st.integers(0, 7)))]) + content[at + 1 :]
        case "double":
            return content + content[at:]
        case _:
            return content[:at] + draw(st.binary(max_size=20)) + content[at:]


@pytest.mark.parametrize("number", range(6))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(data=st.data())
def test_whatever_an_enrolled_till_signs_gets_an_answer_of_its_path_or_a_4xx(
    office: Office, till: TillEnd, number: int, data: st.DataObject
) -> None:
    if not till.bodies:
        till.add("TICK")
    message = messages(till)[number]
    kind = type(message)
    content = data.draw(broken(encode(message)))
    if data.draw(st.booleans()):
        content = data.draw(broken(packed(content + b"\0" * 600)))
    sealed = encode(seal(till.name, PATHS[kind], content, till.key))
    response = call(office, PATHS[kind], sealed)
    assert response.status_code in {200, 400}
    if response.status_code == 200:
        msgspec.msgpack.decode(response.content, type=ANSWERS[kind])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)
@given(data=st.data())
def test_a_seal_that_was_touched_opens_nothing(office: Office, till: TillEnd, data: st.DataObject) -> None:
    message = till.hello()
    sound = encode(seal(till.name, PATHS[Hello], encode(message), till.key))
    touched = data.draw(broken(sound).filter(lambda one: one != sound))
    response = call(office, PATHS[Hello], touched)
    if response.status_code == 200:  # what was added lies outside what is signed
        sealed = msgspec.msgpack.decode(touched)
        assert (sealed["till"], sealed["payload"]) == (till.name, encode(message))
    else:
        assert response.status_code in {400, 401}


@given(st.sampled_from(list(ANSWERS.values())), st.binary(max_size=200), st.booleans())
def test_whatever_head_office_says_a_till_reads_an_answer_or_knows_that_it_is_none(
    answer: Any, noise: bytes, is_packed: bool
) -> None:
    content = packed(noise + b"\0" * 600) if is_packed else noise
    try:
        msgspec.msgpack.decode(unpacked(content, MAX_BODY_BYTES), type=answer)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, Unpackable):
        return
    assert not is_packed
