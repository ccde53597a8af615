"""Ten thousand disk states after a power cut; `scripts/faults crash-states` starts a hundred thousand."""

import pytest

from scripts.faulting.crash_states import states
from tests.ledger_operations import SHAPES

STATES = 10_000


@pytest.mark.long
def test_no_disk_state_after_a_power_cut_has_lost_or_halved_anything() -> None:
    found = states(STATES, seed=1)
    assert (found.failed, found.lost, found.examples) == (0, 0, {})
    assert found.distinct >= STATES
    assert {*SHAPES, "allow", "news", "erase", "ack", "migrate"} <= set(found.operations)
