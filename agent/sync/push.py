"""What to send next, and what an answer means: the push as pure decisions.

Step 7 of the walk.  What lies above head office's number is the outbox; there is no second queue.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from agent.journal.entry import entry_from
from agent.sync.wire import Acknowledged, Fork, Gap, Push, PushAnswer, Refusal, Retry

MAX_BATCH_BYTES = 1024 * 1024
Row = tuple[int, bytes, bytes]
"""A journal row: sequence number, canonical bytes, hash."""


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
class Alarm:
    """Two truths about one journal, or an answer to something we never sent: spending must stop."""

    reason: str


Verdict = Advance | Resend | Wait | Alarm


def batch_of(rows: Sequence[Row], incarnation: str, previous_hash: bytes) -> Push | None:
    """Make the next batch from rows that follow `previous_hash`; it ends where a receipt ends.

    `rows` are in order and without a gap; none gives None.  One receipt larger than the byte limit
    still travels whole.
    """
    if not rows:
        return None
    taken = _whole_receipts(_within_limit(rows), rows)
    return Push(
        incarnation=incarnation,
        first_seq=taken[0][0],
        previous_hash=previous_hash,
        entries=[body for _, body, _ in taken],
        last_hash=taken[-1][2],
    )


def judge(answer: PushAnswer, sent: Push) -> Verdict:
    """Say what an answer to `sent` means.

    An acknowledgement must name our journal and exactly the hash we sent: a stale or foreign one
    acknowledges nothing.
    """
    match answer:
        case Acknowledged():
            return _judge_acknowledgement(answer, sent)
        case Gap(received_seq=seq):
            return Resend(seq)
        case Fork(seq=seq):
            return Alarm(f"head office holds another journal of this name after entry {seq}")
        case Retry(after_ms=ms):
            return Wait(ms)
        case Refusal(code=code, detail=detail):
            return Alarm(f"head office refused the journal: {code}: {detail}")


def _judge_acknowledgement(answer: Acknowledged, sent: Push) -> Verdict:
    if answer.incarnation != sent.incarnation:
        return Alarm("an acknowledgement for another journal")
    if answer.received_seq != sent.first_seq + len(sent.entries) - 1:
        return Resend(answer.received_seq)
    if answer.received_hash != sent.last_hash:
        return Alarm("head office acknowledged another hash than was sent")
    return Advance(answer.received_seq, answer.received_hash)


def _within_limit(rows: Sequence[Row]) -> int:
    size = 0
    for index, (_, body, _) in enumerate(rows):
        size += len(body)
        if size > MAX_BATCH_BYTES and index:
            return index
    return len(rows)


def _whole_receipts(count: int, rows: Sequence[Row]) -> Sequence[Row]:
    """Cut back to the last boundary between receipts, unless that would leave nothing."""
    if count == len(rows):
        return rows
    receipt = entry_from(rows[count][1]).receipt
    cut = count
    while cut and receipt and entry_from(rows[cut - 1][1]).receipt == receipt:
        cut -= 1
    return rows[: cut or count]
