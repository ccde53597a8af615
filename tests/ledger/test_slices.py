"""The whole journal is verified in idle slices, beside the till that writes it."""

from pathlib import Path

import pytest

from agent.journal.entry import Draft
from agent.ledger.database import connect
from agent.ledger.slices import AGAIN_S, SLICE
from tests.ledger.rigs import ToldClock, do, opened

LENGTH = 2 * SLICE + 150


def fill(folder: Path) -> None:
    with opened(folder) as ledger:
        do(ledger, lambda tx: [tx.append(Draft("NOTE", receipt=f"r{at}")) for at in range(LENGTH)])


def test_a_journal_is_verified_slice_by_slice_and_again_a_day_later(tmp_path: Path) -> None:
    fill(tmp_path)
    clock = ToldClock()
    with opened(tmp_path, clock) as ledger:
        check = ledger.idle_check
        for verified, has_more in ((SLICE, True), (2 * SLICE, True), (LENGTH, False), (LENGTH, False)):
            assert check.step() is has_more
            assert check.as_json()["verified_seq"] == verified
        assert check.as_json() == {"verified_seq": LENGTH, "rounds": 1, "problem": ""}
        clock.move(seconds=AGAIN_S)
        do(ledger, lambda tx: tx.append(Draft("NOTE")))
        while check.step():
            pass
        assert check.as_json() == {"verified_seq": LENGTH + 1, "rounds": 2, "problem": ""}


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        ("UPDATE journal SET hash = zeroblob(32) WHERE seq = 5", "entry 5: its bytes are not"),
        ("UPDATE journal SET kind = 'EARN' WHERE seq = 7", "entry 7: its columns differ"),
        ("DELETE FROM journal WHERE seq = 9", "entry 9 is missing"),
        ("UPDATE journal SET body = x'93' WHERE seq = 11", "entry 11: its bytes are not"),
    ],
)
def test_damage_that_the_start_does_not_look_at_is_found(tmp_path: Path, damage: str, says: str) -> None:
    fill(tmp_path)
    db = connect(tmp_path / "ledger.db")
    db.execute(damage)
    db.close()
    with opened(tmp_path) as ledger:
        while ledger.idle_check.step():
            pass
        assert says in ledger.idle_check.problem
        assert not ledger.idle_check.step()
