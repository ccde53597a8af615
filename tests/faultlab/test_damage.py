"""Calls that fail, bits that flip, ledgers that were exchanged; `scripts/faults` has the long forms."""

import errno
from pathlib import Path

import pytest

from agent.ledger.lock import Lock
from agent.ledger.verify import verify
from scripts.faulting.bit_flips import flips
from tests.faultlab.contract import Target
from tests.faultlab.disk_log import Op
from tests.faultlab.io_faults import acknowledged_after_failed_sync, io_faults
from tests.faultlab.recorded import Fault, RecordedDisk
from tests.faultlab.rollback import FORMS, rollbacks

FAILED = Op("fail", "ledger.db-wal", target="sync")
SYNCED = Op("sync", "ledger.db-wal")


@pytest.mark.long
def test_whatever_call_fails_nothing_acknowledged_is_lost() -> None:
    outcome = io_faults(Target("tests.ledger_target", {}), operations=12, seed=1, every=7)
    assert outcome.failures == []
    assert outcome.fired > 0
    assert outcome.acked > 0


def test_every_sync_may_fail_and_no_acknowledgement_follows() -> None:
    outcome = io_faults(
        Target("tests.ledger_target", {}), operations=6, seed=2, calls=("sync", "sync_directory", "rename")
    )
    assert outcome.failures == []
    assert outcome.fired > 0


def test_whatever_call_fails_a_directory_is_put_to_use_whole_or_not_at_all() -> None:
    outcome = io_faults(Target("tests.arriving_target", {}), operations=2, seed=1, every=7)
    assert outcome.failures == []
    assert outcome.fired > 0
    assert outcome.acked > 0


def test_a_full_disk_has_no_room_for_a_number_in_the_lock_and_the_till_starts(tmp_path: Path) -> None:
    with RecordedDisk(tmp_path, fault=Fault("write", 1, errno.ENOSPC)) as disk:
        Lock(tmp_path, disk).release()
        assert [op.name for op in disk.log] == ["lock"]


@pytest.mark.parametrize(
    ("log", "is_wrong"),
    [
        ([Op("attempt", "a"), FAILED, Op("ack", "a")], True),
        ([Op("attempt", "a"), SYNCED, FAILED, Op("ack", "a")], False),
        ([Op("attempt", "a"), FAILED, SYNCED, Op("ack", "a")], True),
        ([FAILED, Op("attempt", "a"), SYNCED, Op("ack", "a")], True),
        ([Op("fail", "witness.new", target="sync"), Op("attempt", "a"), SYNCED, Op("ack", "a")], False),
        ([Op("create", "x"), Op("fail", "", target="sync_directory"), Op("ack", "a")], True),
        (
            [
                Op("create", "x"),
                Op("fail", "", target="sync_directory"),
                Op("sync_directory"),
                Op("ack", "a"),
            ],
            False,
        ),
    ],
)
def test_an_acknowledgement_must_not_rest_on_a_failed_sync(log: list[Op], is_wrong: bool) -> None:
    assert acknowledged_after_failed_sync(log) is is_wrong


def test_no_flipped_bit_changes_a_row_unseen() -> None:
    outcome = flips(400, 1, verify)
    assert outcome.examples == []
    assert outcome.mattered > 50


def test_an_exchanged_ledger_verifies_by_itself_and_is_found_at_the_next_contact(tmp_path: Path) -> None:
    outcome = rollbacks(tmp_path, count=3 * len(FORMS), seed=1)
    assert outcome.undetected == []
    assert outcome.silent == outcome.attempts
    assert {form for form, _ in outcome.found} == set(FORMS)
