"""The programs that need many processes, in their shortest form: what they count; nothing is timed."""

import asyncio
from pathlib import Path

import pytest

from scripts.benches import fanout, storm_real
from scripts.benches.storm import Storm
from scripts.faulting import sync
from scripts.faulting.line import Run

pytestmark = pytest.mark.long


def test_news_reach_real_and_counted_tills_with_each_page_made_once(tmp_path: Path) -> None:
    lines = {one["name"]: one for one in fanout.measure(tmp_path, tills=6, rows=900, alone_s=0.5)}
    assert lines["fanout_made"]["value"] <= 2 * lines["fanout_made"]["limit_value"]
    assert lines["fanout_pages"]["value"] > 0
    assert lines["fanout_sale_p99"]["value"] > 0


def test_a_small_storm_drains_simulated_and_real(tmp_path: Path) -> None:
    storm = Storm(100, seed=1)
    storm.run()
    assert storm.now_s >= storm.work_s > 0
    lines = storm_real.measure(tmp_path, tills=24)
    assert [one["name"] for one in lines] == [
        "storm_real_drained", "storm_real_rejections", "storm_real_allowance_p99",
    ]  # fmt: skip


def test_a_chaotic_line_loses_nothing() -> None:
    """That a head office which forgets is found out takes minutes: the program itself tries it."""
    outcome = asyncio.run(sync.through_chaos(Run("sync", 1), 16, 1, backlog=10))
    assert outcome.entries > 0
    assert (outcome.missing, outcome.conflicting) == (0, 0)
    assert outcome.drained_s >= 0
