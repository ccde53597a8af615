"""A payment card is known whatever its wrapping, and goods and loyalty cards are not taken for one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.check_digits import is_ean_valid, is_luhn_valid
from drivers.payment_guard import payment_brand
from drivers.ranges import NumberRange
from tests.drivers.loyalty_numbers import RANGES, with_ean_check
from tests.drivers.payment_numbers import ALL_PANS, TEST_PANS


def brand(
    text: str | bytes, *ranges: NumberRange, transport: str = "serial", stripe: bool = False
) -> str | None:
    raw = text.encode() if isinstance(text, str) else text
    return payment_brand(raw, transport=transport, loyalty_ranges=ranges or RANGES, stripe=stripe)


@pytest.mark.parametrize(("name", "pan"), [(name, pan) for name, pans in TEST_PANS.items() for pan in pans])
def test_each_scheme_is_known_by_its_test_numbers(name: str, pan: str) -> None:
    assert brand(pan) == name


WRAPPINGS = [
    "%s",
    " %s ",
    "card %s!",
    "12 %s",
    "%s 34",
    "]C0%s",
    "]E0%s",
    ";%s=25121010000012345?",
    "%%B%s^DOE/JANE^2512101123400001230000?",
    "%%B%s^DOE/JANE^2512101?;%s=2512101?",
]


@pytest.mark.parametrize("wrapping", WRAPPINGS)
@pytest.mark.parametrize("pan", ALL_PANS)
@pytest.mark.parametrize("transport", ["serial", "pos_text"])
def test_no_wrapping_hides_a_payment_number(pan: str, wrapping: str, transport: str) -> None:
    assert brand(wrapping.replace("%s", pan).replace("%%", "%"), transport=transport) is not None


@given(st.sampled_from(ALL_PANS), st.data())
def test_no_grouping_hides_a_payment_number(pan: str, data: st.DataObject) -> None:
    parts = [digit + data.draw(st.sampled_from(["", "", " ", "-", " - "])) for digit in pan]
    assert brand("".join(parts)) is not None


def test_track_1_of_format_b_is_payment_even_when_luhn_fails() -> None:
    assert brand("%B4111111111111112^DOE/JANE^2512101?") == "visa"
    assert brand("%B9999999999999^X^2512?") == "unknown"


@pytest.mark.parametrize(
    "mangled",
    [
        "xB4111111111111112^DOE/JANE^2512y",
        "%B4111111111111112&DOE-JANE&2512101_",
        "%И4111111111111112:DOE:2512,",
    ],
)
def test_a_layout_that_mangles_track_1_hides_nothing(mangled: str) -> None:
    assert brand(mangled, transport="pos_text") == "visa"


@pytest.mark.parametrize("separator", ["=", "\u00b4", "¡", "^"])
def test_an_expiry_after_twelve_digits_is_payment_even_when_luhn_fails(separator: str) -> None:
    assert brand(f";123456789012{separator}2512101?") == "unknown"
    assert brand(f"4111 1111 1111 1112{separator}2512") == "visa"


def test_eleven_digits_or_a_thirteenth_month_are_no_track_2() -> None:
    assert brand("12345678901=2512") is None
    assert brand("123456789012=2513") is None


@given(st.integers(0, 10**12 - 1))
def test_an_ean_13_from_a_barcode_is_never_payment(body: int) -> None:
    ean = with_ean_check(f"{body:012d}")
    assert brand(ean) is None
    assert brand(f"]E0{ean}") is None
    assert brand(ean, transport="pos_text") is None


def test_an_ean_13_on_a_stripe_is_not_excused() -> None:
    ean = "4006381333931"
    twin = next(
        number
        for number in (with_ean_check(f"{body:012d}") for body in range(400000000000, 400000001000))
        if is_luhn_valid(number.encode())
    )
    assert brand(ean, stripe=True) is None  # Luhn fails
    assert brand(twin) is None
    assert brand(twin, stripe=True) == brand(f";{twin}?") == "visa"


def test_the_thirteen_digit_test_number_is_no_ean() -> None:
    assert not is_ean_valid(b"4222222222222")
    assert brand("4222222222222") == "visa"


def test_a_value_in_a_valid_gs1_string_is_no_payment_number() -> None:
    key = with_ean_check("41111111111111111")
    assert brand(f"]C18018{key}") is None
    assert brand(f"]C18018{key[:-1]}{(int(key[-1]) + 1) % 10} 4111111111111111") == "visa"
    assert brand("]d2" + "21" + "4111111111111111" + "\x1d" + "10AB") is None
    assert brand("]C0" + "10" + " " + "4111111111111111") == "visa"


def test_a_number_in_a_declared_range_is_excused_and_its_neighbours_are_not() -> None:
    ours = NumberRange("card", "36", 13, "luhn")  # diners issues 14 digits and more
    inside = next(str(n) for n in range(3600000000000, 3600000000100) if is_luhn_valid(str(n).encode()))
    assert brand(inside) == "diners"
    assert brand(inside, ours) is None
    assert brand(f"{inside} 4111111111111111", ours) is not None


def test_a_declared_range_of_payment_numbers_excuses_none() -> None:
    assert brand("4111111111111111", NumberRange("card", "4111", 16, "luhn")) == "visa"
    assert brand("4111111111111111", NumberRange("card", "4111", 16, "none")) == "visa"


def test_a_typed_phone_number_is_no_track_3() -> None:
    assert brand("+358400000007") is None


@given(st.binary(max_size=1024), st.booleans())
def test_any_bytes_get_an_answer(raw: bytes, stripe: bool) -> None:
    assert payment_brand(raw, transport="serial", loyalty_ranges=RANGES, stripe=stripe) in {
        None,
        "unknown",
        *TEST_PANS,
    }


NEAR_PAYMENT = st.text(st.sampled_from("0123456789 -B^=%;?]E0C1"), max_size=200)


@given(NEAR_PAYMENT, st.sampled_from(ALL_PANS), NEAR_PAYMENT)
def test_a_number_set_off_by_other_characters_is_found(before: str, pan: str, after: str) -> None:
    # AIM identifiers excuse GS1 strings, so the text begins with something that is none.
    assert brand(f"x{before}x{pan}x{after}") is not None
