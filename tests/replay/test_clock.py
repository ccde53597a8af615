"""The receipts' clock: shared by processes through a file, never going back."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from scripts.replay.clock import ReceiptClock

NOON = datetime(2017, 3, 1, 12, tzinfo=UTC)


def test_two_clocks_on_one_file_tell_the_same_time(tmp_path: Path) -> None:
    one, other = ReceiptClock(tmp_path / "clock"), ReceiptClock(tmp_path / "clock")
    one.follow(NOON)
    assert other.now() == NOON


def test_an_earlier_receipt_does_not_turn_the_clock_back(tmp_path: Path) -> None:
    clock = ReceiptClock(tmp_path / "clock")
    clock.follow(NOON)
    clock.follow(NOON - timedelta(hours=1))
    assert clock.now() == NOON


def test_opening_the_file_again_keeps_the_time(tmp_path: Path) -> None:
    ReceiptClock(tmp_path / "clock").follow(NOON)
    assert ReceiptClock(tmp_path / "clock").now() == NOON


def test_monotonic_time_is_the_machines_own(tmp_path: Path) -> None:
    clock = ReceiptClock(tmp_path / "clock")
    before = clock.monotonic_s()
    clock.follow(NOON)
    assert 0 <= clock.monotonic_s() - before < 60
