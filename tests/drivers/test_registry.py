"""A reader's settings are checked as a whole, and a driver's library is loaded only when configured."""

import subprocess
import sys
from pathlib import Path

import pytest

from drivers.ranges import NumberRange
from drivers.registry import DeviceSettings, DriverUnavailableError, check_settings, open_reader
from tests.drivers.loyalty_numbers import RANGES


def test_good_settings_have_no_mistakes() -> None:
    assert check_settings([DeviceSettings("desk", "serial_scanner", "/dev/till/desk", RANGES)]) == []


def test_all_mistakes_are_named_at_once() -> None:
    mistakes = check_settings(
        [
            DeviceSettings("desk", "serial", "ttyUSB0", baud=0, idle_ms=0),
            DeviceSettings("desk", "serial_scanner", "/dev/till/a", (NumberRange("card", "4", 16, "luhn"),)),
            DeviceSettings("", "serial_scanner", "/dev/till/a"),
        ]
    )
    assert len(mistakes) == 8
    assert any("visa" in mistake for mistake in mistakes)


def test_an_unknown_driver_is_named_with_those_that_are_known() -> None:
    with pytest.raises(DriverUnavailableError, match="serial_scanner"):
        open_reader(DeviceSettings("desk", "telepathy", "/dev/till/desk"))


def test_pyserial_is_imported_only_when_a_serial_reader_is_configured() -> None:
    program = (
        "import sys, drivers.registry as r, drivers.input_thread, drivers.tape\n"
        "before = 'serial' in sys.modules\n"
        "r.open_reader(r.DeviceSettings('desk', 'serial_scanner', '/dev/till/desk'))\n"
        "print(before, 'serial' in sys.modules)"
    )
    checkout = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=checkout
    )
    assert done.stdout.split() == ["False", "True"]
