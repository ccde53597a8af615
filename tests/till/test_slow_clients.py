"""Clients that never finish: a POS among them is served as if they were not there, and they are let go."""

import pytest

from scripts.faulting.slow_clients import LONGEST_S, P99_MS, besieged


@pytest.mark.long
def test_two_hundred_half_open_and_dripping_clients_do_not_reach_the_pos() -> None:
    p99_ms, failed, still_open, last_s = besieged(200, watched_s=7)
    assert (failed, still_open) == (0, 0)
    assert p99_ms < P99_MS
    assert last_s < LONGEST_S
