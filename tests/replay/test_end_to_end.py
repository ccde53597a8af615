"""Sixty real receipts through two real tills to a real head office, as scripts/demo runs it."""

import json
import subprocess
import sys

import pytest

from tests.replay.parts import pty, real_receipts

KEYS = [
    "receipts", "identified", "earned", "redeemed", "returned", "voided",
    "entries", "differences", "facts_stale", "lost", "duplicated", "seconds",
]  # fmt: skip


@pytest.mark.long
def test_sixty_receipts_reach_head_office_once_and_both_ends_agree() -> None:
    real_receipts()
    pty()
    command = [sys.executable, "-m", "scripts.replay", "--receipts", "60", "--tills", "2"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    figures = json.loads(done.stdout.splitlines()[-1])
    assert list(figures) == KEYS
    assert figures["receipts"] == 60
    assert (figures["differences"], figures["lost"], figures["duplicated"]) == (0, 0, 0)
    assert 0 < figures["identified"] < 60
    assert figures["earned"] > 0


@pytest.mark.parametrize("receipts", ["0", "-1", "many", ""])
def test_a_number_of_receipts_that_is_none_is_refused(receipts: str) -> None:
    command = [sys.executable, "-m", "scripts.replay", f"--receipts={receipts}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "a number from 1, or all" in done.stderr
