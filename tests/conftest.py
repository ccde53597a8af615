"""What every room's tests share: Hypothesis's profile, and the summary line of the real parts."""

import pytest
from hypothesis import HealthCheck, settings

from tests.parts import OUTCOMES

# No deadline: two cores are shared with other work, and a slow machine is no counter-example.
# Derandomised: a red run is red again; scripts/faults is where chance searches with a fresh, printed seed.
settings.register_profile(
    "house", deadline=None, derandomize=True, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("house")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name every real part that was asked for, and what became of it."""
    for name, outcome in sorted(OUTCOMES.items()):
        terminalreporter.write_line(f"part {name}: {outcome}")
