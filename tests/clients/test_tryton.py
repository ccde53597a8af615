"""A real Tryton 8.2 point of sale sells through our door, and both sets of books say the same."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from agent.till.api import build_app
from scripts.faulting.beside import packages
from tests.parts import MissingPart, part_or_skip
from tests.till.desk import CARD, Desk
from tests.till.serving import served_on_socket

ROOT = Path(__file__).resolve().parents[2]
LONGEST_S = 300


def tryton() -> Path:
    try:
        return packages("tryton")
    except (OSError, subprocess.SubprocessError) as failure:
        raise MissingPart(f"scripts/locks/tryton.txt cannot be installed: {failure}") from None


@pytest.mark.long
def test_tryton_sells_earns_redeems_loses_a_customer_and_takes_goods_back(tmp_path: Path) -> None:
    folder = part_or_skip("tryton", tryton)
    desk = Desk(tmp_path)
    desk.know_member(500)
    desk.allow(500)
    environment = {
        **os.environ,
        "PYTHONPATH": f"{folder}:{ROOT}",
        "DB_CACHE": str(folder / "activated"),  # activating its modules takes Tryton half a minute
    }
    with served_on_socket(build_app(desk.checkout, list), tmp_path) as door:
        command = [sys.executable, "-m", "scripts.clients.tryton_sells", str(door.address), CARD]
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=LONGEST_S, check=False
        )
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout.splitlines()[-1])
    refund = told["returned"]["refund_minor"]
    assert told["committed"]["differences"] == told["paid"]["differences"] == []
    assert told["quoted"] == 3800 - 80
    assert told["paid"]["due_minor"] == 2000 - 300
    assert told["left"] == "voided"
    assert told["cash"] == told["quoted"] + told["paid"]["due_minor"]
    assert told["points"] == 300
    earned, paid, left = told["receipts"]
    assert desk.kinds(left) == ["HOLD", "RELEASE", "NOTE"]
    assert {"RETURN", "REVERSE"} <= set(desk.kinds(earned))
    for receipt, number in zip((earned, paid), told["numbers"], strict=True):
        (booked,) = [one for one in desk.ledger.read.entries_of(receipt) if one.kind == "RECEIPT"]
        assert booked.data["fiscal"] == number
    assert refund == 800 - 80
    desk.ledger.close()
