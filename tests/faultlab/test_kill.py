"""A short kill loop; `scripts/faults kill-ledger` is the long form."""

from pathlib import Path

import pytest

from tests.faultlab.contract import Target
from tests.faultlab.kill_loop import kill_loop


@pytest.mark.long
def test_nothing_acknowledged_is_missing_after_kills(tmp_path: Path) -> None:
    target = Target("tests.ledger_target", {"plan": "production"})
    outcome = kill_loop(target, kills=6, seed=3, life_s=0.3, folder=tmp_path)
    assert (outcome.kills, outcome.lost, outcome.failures) == (6, 0, [])
    assert outcome.acked > 0
