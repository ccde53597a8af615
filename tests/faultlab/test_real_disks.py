"""Real file systems that lose power or run full; `scripts/faults power-cut disk-full` are the long forms."""

import pytest

from tests.faultlab.contract import Target
from tests.faultlab.disk_full import full_disks
from tests.faultlab.power_cut import power_cuts
from tests.faultlab.real_parts import on_a_real_disk

TARGET = Target("tests.ledger_target", {"plan": "production"})


@pytest.mark.long
@pytest.mark.parametrize(("kind", "cuts"), [("ext4", 6), ("xfs", 4)])
def test_a_power_cut_loses_no_acknowledged_receipt(kind: str, cuts: int) -> None:
    outcome = on_a_real_disk(f"loop_{kind}", lambda: power_cuts(TARGET, kind, cuts=cuts, seed=1))
    assert (outcome.kills, outcome.lost, outcome.failures) == (cuts, 0, [])
    assert outcome.acked > 0


@pytest.mark.long
def test_a_full_disk_refuses_honestly_and_heals() -> None:
    outcome = on_a_real_disk("small_disk", lambda: full_disks(attempts=3, seed=1))
    assert (outcome.lost, outcome.failures) == (0, [])
    assert outcome.refused > 0
    assert outcome.acked > 0
