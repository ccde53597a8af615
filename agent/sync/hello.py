"""How a till presents a journal, and whether what head office knows of it can be true: pure decisions."""

import msgspec

from agent.sync.push import HashAt
from agent.sync.wire import MAX_BATCH_ENTRIES, Hello, HelloAnswer, Refusal, Welcome


def hello_of(
    incarnation: str,
    head: tuple[int, bytes],
    *,
    received_seq: int,
    cursor: int,
    wall_ms: int,
    program_version: str,
    highest_number: int = 0,
    role: str = "till",
    pool: str = "",
) -> Hello:
    """Present a journal that ends at `head`; what lies above `received_seq` is the backlog.

    `highest_number` is the highest allowance it ever had.
    """
    head_seq, head_hash = head
    return Hello(
        incarnation=incarnation,
        head_seq=head_seq,
        head_hash=head_hash,
        cursor=cursor,
        wall_ms=wall_ms,
        backlog=max(0, head_seq - received_seq),
        program_version=program_version,
        highest_number=highest_number,
        role=role,
        pool=pool,
    )


def hello_to_older(hello: Hello, answer: HelloAnswer) -> Hello | None:
    """Return what to greet a head office with that knows only protocol 1 and refused ours; else None."""
    if isinstance(answer, Refusal) and answer.code == "upgrade_head_office" and hello.protocol > 1:
        return msgspec.structs.replace(hello, protocol=1)
    return None


def contradiction(welcome: Welcome, head_seq: int, hash_at: HashAt) -> str:
    """Say how head office's knowledge of our own journal contradicts this ledger, or nothing.

    More entries there than here means that an old copy of the disk came back: what it believes to have
    left was spent already, so spending must stop.
    """
    if welcome.received_seq > head_seq:
        return f"head office holds {welcome.received_seq} entries of this journal, the ledger only {head_seq}"
    if hash_at(welcome.received_seq) != welcome.received_hash:
        return f"head office holds another entry {welcome.received_seq} than this ledger"
    return ""


def batch_limit(welcome: Welcome) -> int:
    """Return how many entries a batch may have, within what both ends can read."""
    return min(max(1, welcome.batch_limit), MAX_BATCH_ENTRIES)
