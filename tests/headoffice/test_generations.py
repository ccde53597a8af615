"""Tills of another generation at the door: an old one is served as ever, a packed one is taken as it came."""

from typing import Any

import msgspec

from agent.headoffice.office import Office
from agent.sync.packing import MAGIC, packed, unpacked
from agent.sync.signing import seal
from agent.sync.wire import (
    MAX_BODY_BYTES,
    PATHS,
    PROTOCOL,
    Acknowledged,
    Delta,
    Hello,
    Pull,
    Push,
    Welcome,
    encode,
)
from tests.headoffice.test_door import answer, call
from tests.headoffice.till_end import TillEnd, book, rows


def said(office: Office, till: TillEnd, kind: Any, content: bytes) -> Any:
    path = PATHS[kind]
    return call(office, path, encode(seal(till.name, path, content, till.key)))


def test_a_till_of_protocol_1_is_served_in_its_own_words(office: Office, till: TillEnd) -> None:
    till.add("TICK")
    hello = msgspec.msgpack.decode(encode(till.hello())) | {"protocol": 1, "dropped_later": True}
    welcome = answer(said(office, till, Hello, encode(hello)), Welcome)
    assert (welcome.protocol, welcome.slot_ms) == (1, 0)
    batch = msgspec.msgpack.decode(encode(till.batch())) | {"dropped_later": True}
    assert answer(said(office, till, Push, encode(batch)), Acknowledged).received_seq == 1
    asked = {"type": "PULL", "incarnation": till.incarnation, "cursor": 0, "directory": 0, "limit": 1000}
    response = said(office, till, Pull, encode(asked))
    assert not response.content.startswith(MAGIC)
    assert answer(response, Delta).members


def test_a_till_of_a_later_protocol_is_told_ours(office: Office, till: TillEnd) -> None:
    hello = msgspec.structs.replace(till.hello(), protocol=PROTOCOL + 1)
    assert answer(said(office, till, Hello, encode(hello)), Welcome).protocol == PROTOCOL


def test_a_packed_batch_lies_on_disk_as_it_was_signed_and_is_found_again(
    office: Office, till: TillEnd
) -> None:
    for _ in range(50):
        till.add("TICK")
    content = packed(encode(till.batch()))
    assert content.startswith(MAGIC)
    assert answer(said(office, till, Push, content), Acknowledged).received_seq == 50
    (sealed,) = office.segments.sealed(till.incarnation)
    assert sealed.payload == content
    assert answer(said(office, till, Push, content), Acknowledged).received_seq == 50
    office.close()
    again = Office(office.state, office.clock, serving=True)
    try:
        assert again.segments.received(till.incarnation) == (50, till.hash_at(50))
        assert book(again) == 50
    finally:
        again.close()


def test_fields_of_a_newer_till_stay_byte_by_byte(office: Office, till: TillEnd) -> None:
    """The hash covers them: whoever re-encodes an entry breaks the chain."""
    entry = msgspec.msgpack.decode(encode({"incarnation": till.incarnation, "seq": 1, "kind": "NOTE"}))
    body = msgspec.msgpack.Encoder(order="sorted").encode(entry | {"zz_later": {"a": [1, None, b"x"]}})
    till.bodies.append(body)
    assert answer(said(office, till, Push, packed(encode(till.batch()))), Acknowledged).received_seq == 1
    assert [one.body for one in office.segments.entries(till.incarnation, 0)] == [body]
    book(office)
    assert rows(office, "SELECT body, hash FROM entry") == [(body, till.hash_at(1))]


def test_a_page_is_packed_for_a_till_that_takes_it(office: Office, till: TillEnd) -> None:
    response = said(office, till, Pull, encode(Pull(till.incarnation, 0, packed=True)))
    assert response.content.startswith(MAGIC)
    page = msgspec.msgpack.decode(unpacked(response.content, MAX_BODY_BYTES), type=Delta)
    assert [row.member for row in page.members] == ["m-1", "m-2"]


def test_a_bomb_and_a_cut_frame_are_refused(office: Office, till: TillEnd) -> None:
    bomb = packed(b"\0" * (64 * 2**20))
    whole = packed(encode(till.batch()) + b"\0" * 2000)
    for content in (bomb, whole[:-3], MAGIC, MAGIC + b"?"):
        assert said(office, till, Push, content).status_code == 400
