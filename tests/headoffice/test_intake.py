"""Intake: acknowledged means on disk, a gap asks, a fork stops, a repeat changes nothing."""

from pathlib import Path

import msgspec
import pytest

from agent.errors import LedgerBusy, LedgerDamaged, LedgerReadOnly
from agent.headoffice import intake, tills
from agent.headoffice.booking import book_all
from agent.headoffice.office import Office
from agent.sync.wire import PROTOCOL, Acknowledged, Fork, Gap, Push, Refusal, Welcome
from tests.headoffice.till_end import StillClock, TillEnd, agree, rows


def ticks(till: TillEnd, count: int) -> None:
    for _ in range(count):
        till.add("TICK")


def segment(office: Office, till: TillEnd) -> Path:
    return office.state / "segments" / f"{till.incarnation}.segment"


def test_a_batch_is_acknowledged_with_number_and_hash(office: Office, till: TillEnd) -> None:
    ticks(till, 3)
    assert till.push(office) == Acknowledged(till.incarnation, 3, till.hash_at(3))


def test_what_was_acknowledged_is_there_after_a_restart(
    office: Office, till: TillEnd, clock: StillClock
) -> None:
    ticks(till, 5)
    till.push(office, 1, 3)
    till.push(office, 4, 5)
    office.close()
    again = Office(office.state, clock, serving=True)
    assert again.segments.received(till.incarnation) == (5, till.hash_at(5))
    assert [one.body for one in again.segments.entries(till.incarnation, 2)] == till.bodies[2:]
    again.close()


def test_a_torn_record_is_cut_off_kept_beside_and_sent_again(
    office: Office, till: TillEnd, clock: StillClock
) -> None:
    ticks(till, 4)
    till.push(office, 1, 2)
    till.push(office, 3, 4)
    office.close()
    path = segment(office, till)
    whole = path.read_bytes()
    path.write_bytes(whole[:-7])
    again = Office(office.state, clock, serving=True)
    assert again.segments.received(till.incarnation) == (2, till.hash_at(2))
    assert len(list(path.parent.glob("*.torn-*"))) == 1
    assert till.push(again) == Acknowledged(till.incarnation, 4, till.hash_at(4))
    assert path.read_bytes() == whole
    again.close()


def test_a_command_beside_the_server_cuts_nothing(office: Office, till: TillEnd, clock: StillClock) -> None:
    ticks(till, 2)
    till.push(office)
    path = segment(office, till)
    path.write_bytes(path.read_bytes() + b"\0\0\0\x09half a record")
    beside = Office(office.state, clock)
    assert beside.segments.received(till.incarnation)[0] == 2
    assert path.read_bytes().endswith(b"half a record")
    beside.close()


@pytest.mark.parametrize("position", [0, 40, -1])
def test_damage_below_what_was_booked_stops_the_start(
    office: Office, till: TillEnd, clock: StillClock, position: int
) -> None:
    ticks(till, 2)
    till.push(office)
    book_all(office.store, office.segments, agree)
    office.close()
    path = segment(office, till)
    content = bytearray(path.read_bytes())
    content[position] ^= 1
    path.write_bytes(content)
    with pytest.raises(LedgerDamaged, match="booked are 2"):
        Office(office.state, clock, serving=True)


def test_a_batch_from_too_far_ahead_is_a_gap(office: Office, till: TillEnd) -> None:
    ticks(till, 5)
    till.push(office, 1, 2)
    assert till.push(office, 4, 5) == Gap(2, till.hash_at(2))


def test_a_repeat_is_answered_and_writes_nothing(office: Office, till: TillEnd) -> None:
    ticks(till, 4)
    till.push(office)
    size = segment(office, till).stat().st_size
    assert till.push(office, 1, 4) == Acknowledged(till.incarnation, 4, till.hash_at(4))
    assert till.push(office, 2, 3) == Acknowledged(till.incarnation, 4, till.hash_at(4))
    assert segment(office, till).stat().st_size == size


def test_a_batch_that_overlaps_is_answered_with_where_to_go_on(office: Office, till: TillEnd) -> None:
    ticks(till, 2)
    till.push(office)
    ticks(till, 2)
    assert till.push(office, 1, 4) == Acknowledged(till.incarnation, 2, till.hash_at(2))
    assert till.push(office, 3, 4) == Acknowledged(till.incarnation, 4, till.hash_at(4))


def test_other_entries_under_known_numbers_are_a_fork(office: Office, till: TillEnd) -> None:
    ticks(till, 3)
    till.push(office)
    till.bodies[1:] = []
    till.add("NOTE")
    till.add("NOTE")
    assert till.push(office, 1, 3) == Fork(1)
    till.add("TICK")
    assert till.push(office, 4, 4) == Fork(3)
    assert office.segments.received(till.incarnation)[0] == 3


def test_a_hello_with_another_hash_at_our_number_is_a_fork(office: Office, till: TillEnd) -> None:
    ticks(till, 2)
    till.push(office)
    till.bodies[1] = till.bodies[0]
    assert tills.greet(office, till.name, till.hello()) == Fork(2)


def test_a_chain_that_does_not_hold_is_refused(office: Office, till: TillEnd) -> None:
    ticks(till, 2)
    batch = msgspec.structs.replace(till.batch(), last_hash=b"\0" * 32)
    answer = intake.receive(office, till.name, batch, till.sealed(batch))
    assert isinstance(answer, Refusal)
    assert answer.code == "broken_chain"


def test_an_entry_that_names_another_place_is_refused(office: Office, till: TillEnd) -> None:
    ticks(till, 2)
    till.bodies.reverse()
    answer = till.push(office)
    assert isinstance(answer, Refusal)
    assert answer.code == "misplaced_entry"


def test_a_till_cannot_push_another_tills_journal(office: Office, till: TillEnd) -> None:
    other = TillEnd("12-2", "b" * 32)
    other.enrol(office)
    other.greet(office)
    ticks(till, 1)
    batch: Push = till.batch()
    answer = intake.receive(office, other.name, batch, other.sealed(batch))
    assert isinstance(answer, Refusal)
    assert answer.code == "unknown_journal"


def test_undecodable_entries_are_kept_parked_and_block_nothing(office: Office, till: TillEnd) -> None:
    ticks(till, 1)
    till.bodies.append(b"\xc1 no entry at all")
    ticks(till, 1)
    assert till.push(office) == Acknowledged(till.incarnation, 3, till.hash_at(3))
    assert book_all(office.store, office.segments, agree) == 3
    assert rows(office, "SELECT seq, parked, body FROM entry WHERE parked = 1") == [(2, 1, till.bodies[1])]
    assert rows(office, "SELECT kind FROM difference") == [("undecodable",)]


def test_a_disk_that_does_not_write_acknowledges_nothing(office: Office, till: TillEnd) -> None:
    ticks(till, 2)
    till.push(office, 1, 1)
    path = segment(office, till)
    kept = path.rename(path.with_suffix(".away"))
    path.mkdir()  # even root cannot write a folder as a file
    with pytest.raises(LedgerReadOnly):
        till.push(office, 2, 2)
    path.rmdir()
    kept.rename(path)
    assert till.push(office) == Acknowledged(till.incarnation, 2, till.hash_at(2))


def test_a_new_journal_of_a_till_gets_the_next_epoch_and_fences_the_old_one(
    office: Office, till: TillEnd
) -> None:
    assert till.greet(office).epoch == 1
    fresh = TillEnd(till.name, "c" * 32)
    assert tills.greet(office, till.name, fresh.hello()) == Welcome(
        2, 0, fresh.hash_at(0), wall_ms=office.now_ms(), protocol=PROTOCOL
    )
    assert till.greet(office).fenced
    ticks(till, 1)
    assert till.push(office) == Acknowledged(till.incarnation, 1, till.hash_at(1))


def test_only_one_head_office_serves_a_folder(office: Office, clock: StillClock) -> None:
    with pytest.raises(LedgerBusy):
        Office(office.state, clock, serving=True)
