"""The gate for card reads: what a read becomes, by when it comes and what is being paid."""

from hypothesis import given
from hypothesis import strategies as st

from agent.till.gate import ANY_DEVICE_NS, CONTACTLESS_NS, DEBOUNCE_NS, Gate

CARD, OTHER = "2990000000019", "2990000000026"
SECOND = 10**9


def test_the_same_number_within_a_blink_is_the_same_swipe() -> None:
    gate = Gate()
    assert gate.judge("scanner", CARD, 0) == "accepted"
    assert gate.judge("scanner", CARD, DEBOUNCE_NS - 1) == "repeated"
    assert gate.suppressed == 1


def test_a_card_that_lies_in_the_field_is_one_swipe_for_longer() -> None:
    gate = Gate()
    assert gate.judge("nfc", CARD, 0, is_contactless=True) == "accepted"
    assert gate.judge("nfc", CARD, CONTACTLESS_NS - 1, is_contactless=True) == "repeated"
    assert gate.judge("nfc", CARD, 3 * CONTACTLESS_NS, is_contactless=True) == "accepted"


def test_one_card_seen_by_two_readers_at_once_is_one_swipe() -> None:
    gate = Gate()
    assert gate.judge("stripe", CARD, 0) == "accepted"
    assert gate.judge("nfc", CARD, ANY_DEVICE_NS - 1) == "repeated"
    assert gate.judge("scanner", CARD, 3 * ANY_DEVICE_NS) == "accepted"


def test_another_number_or_another_reader_is_another_swipe() -> None:
    gate = Gate()
    gate.judge("scanner", CARD, 0)
    assert gate.judge("scanner", OTHER, 1) == "accepted"
    assert gate.judge("nfc", CARD, ANY_DEVICE_NS) == "accepted"


def test_a_read_while_the_customer_pays_is_late_and_never_dropped() -> None:
    gate = Gate()
    gate.close("r1")
    assert gate.judge("scanner", CARD, 0) == "late"
    assert gate.open_receipt == "r1"


def test_the_next_customer_may_carry_the_same_card() -> None:
    gate = Gate()
    gate.judge("scanner", CARD, 0)
    gate.close("r1")
    gate.reopen("r1")
    assert gate.judge("scanner", CARD, 1) == "accepted"


def test_an_older_sale_that_is_repeated_leaves_the_gate_closed_for_the_present_one() -> None:
    gate = Gate()
    gate.close("r2")
    gate.reopen("r1")
    assert gate.judge("scanner", CARD, 0) == "late"
    gate.reopen("r2")
    assert gate.judge("scanner", OTHER, 1) == "accepted"


def test_a_lapsed_hold_opens_the_gate() -> None:
    gate = Gate()
    gate.close("r1", until_ns=30 * SECOND)
    assert gate.judge("scanner", CARD, 30 * SECOND - 1) == "late"
    assert gate.judge("scanner", OTHER, 30 * SECOND) == "accepted"


@given(st.lists(st.integers(min_value=0, max_value=3 * DEBOUNCE_NS), min_size=1, max_size=20))
def test_a_card_held_under_the_scanner_is_one_swipe_however_often_it_is_read(gaps: list[int]) -> None:
    gate = Gate()
    at, expected, verdicts = 0, ["accepted"], [gate.judge("scanner", CARD, 0)]
    for gap in gaps:
        at += gap
        verdicts.append(gate.judge("scanner", CARD, at))
        expected.append("repeated" if gap < DEBOUNCE_NS else "accepted")
    assert verdicts == expected
