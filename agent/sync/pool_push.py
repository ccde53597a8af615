"""Push one journal to the store's pool, batch after batch: ours, or an archived one that it still lacks."""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from agent.errors import Rejected, Unreachable
from agent.ledger.reader import Reader
from agent.sync.push import Advance, Contradiction, Refused, Resend, Wait, batch_of, judge
from agent.sync.wire import PushAnswer

STANDSTILLS = 2
"""A pool that acknowledges and asks again must not spin us."""


class Line(Protocol):
    """The pool as a session sees it; `agent.sync.client.Client` is the real one."""

    async def send(self, message: Any, answer: Any) -> Any:
        """Send a wire message and return its answer, one of the union `answer`."""
        ...


class Disagreement(Exception):  # noqa: N818 - no mistake of anybody's program
    """The pool knows another journal of this name."""


async def push_journal(
    line: Line,
    reader: Reader,
    incarnation: str,
    *,
    after: int,
    limit: int,
    taken: Callable[[int], Awaitable[None]],
) -> int:
    """Push what follows entry `after`; `taken` hears how far the pool has got it.

    Returns the milliseconds the pool asks us to wait, 0 if it has all.

    Raises:
        Disagreement: two truths about this journal.
        SyncError: the pool is away or refused us.
    """

    def hash_at(seq: int) -> bytes | None:
        return reader.hash_at(seq, incarnation)

    standstills = 0
    while rows := reader.entries(after, limit + 1, incarnation=incarnation):
        before = after
        batch = batch_of(rows, incarnation, hash_at(after) or b"", limit=limit)
        assert batch is not None
        match judge(await line.send(batch, PushAnswer), incarnation, hash_at):
            case Advance(seq=seq):
                after = max(seq, after)
                await taken(after)
            case Resend(after_seq=seq):
                after = seq
            case Wait(ms=ms):
                return max(ms, 1)
            case Refused(reason=reason):
                raise Rejected(reason.replace("head office", "the pool"))
            case Contradiction(reason=reason):
                raise Disagreement(reason.replace("head office", "the pool"))
        standstills = 0 if after > before else standstills + 1
        if standstills > STANDSTILLS:
            raise Unreachable(f"the pool keeps asking for entry {after + 1}")
    return 0
