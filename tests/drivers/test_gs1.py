"""A GS1 string is valid in full or not GS1 at all."""

import pytest

from drivers.gs1 import parse_elements
from tests.drivers.loyalty_numbers import with_ean_check

GTIN = with_ean_check("0400638133393")
GSRN = with_ean_check("64000000000000012")


def values(text: str) -> list[tuple[str, str]] | None:
    elements = parse_elements(text.encode())
    if elements is None:
        return None
    return [(one.ai, text[one.start : one.end]) for one in elements]


def test_elements_of_a_known_length_need_no_separator() -> None:
    assert values(f"01{GTIN}17261231310300125010LOT") == [
        ("01", GTIN),
        ("17", "261231"),
        ("3103", "001250"),
        ("10", "LOT"),
    ]


def test_others_end_at_the_separator() -> None:
    assert values(f"10LOT\x1d8018{GSRN}\x1d21S") == [("10", "LOT"), ("8018", GSRN), ("21", "S")]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\x1d",
        "01",
        f"01{GTIN[:-1]}",
        "17261331",
        f"8018{GSRN}21S",
        "10",
        "10LOT\x1d\x1d21S",
        "9",
        "05123",
        "10A B",
    ],
)
def test_one_flaw_makes_it_no_gs1(text: str) -> None:
    assert values(text) is None


def test_a_wrong_check_digit_makes_it_no_gs1() -> None:
    assert values(f"8018{GSRN[:-1]}{(int(GSRN[-1]) + 1) % 10}") is None
    assert values(f"01{GTIN[:-1]}{(int(GTIN[-1]) + 1) % 10}") is None
