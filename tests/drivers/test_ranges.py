"""Number ranges are checked as a whole, and every mistake is named at once."""

import pytest

from drivers.ranges import NumberRange, check_ranges, find_range
from tests.drivers.loyalty_numbers import RANGES, card_number


def test_the_ranges_of_these_tests_are_good() -> None:
    assert check_ranges(RANGES) == []


def test_all_mistakes_are_named_at_once() -> None:
    mistakes = check_ranges(
        [
            NumberRange("Card", "", 0, "none"),
            NumberRange("card", "99", 10, "ean"),
            NumberRange("coupon", "C", 8, "luhn"),
            NumberRange("card", "4", 16, "luhn"),
            NumberRange("card", "7", 65, "crc"),  # type: ignore[arg-type]
        ]
    )
    text = "\n".join(mistakes)
    assert [line[: line.index(" (")] for line in mistakes] == [
        *["range 1"] * 3,
        "range 2",
        "range 3",
        "range 4",
        *["range 5"] * 2,
    ]
    assert "visa" in text


@pytest.mark.parametrize(
    ("prefix", "length"),
    [
        ("4", 16),
        ("5", 16),
        ("26", 16),
        ("411111", 16),
        ("2", 16),
        ("6", 18),
        ("34", 15),
        ("50", 12),
        ("222", 16),
    ],
)
def test_a_range_that_payment_schemes_use_is_refused(prefix: str, length: int) -> None:
    assert check_ranges([NumberRange("card", prefix, length, "luhn")]) != []


@pytest.mark.parametrize(
    ("prefix", "length"), [("29", 13), ("26", 13), ("40", 13), ("640", 18), ("40063", 18)]
)
def test_gs1_keys_may_begin_like_payment_numbers(prefix: str, length: int) -> None:
    assert check_ranges([NumberRange("card", prefix, length, "ean")]) == []


def test_ranges_of_one_length_may_not_be_nested() -> None:
    nested = [NumberRange("card", "29", 13, "ean"), NumberRange("staff", "2999", 13, "ean")]
    assert len(check_ranges(nested)) == 1
    assert check_ranges([nested[0], NumberRange("staff", "2999", 14, "ean")]) == []


def test_a_number_belongs_to_the_range_of_its_prefix_length_and_check_digit() -> None:
    number = card_number(7)
    found = find_range(number.encode(), RANGES)
    assert found is not None
    assert found.kind == "card"
    assert find_range(number[:-1].encode(), RANGES) is None
    assert find_range((number[:-1] + str((int(number[-1]) + 1) % 10)).encode(), RANGES) is None
    assert find_range(b"C12345678\xd0", RANGES) is None
