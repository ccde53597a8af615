"""Cards that are tapped or put in: what is asked of them, and what may come out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.apdu import GET_UID, CardFile, parse_response
from drivers.card_session import run
from drivers.codes import NO_CODES, Codes
from drivers.ndef import message_span, texts_of
from drivers.number import Decoded, Refused
from drivers.uid import UidRules, uid_text
from tests.drivers.loyalty_numbers import RANGES, card_number, with_ean_check

NUMBER = card_number(3)
TYPE_2 = bytes.fromhex("3B8F8001804F0CA0000003060300030000000068")
CLASSIC = bytes.fromhex("3B8F8001804F0CA000000306030001000000006A")
UID = bytes.fromhex("04A1B2C3D4E5F6")
FILE = CardFile(bytes.fromhex("F0010203040506"), 1)


class Card:
    """A card that answers from a table, and remembers what it was asked."""

    def __init__(self, answers: dict[bytes, bytes]) -> None:
        self._answers = answers
        self.asked: list[bytes] = []

    def transmit(self, command: bytes) -> bytes | None:
        self.asked.append(command)
        return self._answers.get(command, b"\x6a\x81")


def tapped(answers: dict[bytes, bytes], atr: bytes = CLASSIC, codes: Codes = NO_CODES) -> object:
    return run(atr, Card(answers).transmit, ranges=RANGES, codes=codes)


def with_uid(uid: bytes) -> dict[bytes, bytes]:
    return {GET_UID: uid + b"\x90\x00"}


def tag(*records: bytes) -> dict[bytes, bytes]:
    """Lay records out in a type 2 tag's pages."""
    message = b"".join(records)
    memory = bytes([3, len(message)]) + message + b"\xfe"
    memory += bytes(-len(memory) % 16)
    return {
        bytes([0xFF, 0xB0, 0, 4 + at // 4, 16]): memory[at : at + 16] + b"\x90\x00"
        for at in range(0, len(memory), 16)
    }


def record(kind: bytes, payload: bytes, *, begins: bool = True, ends: bool = True) -> bytes:
    return bytes([0x11 | begins << 7 | ends << 6, 1, len(payload)]) + kind + payload


def text(words: str, *, begins: bool = True, ends: bool = True) -> bytes:
    return record(b"T", b"\x02en" + words.encode(), begins=begins, ends=ends)


def test_an_id_of_seven_bytes_is_a_card() -> None:
    assert tapped(with_uid(UID)) == Decoded("uid", "04A1B2C3D4E5F6")


def test_an_id_of_four_bytes_is_one_only_where_the_shop_says_so() -> None:
    allowed = Codes(uids=UidRules("fob", allow_single=True))
    assert tapped(with_uid(bytes.fromhex("DEADBEEF"))) == Refused("unknown_number")
    assert tapped(with_uid(bytes.fromhex("DEADBEEF")), codes=allowed) == Decoded("fob", "DEADBEEF")


def test_an_id_made_up_for_one_tap_is_refused_whatever_the_shop_says() -> None:
    allowed = Codes(uids=UidRules(allow_single=True))
    assert tapped(with_uid(bytes.fromhex("08A1B2C3")), codes=allowed) == Refused("random_id")


def test_an_iso_15693_id_is_the_same_read_either_way_round() -> None:
    uid = bytes.fromhex("E004001122334455")
    assert uid_text(uid, UidRules()) == uid_text(uid[::-1], UidRules()) == "E004001122334455"


@pytest.mark.parametrize("uid", ["", "00", "00000000000000", "FFFFFFFFFFFFFF", "0102030405", "11" * 16])
def test_other_ids_are_none(uid: str) -> None:
    assert uid_text(bytes.fromhex(uid), UidRules(allow_single=True)) is None


@pytest.mark.parametrize("answer", [b"", None])
def test_a_card_that_leaves_halfway_is_tapped_again(answer: bytes | None) -> None:
    assert run(CLASSIC, lambda _: answer, ranges=RANGES, codes=NO_CODES) == Refused("incomplete")


def test_the_text_on_a_tag_counts_before_its_id() -> None:
    assert tapped(tag(text(NUMBER)) | with_uid(UID), TYPE_2) == Decoded("card", NUMBER)


def test_the_first_number_of_ours_among_records_counts() -> None:
    records = text("welcome", ends=False), text(NUMBER, begins=False)
    assert tapped(tag(*records), TYPE_2) == Decoded("card", NUMBER)


def test_a_link_on_a_tag_is_read_like_a_scanned_one() -> None:
    key = with_ean_check("64000000000000012")
    link = record(b"U", b"\x04id.example/8018/" + key.encode())
    codes = Codes(link_hosts=frozenset({"id.example"}))
    assert tapped(tag(link), TYPE_2, codes) == Decoded("member", key)
    assert tapped(tag(link), TYPE_2) == Refused("unknown_number")


def test_a_tag_of_somebody_else_falls_back_to_its_id() -> None:
    assert tapped(tag(text("welcome")) | with_uid(UID), TYPE_2) == Decoded("uid", UID.hex().upper())


def test_a_payment_number_on_a_tag_is_refused_whatever_stands_beside_it() -> None:
    records = text("4111111111111111", ends=False), text(NUMBER, begins=False)
    assert tapped(tag(*records) | with_uid(UID), TYPE_2) == Refused("payment_card", "visa")


def test_no_pages_are_asked_of_a_card_that_has_none() -> None:
    card = Card(with_uid(UID))
    run(CLASSIC, card.transmit, ranges=RANGES, codes=NO_CODES)
    assert card.asked == [GET_UID]


def test_the_shops_own_file_is_read_first() -> None:
    select = bytes.fromhex("00A4040007F001020304050600")
    read = bytes.fromhex("00B0810000")
    answers = {select: b"\x90\x00", read: NUMBER.encode() + b"\x00\x00\x90\x00"}
    assert tapped(answers, codes=Codes(card_file=FILE)) == Decoded("card", NUMBER)
    assert tapped({select: b"\x6a\x82"} | with_uid(UID), codes=Codes(card_file=FILE)) == Decoded(
        "uid", "04A1B2C3D4E5F6"
    )


@pytest.mark.parametrize(
    "aid", ["A0000000031010", "A0000000041010", "A000000025010701", "A0000006581010", "A000000333010101"]
)
def test_a_payment_application_cannot_even_be_configured(aid: str) -> None:
    with pytest.raises(ValueError, match="payment scheme"):
        CardFile(bytes.fromhex(aid))


@pytest.mark.parametrize("name", [b"1PAY.SYS.DDF01", b"2PAY.SYS.DDF01"])
def test_the_directories_of_payment_applications_cannot_be_configured(name: bytes) -> None:
    with pytest.raises(ValueError, match="payment scheme"):
        CardFile(name)


@given(st.lists(st.binary(max_size=300), max_size=12), st.sampled_from([TYPE_2, CLASSIC, b""]))
def test_whatever_a_card_answers_no_payment_application_is_selected(answers: list[bytes], atr: bytes) -> None:
    asked: list[bytes] = []
    told = iter(answers)

    def transmit(command: bytes) -> bytes:
        asked.append(command)
        return next(told, b"\x6a\x81")

    outcome = run(atr, transmit, ranges=RANGES, codes=Codes(card_file=FILE))
    assert len(asked) < 80
    assert isinstance(outcome, Decoded | Refused | None)
    assert [one for one in asked if one[1] == 0xA4] == [bytes.fromhex("00A4040007F001020304050600")]


def test_an_answer_shows_none_of_its_data() -> None:
    assert repr(parse_response(b"4111111111111111\x90\x00")) == "Response('ok', 16 bytes)"


@pytest.mark.parametrize(
    ("memory", "span"),
    [
        (b"\x03\x05abcde\xfe", (2, 7)),
        (b"\x00\x00\x01\x03abc\x03\x01x", (9, 10)),
        (b"\x03\xff\x01\x00", (4, 260)),
        (b"\x03\xff\xff\xff", None),
        (b"\x03\x00\xfe", None),
        (b"\xfe\x03\x01x", None),
        (b"\x03", None),
        (b"", None),
    ],
)
def test_a_message_is_found_in_a_tags_memory(memory: bytes, span: tuple[int, int] | None) -> None:
    assert message_span(memory) == span


def test_texts_in_both_encodings_and_long_records_are_read() -> None:
    wide = record(b"T", b"\x82en" + "é".encode("utf-16-be"))
    marked = record(b"T", b"\x82en" + "é".encode("utf-16"))
    long = bytes([0xC1, 1]) + (5).to_bytes(4, "big") + b"T\x02en42"
    assert [texts_of(one) for one in (wide, marked, long)] == [["é"], ["é"], ["42"]]


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"\xd1",
        b"\xd1\x01\x09T\x02en",
        b"\xf1\x01\x05T\x02en42",
        record(b"U", b"\x99x"),
        record(b"T", b""),
    ],
)
def test_a_malformed_message_is_none(message: bytes) -> None:
    assert texts_of(message) is None


@given(st.binary(max_size=400))
def test_any_memory_gets_an_answer(memory: bytes) -> None:
    span = message_span(memory)
    assert span is None or 0 < span[0] < span[1]
    assert texts_of(memory) is None or len(texts_of(memory) or []) <= 16
