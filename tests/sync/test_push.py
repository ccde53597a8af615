"""What is sent next and what an answer means, as pure decisions."""

from hypothesis import given
from hypothesis import strategies as st

from agent.journal.chain import chain_end, genesis, next_hash
from agent.journal.entry import Entry, canonical_bytes
from agent.sync.push import (
    MAX_BATCH_BYTES,
    Advance,
    Contradiction,
    Refused,
    Resend,
    Row,
    Verdict,
    Wait,
    batch_of,
    judge,
)
from agent.sync.wire import Acknowledged, Fork, Gap, PushAnswer, Refusal, Retry

INCARNATION = "ab" * 16
START = genesis(INCARNATION)


def rows_of(*receipts: str, padding: int = 0) -> list[Row]:
    rows, head = [], START
    for seq, receipt in enumerate(receipts, 1):
        body = canonical_bytes(
            Entry(INCARNATION, seq, "NOTE", receipt=receipt, part=str(seq), data={"x": "y" * padding})
        )
        head = next_hash(head, body)
        rows.append((seq, body, head))
    return rows


ROWS = rows_of("a", "b", "b")


def hash_at(seq: int) -> bytes | None:
    return START if seq == 0 else ROWS[seq - 1][2] if seq <= len(ROWS) else None


def told(answer: PushAnswer) -> Verdict:
    return judge(answer, INCARNATION, hash_at)


def test_nothing_to_send_makes_no_batch() -> None:
    assert batch_of([], INCARNATION, START, limit=5) is None


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=30), st.integers(1, 10))
def test_batches_carry_every_entry_once_in_order_and_chain(receipts: list[str], limit: int) -> None:
    rows, sent, previous = rows_of(*receipts), 0, START
    while batch := batch_of(rows[sent : sent + limit + 1], INCARNATION, previous, limit=limit):
        assert batch.first_seq == sent + 1
        assert 1 <= len(batch.entries) <= limit
        assert chain_end(batch.previous_hash, batch.entries) == batch.last_hash
        sent, previous = sent + len(batch.entries), batch.last_hash
    assert sent == len(rows)


def test_a_batch_ends_where_a_receipt_ends() -> None:
    batch = batch_of(rows_of("a", "a", "b", "b", "b"), INCARNATION, START, limit=4)
    assert batch is not None
    assert len(batch.entries) == 2


def test_a_receipt_longer_than_the_limit_travels_in_parts() -> None:
    batch = batch_of(rows_of("a", "a", "a", "a"), INCARNATION, START, limit=3)
    assert batch is not None
    assert len(batch.entries) == 3


def test_a_batch_stays_below_a_mebibyte_but_carries_at_least_one_entry() -> None:
    rows = rows_of(*"abcdef", padding=MAX_BATCH_BYTES // 3)
    batch = batch_of(rows, INCARNATION, START, limit=500)
    assert batch is not None
    assert sum(map(len, batch.entries)) <= MAX_BATCH_BYTES
    huge = batch_of(rows_of("a", "b", padding=2 * MAX_BATCH_BYTES), INCARNATION, START, limit=500)
    assert huge is not None
    assert len(huge.entries) == 1


def test_an_acknowledgement_that_names_our_hash_advances() -> None:
    assert told(Acknowledged(INCARNATION, 3, ROWS[2][2])) == Advance(3, ROWS[2][2])


def test_a_late_acknowledgement_of_an_earlier_batch_is_still_true() -> None:
    assert told(Acknowledged(INCARNATION, 1, ROWS[0][2])) == Advance(1, ROWS[0][2])


def test_an_acknowledgement_of_another_hash_is_a_contradiction() -> None:
    assert isinstance(told(Acknowledged(INCARNATION, 3, ROWS[1][2])), Contradiction)


def test_an_acknowledgement_beyond_our_end_is_a_contradiction() -> None:
    assert isinstance(told(Acknowledged(INCARNATION, 4, b"h" * 32)), Contradiction)


def test_an_acknowledgement_of_another_journal_acknowledges_nothing() -> None:
    assert isinstance(told(Acknowledged("cd" * 16, 3, ROWS[2][2])), Refused)


def test_a_gap_is_filled_from_there_if_it_is_one_of_our_journal() -> None:
    assert told(Gap(1, ROWS[0][2])) == Resend(1)
    assert told(Gap(0, START)) == Resend(0)
    assert isinstance(told(Gap(1, b"h" * 32)), Contradiction)


def test_a_fork_contradicts_a_retry_waits_and_a_refusal_refuses() -> None:
    assert isinstance(told(Fork(2)), Contradiction)
    assert told(Retry(700)) == Wait(700)
    assert isinstance(told(Refusal("unknown_journal", "who?")), Refused)
