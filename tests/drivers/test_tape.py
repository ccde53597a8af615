"""A captured read replays as the reader would have read it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.tape import MAX_LINE, decode_line
from tests.drivers.loyalty_numbers import RANGES, card_number
from tests.drivers.payment_numbers import ALL_PANS, holds_digits_of

NUMBER = card_number(4)


def answer(transport: str, given: dict[str, Any], role: str = "scanner") -> dict[str, object]:
    device = {"name": "desk", "role": role}
    line = json.dumps({"id": "t1", "transport": transport, "device": device, "input": given})
    return decode_line(line, RANGES)


def serial(data: str) -> dict[str, object]:
    return answer("serial", {"bytes_hex": data.encode().hex()})


def test_a_scan_is_an_identifier() -> None:
    assert serial(f"]E0{NUMBER}\r\n") == {
        "id": "t1",
        "outcome": "identifier",
        "kind": "card",
        "value": NUMBER,
        "items": [],
        "reason": None,
    }


def test_two_scans_are_identifiers_in_order() -> None:
    assert serial(f"{NUMBER}\rC123456789\r") == {
        "id": "t1",
        "outcome": "identifiers",
        "kind": None,
        "value": None,
        "items": [{"kind": "card", "value": NUMBER}, {"kind": "coupon", "value": "C123456789"}],
        "reason": None,
    }


def test_a_scan_beside_a_payment_card_keeps_its_number_and_names_the_refusal() -> None:
    got = serial(f"4111111111111111\r{NUMBER}\r")
    assert (got["outcome"], got["value"], got["reason"]) == ("identifier", NUMBER, "payment_card")
    assert got["items"] == [{"reason": "payment_card"}, {"kind": "card", "value": NUMBER}]


def test_text_from_the_pos_is_decoded_alike() -> None:
    assert answer("pos_text", {"text": f" {NUMBER} "})["value"] == NUMBER


@pytest.mark.parametrize("given", [{"bytes_hex": "0d0a"}, {"bytes_hex": ""}, {"chunks": []}])
def test_an_empty_read_is_ignored(given: dict[str, Any]) -> None:
    assert answer("serial", given)["outcome"] == "ignored"


def test_empty_text_is_ignored() -> None:
    assert answer("pos_text", {"text": "  "})["outcome"] == "ignored"


def test_a_scan_without_its_end_is_incomplete() -> None:
    assert serial(NUMBER)["reason"] == "incomplete"


def test_chunks_keep_their_times() -> None:
    head, tail = NUMBER[:6].encode().hex(), (NUMBER[6:] + "\r").encode().hex()
    assert answer("serial", {"chunks": [[0, head], [60, tail]]})["value"] == NUMBER
    assert answer("serial", {"chunks": [[0, head], [400, tail]]}) == {
        "id": "t1",
        "outcome": "refused",
        "kind": None,
        "value": None,
        "items": [],
        "reason": "incomplete",
    }
    slow = {"chunks": [[0, head], [400, tail]], "config": {"idle_ms": 500}}
    assert answer("serial", slow)["value"] == NUMBER


def test_a_tape_may_bring_its_ranges() -> None:
    ranges = [{"kind": "gift", "prefix": "77", "length": 6, "check": "none"}]
    got = answer("pos_text", {"text": "770001", "config": {"ranges": ranges}})
    assert (got["kind"], got["value"]) == ("gift", "770001")


def test_a_tape_cannot_declare_payment_numbers_its_own() -> None:
    ranges = [{"kind": "card", "prefix": "4111", "length": 16, "check": "luhn"}]
    got = answer("pos_text", {"text": "4111111111111111", "config": {"ranges": ranges}})
    assert got["outcome"] == "refused"
    assert not holds_digits_of(json.dumps(got), "4111111111111111", run=5)


@pytest.mark.parametrize("pan", ALL_PANS)
def test_payment_numbers_are_refused_on_both_transports(pan: str) -> None:
    for got in (serial(f"{pan}\r"), answer("pos_text", {"text": pan})):
        assert (got["outcome"], got["reason"]) == ("refused", "payment_card")
        assert not holds_digits_of(json.dumps(got), pan, run=4)


def test_a_transport_that_is_not_here_says_so() -> None:
    got = answer("fax", {"text": "1"})
    assert (got["outcome"], got["reason"]) == (
        "refused",
        "tape: transport must be serial, evdev, hidraw, pcsc or pos_text",
    )


@pytest.mark.parametrize(
    "line",
    [
        "",
        "[]",
        "{",
        '{"transport": "serial"}',
        '{"transport": "serial", "input": {}}',
        '{"transport": "serial", "input": {"bytes_hex": "0"}}',
        '{"transport": "serial", "input": {"bytes_hex": 12}}',
        '{"transport": "serial", "input": {"chunks": [[5, "30"], [4, "0d"]]}}',
        '{"transport": "serial", "input": {"chunks": [["0", "30"]]}}',
        '{"transport": "serial", "input": {"bytes_hex": "30", "config": {"idle_ms": -1}}}',
        '{"transport": "pos_text", "input": {"text": 4111111111111111}}',
        '{"transport": "pos_text", "input": {"text": "1", "config": {"ranges": [{"kind": "card"}]}}}',
        "[" * 100_000,
        " " * (MAX_LINE + 1),
        b"\xff\xfe",
    ],
)
def test_a_line_that_is_no_tape_is_refused_with_a_reason(line: str | bytes) -> None:
    got = decode_line(line, RANGES)
    assert got["outcome"] == "refused"
    assert str(got["reason"]).startswith("tape: ")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
TAPE = st.fixed_dictionaries(
    {"transport": st.sampled_from(["serial", "pos_text", "evdev"]) | JSON, "input": JSON},
    optional={"id": JSON, "device": JSON},
)
SERIAL = st.fixed_dictionaries(
    {},
    optional={
        "bytes_hex": st.binary(max_size=200).map(bytes.hex) | JSON,
        "chunks": st.lists(
            st.tuples(st.integers(0, 5000), st.binary(max_size=20).map(bytes.hex)), max_size=4
        ),
        "text": st.text(max_size=40),
        "config": JSON | st.fixed_dictionaries({"idle_ms": st.integers(-5, 5000)}),
    },
)


@given(TAPE | st.fixed_dictionaries({"transport": st.sampled_from(["serial", "pos_text"]), "input": SERIAL}))
def test_any_json_gets_an_answer(tape: dict[str, Any]) -> None:
    got = decode_line(json.dumps(tape), RANGES)
    assert got["outcome"] in {"identifier", "identifiers", "refused", "ignored"}
    assert (got["outcome"] == "refused") <= isinstance(got["reason"], str)


@given(st.binary(max_size=200))
def test_any_line_gets_an_answer(line: bytes) -> None:
    assert "outcome" in decode_line(line, RANGES)
