"""The POS's door: real uvicorn, a real Unix socket, and clients that do not behave."""

import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pytest

from agent.till.guard import MAX_BODY_BYTES
from tests.till.conftest import DEVICES
from tests.till.desk import CARD, Desk, basket
from tests.till.serving import Door


def test_a_sale_goes_all_the_way_over_the_socket(desk: Desk, door: Door) -> None:
    desk.know_member(500)
    desk.allow(500)
    status, known = door.call("POST", "/v1/identifications", {"value": CARD})
    assert (status, known["result"]) == (200, "identified")
    sale = basket(instruments=[known["identification_id"]], redeem={"points": 300})
    status, quote = door.call("PUT", "/v1/receipts/r1/quote", sale)
    assert (status, quote["due_minor"]) == (200, 1250)
    held = {"etag": quote["etag"], "basket": sale}
    assert door.call("PUT", "/v1/receipts/r1/hold", held)[1]["held"] == {"points": 300}
    assert door.call("GET", "/v1/receipts/r1")[1]["state"] == "held"
    paid = {**held, "tenders": [{"kind": "cash", "amount_minor": 1250}], "fiscal": "F1"}
    status, answer = door.call("POST", "/v1/receipts/r1/commit", paid)
    assert (status, answer["state"], answer["differences"]) == (200, "committed", [])
    assert any("300" in line for line in answer["receipt_text"])
    assert door.call("POST", "/v1/receipts/r1/commit", paid) == (200, answer)
    assert door.call("GET", "/v1/receipts/r1") == (200, answer)
    back = {"lines": [{"line": 2}], "returned_at": sale["sold_at"]}
    assert door.call("PUT", "/v1/receipts/r1/returns/b1", back)[1]["state"] == "partly_returned"
    assert door.call("POST", "/v1/receipts/r1/void", {})[0] == 409


def test_who_answers_is_told_without_anything_personal(desk: Desk, door: Door) -> None:
    status, told = door.call("GET", "/v1/hello")
    assert status == 200
    assert told["programme"] == {"id": "household-club", "version": 1}
    assert set(told) == {"agent", "api", "store", "till", "mode", "programme", "data_age_s"}
    assert door.call("GET", "/healthz") == (200, b"ok\n")
    assert door.call("GET", "/v1/devices") == (200, {"devices": DEVICES})


def test_the_door_is_open_to_owner_and_group_alone(door: Door) -> None:
    assert isinstance(door.address, str)
    assert stat.S_IMODE(Path(door.address).stat().st_mode) == 0o660


@pytest.mark.parametrize(
    ("path", "body", "pointers"),
    [
        ("quote", b"[]", {""}),
        ("quote", b"{", {""}),
        ("quote", {**basket(), "linez": []}, {"/linez"}),
        ("hold", {"etag": "x", "basket": {**basket(), "store": 1}, "more": 1}, {"/basket/store", "/more"}),
        ("quote", basket(currency="usd", sold_at="yesterday"), {"/currency", "/sold_at"}),
        ("quote",
         basket(currency="USD\n", lines=[{"line": 1, "sku": "x", "amount_minor": 1, "quantity": "1\n"}]),
         {"/currency", "/lines/0/quantity"}),
        ("quote", basket(receipt_id="r1\n"), {"/receipt_id"}),
        ("hold", {"etag": "x", "basket": basket(sold_at="0001-01-01T00:00:00+14:00")}, {"/basket"}),
        ("quote", basket(sold_at="9999-12-31T23:59:59-12:00"), {""}),
        ("returns/b1", {"lines": [{"line": 1}], "returned_at": "0001-01-01T00:00:00Z"}, {""}),
        ("quote", basket(lines=[{"line": 0, "sku": "x", "amount_minor": 1.5}]),
         {"/lines/0/line", "/lines/0/amount_minor"}),
    ],
)  # fmt: skip
def test_a_malformed_document_is_told_all_its_mistakes(
    door: Door, path: str, body: Any, pointers: set[str]
) -> None:
    status, told = door.call("PUT", f"/v1/receipts/r1/{path}", body)
    assert (status, told["code"], told["cashier_action"]) == (400, "malformed", "call_help")
    assert {error["pointer"] for error in told["errors"]} == pointers


def test_a_negative_line_is_a_deposit_given_back_and_an_absurd_one_a_mistake(door: Door) -> None:
    lines = [{"line": 1, "sku": "bottle", "amount_minor": -25}]
    assert door.call("PUT", "/v1/receipts/r1/quote", basket(lines=lines))[1]["due_minor"] == -25
    lines[0]["amount_minor"] = -(10**12)
    assert door.call("PUT", "/v1/receipts/r1/quote", basket(lines=lines))[0] == 400


def test_another_currency_and_other_refusals_have_their_codes(desk: Desk, door: Door) -> None:
    told = door.call("PUT", "/v1/receipts/r1/quote", basket(currency="EUR"))[1]
    assert (told["status"], told["code"]) == (422, "currency_mismatch")
    assert door.call("PUT", "/v1/receipts/r9/quote", basket())[1]["code"] == "receipt_id_mismatch"
    told = door.call("PUT", "/v1/receipts/r1/hold", {"etag": "old", "basket": basket()})[1]
    assert (told["status"], told["code"]) == (422, "etag_mismatch")
    assert door.call("GET", "/v1/receipts/r7")[1]["code"] == "receipt_unknown"
    assert door.call("GET", "/v1/nothing")[1]["code"] == "not_found"
    assert door.call("DELETE", "/v1/receipts/r1/quote")[1]["code"] == "method_not_allowed"
    assert door.call("POST", "/v1/hello")[0] == 405


def test_a_payment_card_is_refused_wherever_it_is_typed(desk: Desk, door: Door) -> None:
    status, told = door.call("POST", "/v1/identifications", {"value": "4111 1111 1111 1111"})
    assert (status, told["code"], told["cashier_action"]) == (422, "payment_card_refused", "ask_customer")
    sale = basket(instruments=["4111111111111111"])
    status, again = door.call("PUT", "/v1/receipts/r1/quote", sale)
    assert (status, again["code"]) == (422, "payment_card_refused")
    assert "1111" not in str(told) + str(again)


def test_a_body_over_the_cap_is_answered_and_let_go(door: Door) -> None:
    status, told = door.call("POST", "/v1/receipts/r1/commit", b'"' + b"x" * MAX_BODY_BYTES + b'"')
    assert (status, told["code"]) == (413, "too_large")
    assert door.call("GET", "/v1/hello")[0] == 200


def test_half_open_requests_are_closed_and_the_door_stays_open(door: Door) -> None:
    head = [door.connect() for _ in range(7)]
    for one in head:
        one.sendall(b"PUT /v1/receipts/r1/quote HTTP/1.1\r\nHost: x\r\nX-Slow: ")
    body = door.connect()
    body.sendall(b"PUT /v1/receipts/r1/quote HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
    began = time.monotonic()
    while time.monotonic() - began < 4:
        # A byte now and then must not buy more time.
        body.sendall(b" ")
        time.sleep(0.5)
    assert b"408" in body.recv(4096)
    for one in head:
        assert one.recv(1) == b""
        one.close()
    body.close()
    assert time.monotonic() - began <= 10
    assert door.call("GET", "/v1/hello")[0] == 200


def test_a_client_that_hangs_up_in_the_middle_does_no_harm(door: Door) -> None:
    for _ in range(20):
        one = door.connect()
        one.sendall(b"POST /v1/receipts/r1/commit HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{")
        one.close()
    assert door.call("GET", "/v1/receipts/r1")[0] == 404


@contextmanager
def listening(door: Door, last_event_id: str = "") -> Iterator[IO[bytes]]:
    """Follow the event stream, new or from where it was."""
    with door.connect() as connection, connection.makefile("rb") as stream:
        resume = f"Last-Event-ID: {last_event_id}\r\n" if last_event_id else ""
        connection.sendall(f"GET /v1/events HTTP/1.1\r\nHost: x\r\n{resume}\r\n".encode())
        # Only the first line of the stream itself says that from now on nothing is missed.
        first = b":" if not last_event_id else b"\r\n"
        while not stream.readline().startswith(first):
            pass
        yield stream


def heard(stream: IO[bytes], kind: str) -> tuple[str, str]:
    """Read until an event of this kind; return its id and data."""
    number = ""
    for raw in stream:
        line = raw.decode().rstrip()
        if line.startswith("id: "):
            number = line[4:]
        elif line == f"event: {kind}":
            return number, stream.readline().decode()
    raise AssertionError(f"no {kind}")


def test_the_stream_goes_on_where_it_was_broken(door: Door) -> None:
    with listening(door) as stream:
        door.call("PUT", "/v1/receipts/r1/quote", basket())
        number, data = heard(stream, "quote.updated")
        assert "r1" in data
    door.call("PUT", "/v1/receipts/r2/quote", basket("r2"))
    with listening(door, number) as again:
        assert "r2" in heard(again, "quote.updated")[1]
    with listening(door, "otherstart-7") as lost:
        assert heard(lost, "resync")


def test_the_gate_is_moved_by_hand(desk: Desk, door: Door) -> None:
    assert door.call("PUT", "/v1/accepting", {"accepting": False}) == (200, {"accepting": False})
    assert desk.checkout._gate.judge("scanner", CARD, 0) == "late"
    assert door.call("PUT", "/v1/accepting", {"accepting": True})[0] == 200
    assert desk.checkout._gate.judge("scanner", CARD, 1) == "accepted"
    assert door.call("PUT", "/v1/accepting", {"accepting": "yes"})[1]["code"] == "malformed"
