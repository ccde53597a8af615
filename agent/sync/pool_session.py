"""One conversation with the store's pool: greet it, push what it lacks; beside head office's, never instead.

The pool takes our journal in from where it stands when we first greet: what we hold of it comes home by
these entries alone, so the ledger keeps them until the pool has them.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

import structlog

from agent.clock import Clock
from agent.errors import Rejected, Unreachable
from agent.ledger import borrowed, loans
from agent.ledger.ledger import Ledger
from agent.ledger.transaction import Transaction
from agent.sync.hello import batch_limit, contradiction, hello_of
from agent.sync.push import Advance, Contradiction, Refused, Resend, Wait, batch_of, judge
from agent.sync.state import SyncState
from agent.sync.wire import Fork, HelloAnswer, PushAnswer, Refusal, Retry, Welcome

log = structlog.get_logger()
AGAIN_S = 10.0
"""So often an idle till greets the pool: a card read need not find out that it is gone."""


class Line(Protocol):
    """The pool as a session sees it; `agent.sync.client.Client` is the real one."""

    async def send(self, message: Any, answer: Any) -> Any:
        """Send a wire message and return its answer, one of the union `answer`."""
        ...


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
        self._limit = 0
        self._received = 0
        self._greeted_s = 0.0
        self.state = SyncState()

    def hang_up(self, reason: str) -> None:
        """Forget what the pool said: the next turn greets it again."""
        if self.state.online:
            log.warning("pool away", reason=reason)
        self.state.online, self.state.reason, self._limit = False, reason, 0

    async def turn(self) -> int:
        """Greet if it is time, push what is new; return the milliseconds the pool asks us to wait, mostly 0.

        Raises:
            SyncError: the pool is away or refused us.
            LedgerReadOnly: what it said cannot be kept now.
        """
        is_due = self._clock.monotonic_s() - self._greeted_s >= self.again_s
        if (not self._limit or is_due) and (wait_ms := await self._greet()):
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
        reader, own, standstills = self._ledger.read, self._ledger.incarnation, 0
        while rows := reader.entries(self._received, self._limit + 1):
            after = self._received
            batch = batch_of(rows, own, reader.hash_of(after) or b"", limit=self._limit)
            assert batch is not None
            match judge(await self._line.send(batch, PushAnswer), own, reader.hash_of):
                case Advance(seq=seq):
                    self._received = max(seq, after)
                    await self._write(lambda tx: tx.set_mark(borrowed.RECEIVED, self._received))
                case Resend(after_seq=seq):
                    self._received = seq
                case Wait(ms=ms):
                    return max(ms, 1)
                case Refused(reason=reason):
                    raise Rejected(reason.replace("head office", "the pool"))
                case Contradiction(reason=reason):
                    await self._contradicted(reason.replace("head office", "the pool"))
                    return 0
            standstills = 0 if self._received > after else standstills + 1
            if standstills > 2:  # noqa: PLR2004 - a pool that acknowledges and asks again must not spin us
                raise Unreachable(f"the pool keeps asking for entry {self._received + 1}")
        return 0

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
