"""What a till says of itself, and which welcome cannot be true."""

from agent.sync.hello import batch_limit, contradiction, hello_of
from agent.sync.wire import MAX_BATCH_ENTRIES, Welcome

INCARNATION = "ab" * 16
HASHES = [b"0" * 32, b"1" * 32, b"2" * 32]


def hash_at(seq: int) -> bytes | None:
    return HASHES[seq] if seq < len(HASHES) else None


def test_hello_tells_the_end_of_the_journal_and_what_waits() -> None:
    hello = hello_of(INCARNATION, (9, b"h"), received_seq=4, cursor=7, wall_ms=1, program_version="1.2")
    assert (hello.head_seq, hello.head_hash, hello.backlog, hello.cursor) == (9, b"h", 5, 7)


def test_a_welcome_that_knows_a_beginning_of_our_journal_is_believed() -> None:
    assert contradiction(Welcome(1, 1, HASHES[1]), 2, hash_at) == ""
    assert contradiction(Welcome(1, 2, HASHES[2]), 2, hash_at) == ""


def test_more_entries_there_than_here_mean_an_old_copy_of_the_disk() -> None:
    assert "holds 3 entries" in contradiction(Welcome(1, 3, b"3" * 32), 2, hash_at)


def test_another_entry_there_than_here_contradicts() -> None:
    assert "another entry 1" in contradiction(Welcome(1, 1, HASHES[2]), 2, hash_at)


def test_an_absurd_batch_limit_is_brought_into_bounds() -> None:
    assert batch_limit(Welcome(1, 0, b"", batch_limit=-3)) == 1
    assert batch_limit(Welcome(1, 0, b"", batch_limit=10**9)) == MAX_BATCH_ENTRIES
