"""Verify: the books can be made again from the received bytes, and anything that was touched shows."""

import pytest

from agent.headoffice.office import Office
from agent.headoffice.reexecute import Judge
from agent.headoffice.verify import verify
from tests.headoffice.test_report import busy
from tests.headoffice.till_end import TillEnd, basket, book

__all__ = ["busy"]


def test_untouched_books_agree_with_the_journals(busy: Office) -> None:
    found = verify(busy, Judge)
    assert found.is_sound
    assert (found.journals, found.entries, found.differences, found.parked) == (1, 12, 0, 0)
    assert list(busy.state.glob("verify-*")) == []


@pytest.mark.parametrize(
    ("tampering", "shows"),
    [
        ("UPDATE lot SET remaining = remaining + 1", "lot: row 0"),
        ("UPDATE lot SET remaining = remaining + 1", "I2: m-1/points holds"),
        ("UPDATE entry SET body = x'00' WHERE seq = 1", "entry: row 0"),
        ("DELETE FROM entry WHERE seq = 12", "booked up to 12, in the log 11"),
        ("UPDATE receipt SET due_minor = 1", "receipt: row 0"),
        ("UPDATE counted SET position = 9", "counted: row 0"),
        ("UPDATE allowance_lot SET spent = amount + 1", "I1: allowance 1"),
        ("UPDATE allowance_lot SET amount = amount + 5", "is not the sum of its lots"),
        ("UPDATE allowance SET state = 'OPEN'", "allowance: row 0"),
        ("INSERT INTO difference VALUES (99, 'x', 1, 'r', 'difference', 'd', 0)", "difference: 1 rows"),
    ],
)
def test_what_was_changed_behind_our_back_shows(busy: Office, tampering: str, shows: str) -> None:
    with busy.store.writing():
        busy.store.run(tampering)
    assert [mistake for mistake in verify(busy, Judge).mistakes if shows in mistake]


def test_a_batch_that_nobody_signed_shows(office: Office, till: TillEnd) -> None:
    till.add("TICK")
    till.key = TillEnd().key
    till.push(office)
    assert verify(office, Judge).mistakes == [f"batch 0 of {till.incarnation} is not signed by till 12-1"]


def test_what_a_till_signed_before_it_enrolled_again_still_counts(office: Office, till: TillEnd) -> None:
    till.add("TICK")
    till.push(office)
    TillEnd(till.name).enrol(office)
    book(office)
    assert verify(office, Judge).mistakes == []


def test_points_that_no_quote_gave_show(office: Office, till: TillEnd) -> None:
    till.sell(basket("r-1", 2000))
    lots = [(f"{till.incarnation[:8]}-2", 99)]
    till.add("EARN", receipt="r-1", account="m-1", unit="points", amount=99, lots=lots, part="points/")
    till.push(office)
    book(office)
    assert verify(office, Judge).mistakes == ["receipt r-1 earned 99 points, quoted 0"]


def test_what_arrives_meanwhile_is_left_for_the_next_time(busy: Office, till: TillEnd) -> None:
    till.add("TICK")
    till.push(busy)
    assert verify(busy, Judge).entries == 12
