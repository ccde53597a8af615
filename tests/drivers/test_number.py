"""A read becomes a number of a known kind, or says why not, and is wiped either way."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.event import CardRead, RawRead, ReadRefused, mask_value
from drivers.number import Decoded, Refused, decode, raw_from_text, report
from tests.drivers.loyalty_numbers import RANGES, card_number, with_ean_check
from tests.drivers.payment_numbers import ALL_PANS, holds_digits_of


def read(text: str, transport: str = "serial") -> Decoded | Refused:
    return decode(raw_from_text(text), transport=transport, ranges=RANGES)


def test_a_card_is_the_same_number_with_and_without_its_aim_identifier() -> None:
    number = card_number(123)
    assert read(number) == read(f"]E0{number}") == Decoded("card", number)


def test_typed_spaces_dashes_and_small_letters_make_no_difference() -> None:
    assert read("c12-345 678 9", "pos_text") == Decoded("coupon", "C123456789")


def test_leading_zeros_stay() -> None:
    assert read("C000000001") == Decoded("coupon", "C000000001")


def test_a_wrong_check_digit_asks_for_another_scan() -> None:
    number = card_number(123)
    wrong = number[:-1] + str((int(number[-1]) + 1) % 10)
    assert read(wrong) == read(f"]E0{wrong}") == Refused("unreadable")


def test_a_doubled_digit_that_a_reader_swallowed_is_not_accepted() -> None:
    number = card_number(112233)
    assert read(number.replace("11", "1")) == Refused("unknown_number")


def test_the_member_key_is_taken_out_of_a_gs1_string() -> None:
    key = with_ean_check("64000000000000012")
    assert read(f"]C18018{key}") == Decoded("member", key)
    assert read(f"]d28018{key}\x1d10LOT") == Decoded("member", key)


def test_a_member_key_with_a_wrong_check_digit_asks_for_another_scan() -> None:
    key = with_ean_check("64000000000000012")
    assert read(f"]C18018{key[:-1]}{(int(key[-1]) + 1) % 10}") == Refused("unreadable")


def test_goods_are_unknown_numbers() -> None:
    assert read("]E04006381333931") == read("]C10104006381333931") == Refused("unknown_number")


def test_digits_that_a_person_typed_are_read_whatever_layout_the_pos_has() -> None:
    number = card_number(9)
    for layout in ("us", "ru", "fi", "de", "fr"):
        raw = raw_from_text(f" {number[:4]}-{number[4:]} ", layout)
        assert decode(raw, transport="pos_text", ranges=RANGES) == Decoded("card", number)


def test_digits_of_other_scripts_are_the_same_number() -> None:
    number = card_number(9)
    assert read("".join(chr(0xFF10 + int(digit)) for digit in number), "pos_text") == Decoded("card", number)


@pytest.mark.parametrize("transport", ["serial", "pos_text"])
@pytest.mark.parametrize("pan", ALL_PANS)
def test_no_digit_of_a_payment_number_leaves(pan: str, transport: str) -> None:
    raw = raw_from_text(pan)
    outcome = decode(raw, transport=transport, ranges=RANGES)
    event = report(outcome, device="desk", transport=transport, read_at_ns=5)
    assert isinstance(event, ReadRefused)
    assert event.reason == "payment_card"
    assert not holds_digits_of(f"{outcome!r} {event!r} {raw!r}", pan, run=4)
    assert bytes(raw.buffer) == bytes(len(pan))


def test_a_read_is_wiped_and_never_shown_or_stored() -> None:
    raw = RawRead(b"2990000000019")
    assert "299" not in repr(raw)
    with pytest.raises(TypeError):
        pickle.dumps(raw)
    decode(raw, transport="serial", ranges=RANGES)
    assert bytes(raw.buffer) == bytes(13)


def test_a_card_read_shows_a_third_of_its_number_at_most() -> None:
    event = CardRead("desk", "serial", "card", "2990000000019", 5)
    assert "299000" not in repr(event)
    assert "…0019 (13)" in repr(event)
    assert mask_value("12345678901") == "… (11)"


@given(st.binary(max_size=1024))
def test_any_bytes_get_an_answer_and_are_wiped(data: bytes) -> None:
    raw = RawRead(data)
    outcome = decode(raw, transport="serial", ranges=RANGES)
    assert isinstance(outcome, Decoded | Refused)
    assert not any(raw.buffer)


@given(st.text(max_size=300))
def test_any_text_gets_an_answer_inside_a_range_or_none(text: str) -> None:
    outcome = read(text, "pos_text")
    if isinstance(outcome, Decoded):
        assert any(one.covers(outcome.value.encode()) for one in RANGES)


ELEMENTS = st.text(st.sampled_from("0123456789\x1dAB"), max_size=60)


@given(st.sampled_from(["]C1", "]e0", "]d2", "]Q3", "]E0", "]E4", "]X0"]), ELEMENTS)
def test_any_element_string_gets_an_answer(aim: str, text: str) -> None:
    assert isinstance(read(aim + text), Decoded | Refused)
