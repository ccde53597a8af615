"""A payment card is known under every pair of layouts that reader and decoder may be set to."""

import pytest

from drivers.key_events import KeyFramer
from drivers.keymap import LAYOUTS, retyping
from drivers.mistyped import readings
from drivers.number import Decoded, Refused, decode, raw_from_text
from drivers.payment_guard import payment_brand
from tests.drivers.loyalty_numbers import RANGES, card_number
from tests.drivers.payment_numbers import ALL_PANS
from tests.drivers.test_key_events import typing

SHAPES = ("{pan}", ";{pan}=2512101?", "%B{pan}^DOE/JANE^2512101?", "%B{pan}^DOE/JANE^2512101?;{pan}=2512101?")
PAIRS = [(reader, told) for reader in LAYOUTS for told in LAYOUTS if reader != "ru"]


@pytest.mark.parametrize(("reader", "told"), PAIRS)
@pytest.mark.parametrize("shape", SHAPES)
def test_typed_by_one_layout_and_read_as_another_it_is_refused(reader: str, told: str, shape: str) -> None:
    for pan in ALL_PANS:
        for frame in KeyFramer(told).feed(typing(shape.format(pan=pan), reader), 0):
            outcome = decode(frame, transport="evdev", ranges=RANGES, stripe=True)  # type: ignore[arg-type]
            assert isinstance(outcome, Refused)
            assert outcome.reason == "payment_card"


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("shape", SHAPES)
def test_text_of_a_desktop_is_refused_with_and_without_its_layout(layout: str, shape: str) -> None:
    for pan in ALL_PANS:
        text = shape.format(pan=pan).translate({ord(us): own for us, own in retyping("us", layout).items()})
        for told in {layout, "us"}:
            outcome = decode(raw_from_text(text, told), transport="pos_text", ranges=RANGES)
            assert isinstance(outcome, Refused)
            assert outcome.reason == "payment_card"


def test_a_loyalty_number_typed_wrongly_is_no_payment_card() -> None:
    number = card_number(1)
    for reader, told in PAIRS:
        for frame in KeyFramer(told).feed(typing(number, reader), 0):
            outcome = decode(frame, transport="evdev", ranges=RANGES)  # type: ignore[arg-type]
            assert outcome in {Decoded("card", number), Refused("unreadable"), Refused("unknown_number")}


def test_a_french_row_of_digits_is_read_as_the_digits_it_was() -> None:
    text = b"'&&&&&&&&&&&&&&&"
    assert b"4111111111111111" in [bytes(reading) for reading in readings(text)]
    assert payment_brand(text, transport="evdev", loyalty_ranges=()) == "visa"


@pytest.mark.parametrize("text", ["!!!!!!!!!!!!!!!!", "----------------", "'" * 1000, "?" * 12, "=" * 40])
def test_mere_punctuation_is_no_payment_card(text: str) -> None:
    assert payment_brand(text.encode(), transport="evdev", loyalty_ranges=()) is None
