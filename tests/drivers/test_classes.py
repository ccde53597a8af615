"""Number classes are configuration: what a number is, under which GS1 key, with which check digit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import damm, luhn, verhoeff
from stdnum import ean as stdnum_ean
from stdnum.iso7064 import mod_11_10, mod_37_36, mod_97_10

from drivers.check_digits import is_ean_valid, is_luhn_valid
from drivers.codes import Codes
from drivers.event import RawRead
from drivers.number import Decoded, Refused, decode
from drivers.ranges import Check, NumberRange, check_ranges
from tests.drivers.loyalty_numbers import card_number, with_ean_check

MEMBER = with_ean_check("64000000000000012")
COUPON = with_ean_check("991234567890")
RANGES = (
    NumberRange("card", "299", 13, "ean"),
    NumberRange("member", "640", 18, "ean"),
    NumberRange("coupon", "99", 13, "ean", ai="255"),
    NumberRange("customer", "7", 10, "none", ai="240"),
)
LINKS = Codes(link_hosts=frozenset({"id.example"}))


def read(text: str, *ranges: NumberRange) -> Decoded | Refused:
    return decode(RawRead(text.encode()), transport="serial", ranges=ranges or RANGES, codes=LINKS)


def test_a_coupon_keeps_its_serial_and_is_none_as_a_bare_barcode() -> None:
    assert read(f"]C1255{COUPON}000042") == Decoded("coupon", COUPON + "000042")
    assert read(f"]d2255{COUPON}") == Decoded("coupon", COUPON)
    assert read(COUPON) == Refused("unknown_number")


def test_a_key_under_another_identifier_is_another_number() -> None:
    assert read(f"]C1240{7123456789}") == Decoded("customer", "7123456789")
    assert read(f"]C121{7123456789}") == read("7123456789") == Refused("unknown_number")


def test_a_damaged_key_of_ours_is_scanned_again() -> None:
    wrong = COUPON[:-1] + str((int(COUPON[-1]) + 1) % 10)
    assert read(f"]C1255{wrong}") == Refused("unreadable")


@pytest.mark.parametrize(
    ("link", "told"),
    [
        (f"https://id.example/8018/{MEMBER}", Decoded("member", MEMBER)),
        (f"]Q1https://ID.example/club/8018/{MEMBER}?10=A", Decoded("member", MEMBER)),
        (f"https://id.example/255/{COUPON}77", Decoded("coupon", COUPON + "77")),
        (f"https://id.example/8018/{MEMBER[:-1]}", Refused("unreadable")),
        ("https://id.example/01/04006381333931", Refused("unknown_number")),
        ("https://id.example/", Refused("unreadable")),
        (f"http://id.example/8018/{MEMBER}", Refused("unknown_number")),
        (f"https://id.example:444/8018/{MEMBER}", Refused("unknown_number")),
        (f"https://id.example@evil.example/8018/{MEMBER}", Refused("unknown_number")),
        (f"https://id.example.evil/8018/{MEMBER}", Refused("unknown_number")),
    ],
)
def test_a_link_counts_only_of_a_host_that_the_shop_named(link: str, told: object) -> None:
    assert read(link) == told


@given(st.integers(0, 10**17 - 1))
def test_no_member_key_in_a_link_is_taken_for_a_payment_card(body: int) -> None:
    key = with_ean_check(f"{body:017d}")
    assert read(f"https://id.example/8018/{key}") in {Decoded("member", key), Refused("unknown_number")}


def test_a_payment_number_in_a_link_is_refused_wherever_it_stands() -> None:
    for link in (
        "https://id.example/4111111111111111",
        f"https://id.example/8018/{MEMBER}?21=4111111111111111",
    ):
        assert read(link) == Refused("payment_card", "visa")


def test_a_upc_a_is_the_same_number_with_and_without_its_leading_zero() -> None:
    short = with_ean_check("42345678901")
    for one in (NumberRange("fob", "4234", 12, "ean"), NumberRange("fob", "04234", 13, "ean")):
        value = short if one.length == 12 else "0" + short
        assert read(short, one) == read("]E00" + short, one) == Decoded("fob", value)


CHECKS: dict[Check, str] = {
    "verhoeff": "29900000000" + verhoeff.calc_check_digit("29900000000"),
    "damm": "29900000000" + damm.calc_check_digit("29900000000"),
    "mod_97_10": "2990000000" + mod_97_10.calc_check_digits("2990000000"),
    "mod_11_10": "29900000000" + mod_11_10.calc_check_digit("29900000000"),
    "mod_37_36": "299AB000000" + mod_37_36.calc_check_digit("299AB000000"),
}


@pytest.mark.parametrize("check", sorted(CHECKS))
def test_each_check_digit_finds_every_single_wrong_digit(check: Check) -> None:
    number = CHECKS[check]
    ours = NumberRange("card", number[:5] if check == "mod_37_36" else "2", 12, check)
    assert read(number, ours) == Decoded("card", number)
    for at in range(5, 12):
        for digit in set("0123456789") - {number[at]}:
            assert read(number[:at] + digit + number[at + 1 :], ours) == Refused("unreadable")


@given(st.text("0123456789", min_size=1, max_size=20))
def test_our_own_check_digits_agree_with_the_library(digits: str) -> None:
    assert is_luhn_valid(digits.encode()) == luhn.is_valid(digits)
    if len(digits) in {8, 12, 13, 14}:
        assert is_ean_valid(digits.encode()) == stdnum_ean.is_valid(digits)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (NumberRange("a", "29", 13, "ean"), NumberRange("b", "299", 13, "ean")),
        (NumberRange("a", "640", 18, "ean"), NumberRange("b", "64", 18, "ean", ai="8018")),
        (NumberRange("a", "4234", 12, "ean"), NumberRange("b", "04", 13, "ean")),
        (NumberRange("a", "99", 13, "ean", ai="255"), NumberRange("b", "991", 13, "ean", ai="255")),
    ],
)
def test_ranges_that_share_a_number_are_refused(one: NumberRange, other: NumberRange) -> None:
    assert [mistake for mistake in check_ranges([one, other]) if "overlap" in mistake]


def test_the_same_digits_under_another_identifier_are_no_overlap() -> None:
    bare, coupon = NumberRange("a", "99", 13, "ean"), NumberRange("b", "99", 13, "ean", ai="255")
    assert check_ranges([bare, coupon]) == []


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (NumberRange("a", "99", 14, "ean", ai="255"), "a coupon (255)"),
        (NumberRange("a", "99", 13, "ean", ai="x"), "ai must be"),
        (NumberRange("a", "AB", 13, "verhoeff"), "a number with letters has no verhoeff"),
        (NumberRange("a", "4111", 16, "luhn", ai="240"), "visa issues such payment cards"),
    ],
)
def test_a_range_that_cannot_be_is_named(wrong: NumberRange, told: str) -> None:
    assert [mistake for mistake in check_ranges([wrong]) if told in mistake]


def test_digital_payment_numbers_in_a_declared_key_stay_inside() -> None:
    declared = NumberRange("customer", "4", 16, "none", ai="240")
    assert check_ranges([declared]) != []
    assert not isinstance(read("]C1240" + card_number(1), declared), Decoded)
