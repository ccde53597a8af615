"""What to send next, and what an answer means: the push as pure decisions.

Step 7 of the walk.  What lies above head office's number is the outbox; there is no second queue.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from agent.journal.entry import entry_from
from agent.sync.wire import Acknowledged, Fork, Gap, Push, PushAnswer, Refusal, Retry

MAX_BATCH_BYTES = 2 * 1024 * 1024
"""Before packing; a receipt's body then takes a tenth."""
Row = tuple[int, bytes, bytes]
"""A journal row: sequence number, canonical bytes, hash."""
HashAt = Callable[[int], bytes | None]
"""Gives the hash of one journal after that many entries (0: before the first), None beyond its end."""


@dataclass(frozen=True, slots=True)
class Advance:
    """Head office holds everything up to here, durably."""

    seq: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Resend:
    """Head office wants what follows this number."""

    after_seq: int


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing now; come again."""

    ms: int


@dataclass(frozen=True, slots=True)
class Refused:
    """Head office does not take this journal now; greeting it anew may help."""

    reason: str


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Two truths about one journal: spending must stop, and a person must look."""

    reason: str


Verdict = Advance | Resend | Wait | Refused | Contradiction


def batch_of(rows: Sequence[Row], incarnation: str, previous_hash: bytes, *, limit: int) -> Push | None:
    """Make the next batch of at most `limit` entries and 2 MiB from rows that follow `previous_hash`.

    `rows` are in order and without a gap, one more than `limit` where there are so many: the batch then
    ends where a receipt ends.  A single entry larger than 2 MiB travels alone; no rows give None.
    """
    if not rows:
        return None
    taken = _whole_receipts(_within(rows, limit), rows)
    return Push(
        incarnation=incarnation,
        first_seq=taken[0][0],
        previous_hash=previous_hash,
        entries=[body for _, body, _ in taken],
        last_hash=taken[-1][2],
    )


def judge(answer: PushAnswer, incarnation: str, hash_at: HashAt) -> Verdict:
    """Say what an answer to a batch of this journal means.

    An acknowledgement must name the journal and a hash that we have at that number.  A late one of an
    earlier batch is still true, and moves nothing.
    """
    match answer:
        case Acknowledged(incarnation=named) if named != incarnation:
            return Refused("head office acknowledged another journal than the one sent")
        case Acknowledged(received_seq=seq, received_hash=held):
            return Advance(seq, held) if hash_at(seq) == held else _another(seq)
        case Gap(received_seq=seq, received_hash=held):
            return Resend(seq) if hash_at(seq) == held else _another(seq)
        case Fork(seq=seq):
            return Contradiction(f"head office knows another journal of this name after entry {seq}")
        case Retry(after_ms=ms):
            return Wait(ms)
        case Refusal(code=code, detail=detail):
            return Refused(f"head office refused the journal: {code}: {detail}")


def _another(seq: int) -> Contradiction:
    return Contradiction(f"head office holds another entry {seq} than this ledger")


def _within(rows: Sequence[Row], limit: int) -> int:
    """Count the rows that fit both limits; one always does."""
    size = 0
    for index, (_, body, _) in enumerate(rows[:limit]):
        size += len(body)
        if size > MAX_BATCH_BYTES and index:
            return index
    return min(limit, len(rows))


def _whole_receipts(count: int, rows: Sequence[Row]) -> Sequence[Row]:
    """Cut back to the last boundary between receipts, unless that would leave nothing."""
    if count == len(rows):
        return rows
    receipt = entry_from(rows[count][1]).receipt
    cut = count
    while cut and receipt and entry_from(rows[cut - 1][1]).receipt == receipt:
        cut -= 1
    return rows[: cut or count]
