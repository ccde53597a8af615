"""One conversation with the store's pool: greet it, push what it lacks; beside head office's, never instead.

The pool takes our journal in from where it stands when we first greet: what we hold of it comes home by
these entries alone, so the ledger keeps them until the pool has them.
"""

import asyncio
from collections.abc import Callable

import structlog

from agent.clock import Clock
from agent.errors import Rejected, Unreachable
from agent.ledger import borrowed, loans
from agent.ledger.ledger import Ledger
from agent.ledger.transaction import Transaction
from agent.sync.hello import batch_limit, contradiction, hello_of
from agent.sync.pool_archives import PoolArchives
from agent.sync.pool_push import Disagreement, Line, push_journal
from agent.sync.state import SyncState
from agent.sync.wire import Fork, HelloAnswer, Refusal, Retry, Welcome

log = structlog.get_logger()
AGAIN_S = 10.0
"""So often an idle till greets the pool: a card read need not find out that it is gone."""


class PoolSession:
    """Talks to the pool for one ledger until the line fails; `hang_up` then begins it anew."""

    def __init__(
        self, ledger: Ledger, line: Line, *, clock: Clock, program_version: str, again_s: float = AGAIN_S
    ) -> None:
        self.again_s = again_s
        self._ledger = ledger
        self._line = line
        self._clock = clock
        self._program_version = program_version
        self._archives = PoolArchives(ledger, line, clock=clock, program_version=program_version)
        self._limit = 0
        self._received = 0
        self._greeted_s = 0.0
        self.state = SyncState()

    def hang_up(self, reason: str) -> None:
        """Forget what the pool said: the next turn greets it again."""
        if self.state.online:
            log.warning("pool away", reason=reason)
        self.state.online, self.state.reason, self._limit = False, reason, 0
        self._archives.hang_up()

    async def turn(self) -> int:
        """Greet if it is time, push what is new; return the milliseconds the pool asks us to wait, mostly 0.

        Raises:
            SyncError: the pool is away or refused us.
            LedgerReadOnly: what it said cannot be kept now.
        """
        is_due = self._clock.monotonic_s() - self._greeted_s >= self.again_s
        if not self._limit or is_due:
            wait_ms = await self._archives.hand_over() or await self._greet()
            if wait_ms:
                return wait_ms
        return 0 if self.state.alarm else await self._push()

    async def _greet(self) -> int:
        reader = self._ledger.read
        head_seq, head_hash = reader.head()
        hello = hello_of(
            self._ledger.incarnation,
            (head_seq, head_hash),
            received_seq=reader.mark(borrowed.RECEIVED),
            cursor=0,
            wall_ms=int(self._clock.now().timestamp() * 1000),
            program_version=self._program_version,
            highest_number=loans.highest_borrowed(reader),
            pool=reader.text_mark(borrowed.POOL),
        )
        match await self._line.send(hello, HelloAnswer):
            case Welcome() as welcome:
                await self._welcomed(welcome, head_seq)
            case Retry(after_ms=ms):
                return max(ms, 1)
            case Fork(seq=seq):
                await self._contradicted(f"the pool knows another journal after entry {seq}")
            case Refusal(code=code, detail=detail):
                raise Rejected(f"the pool refused this till: {code}: {detail}")
        return 0

    async def _welcomed(self, welcome: Welcome, head_seq: int) -> None:
        reader, known = self._ledger.read, self._ledger.read.text_mark(borrowed.POOL)
        if not welcome.giver:
            raise Unreachable("whoever answered is no pool")
        self._limit, self._received = batch_limit(welcome), welcome.received_seq
        self._greeted_s = self._clock.monotonic_s()
        self.state.epoch, self.state.fenced, self.state.alarm = welcome.epoch, welcome.fenced, ""
        self.state.last_contact_ms = int(self._clock.now().timestamp() * 1000)
        if welcome.giver == known and welcome.received_seq < reader.mark(borrowed.RECEIVED):
            self.state.alarm = "the pool lost entries of ours that it had: an old copy of its disk came back"
        elif welcome.received_seq < reader.mark("compacted"):
            self.state.alarm = f"the pool wants entries after {welcome.received_seq}, which this till let go"
        elif reason := contradiction(welcome, head_seq, reader.hash_of):
            await self._contradicted(reason.replace("head office", "the pool"))
        elif welcome.giver != known or self._received > reader.mark(borrowed.RECEIVED):
            await self._write(lambda tx: _keep(tx, welcome.giver, welcome.received_seq))
        if self.state.alarm:
            log.error("pool not usable", detail=self.state.alarm)
            self.state.online = False
            return
        if not self.state.online:
            log.info("pool reached", incarnation=welcome.giver)
        self.state.online, self.state.reason = True, ""
        if loans.misses(reader, welcome.highest_number):
            await self._write(lambda tx: tx.declare_loans(welcome.giver, welcome.highest_number))

    async def _push(self) -> int:
        try:
            return await push_journal(
                self._line,
                self._ledger.read,
                self._ledger.incarnation,
                after=self._received,
                limit=self._limit,
                taken=self._taken,
            )
        except Disagreement as reason:
            await self._contradicted(str(reason))
            return 0

    async def _taken(self, seq: int) -> None:
        self._received = seq
        await self._write(lambda tx: tx.set_mark(borrowed.RECEIVED, seq))

    async def _contradicted(self, reason: str) -> None:
        """Two truths about our own journal: spending stops, as if head office had said so."""
        self.state.alarm, self.state.online = reason, False
        log.error("journals disagree", incarnation=self._ledger.incarnation, reason=reason)
        if not self._ledger.read.frozen():
            await self._write(lambda tx: tx.set_mark("frozen", reason))

    async def _write(self, change: Callable[[Transaction], object]) -> None:
        await asyncio.wrap_future(self._ledger.write(change))


def _keep(tx: Transaction, giver: str, received: int) -> None:
    tx.set_mark(borrowed.POOL, giver)
    tx.set_mark(borrowed.RECEIVED, received)
