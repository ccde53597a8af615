"""Logs carry what store IT acts on, and nothing personal."""

import json
from collections.abc import Iterator

import pytest
import structlog

from agent.clock import SystemClock
from agent.daemon.logs import configure


@pytest.fixture(autouse=True)
def _own_logs() -> Iterator[None]:
    """Leave no logger behind that writes to this test's captured output."""
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def test_a_field_that_is_not_on_the_list_leaves_no_value_behind(capsys: pytest.CaptureFixture[str]) -> None:
    configure("info", SystemClock(), till="12-3")
    structlog.get_logger().info("card read", device="scanner", card_number="2990000000019")
    line = capsys.readouterr().out
    assert "2990000000019" not in line
    told = json.loads(line)
    assert told["dropped_fields"] == ["card_number"]
    assert (told["event"], told["device"], told["till"]) == ("card read", "scanner", "12-3")


def test_a_traceback_tells_no_local_variables(capsys: pytest.CaptureFixture[str]) -> None:
    configure("info", SystemClock())

    def swipe(number: str) -> None:
        raise ValueError("no such card" if number else "")

    try:
        swipe("2990000000019")
    except ValueError:
        structlog.get_logger().exception("swipe failed")
    line = capsys.readouterr().out
    assert "no such card" in line
    assert "2990000000019" not in line
