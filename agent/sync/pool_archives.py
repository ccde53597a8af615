"""Journals of this till from before a restore go to the pool as well: what they closed comes home by them.

Each is presented before our own, since the pool fences a till's earlier journals when it meets a new one.
What the pool disputes is left alone: head office has the last word on an archived journal.
"""

import asyncio
from functools import partial

import structlog

from agent.clock import Clock
from agent.errors import Rejected
from agent.ledger import loans
from agent.ledger.ledger import Ledger
from agent.ledger.loans import Owed
from agent.ledger.transaction import Transaction
from agent.sync.hello import batch_limit, contradiction, hello_of
from agent.sync.pool_push import Disagreement, Line, push_journal
from agent.sync.wire import Fork, HelloAnswer, Refusal, Retry, Welcome

log = structlog.get_logger()


class PoolArchives:
    """Hands archived journals over; one that is disputed is not tried again while the line holds."""

    def __init__(self, ledger: Ledger, line: Line, *, clock: Clock, program_version: str) -> None:
        self._ledger = ledger
        self._line = line
        self._clock = clock
        self._program_version = program_version
        self._disputed: set[str] = set()

    async def hand_over(self) -> int:
        """Present and push what the pool lacks; return the milliseconds it asks us to wait, mostly 0.

        Raises:
            SyncError: the pool is away.
        """
        for owed in loans.owed(self._ledger.read):
            if owed.incarnation in self._disputed:
                continue
            try:
                if wait_ms := await self._hand_over(owed):
                    return wait_ms
            except (Disagreement, Rejected) as why:
                log.warning("archived journal not taken", incarnation=owed.incarnation, reason=str(why))
                self._disputed.add(owed.incarnation)
        return 0

    def hang_up(self) -> None:
        """Forget what was disputed: the next turn tries again."""
        self._disputed.clear()

    async def _hand_over(self, owed: Owed) -> int:
        hello = hello_of(
            owed.incarnation,
            (owed.head_seq, owed.head_hash),
            received_seq=owed.received,
            cursor=0,
            wall_ms=int(self._clock.now().timestamp() * 1000),
            program_version=self._program_version,
            highest_number=owed.highest,
            pool=owed.pool,
        )
        match await self._line.send(hello, HelloAnswer):
            case Welcome() as welcome:
                return await self._push(owed, welcome)
            case Retry(after_ms=ms):
                return max(ms, 1)
            case Fork(seq=seq):
                raise Disagreement(f"the pool knows another journal after entry {seq}")
            case Refusal(code=code, detail=detail):
                raise Disagreement(f"{code}: {detail}")
        return 0

    async def _push(self, owed: Owed, welcome: Welcome) -> int:
        reader = self._ledger.read
        if welcome.giver != owed.pool:
            raise Disagreement("another pool lent it something")
        if welcome.received_seq < owed.let_go:
            raise Disagreement(f"the pool wants entries after {welcome.received_seq}, which it let go")
        if reason := contradiction(welcome, owed.head_seq, lambda seq: reader.hash_at(seq, owed.incarnation)):
            raise Disagreement(reason.replace("head office", "the pool"))
        wait_ms = await push_journal(
            self._line,
            reader,
            owed.incarnation,
            after=welcome.received_seq,
            limit=batch_limit(welcome),
            taken=partial(self._taken, owed.incarnation),
        )
        if not wait_ms:  # also where the pool had everything
            await self._taken(owed.incarnation, owed.head_seq)
        return wait_ms

    async def _taken(self, incarnation: str, seq: int) -> None:
        def keep(tx: Transaction) -> None:
            tx.set_mark(loans.handed_over(incarnation), seq)

        await asyncio.wrap_future(self._ledger.write(keep))
