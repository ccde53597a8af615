"""The agent is killed between any two calls of a sale, and while one is under way: each receipt counts once.

`scripts/faults recovery` is the long form, and finds a till that answers before its disk has it.
"""

from pathlib import Path

import pytest

from tests.daemon.recovering import BREAKS, Outcome, sell_through_kills


@pytest.mark.long
def test_killed_between_any_two_calls_or_within_one_every_receipt_counts_once(tmp_path: Path) -> None:
    outcome = sell_through_kills(tmp_path, sales=len(BREAKS), seed=1, tell=lambda _: None)
    assert outcome == Outcome(sales=len(BREAKS))
