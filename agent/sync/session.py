"""One conversation with head office: greet, push what is new, pull what is new; the ledger keeps the outcome.

What to send and what an answer means is decided by `hello`, `push` and `pull`; here it is carried out,
one request at a time.
"""

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec
import structlog

from agent.clock import Clock
from agent.errors import Rejected, Unreachable
from agent.ledger.ledger import Ledger
from agent.ledger.transaction import Transaction
from agent.ledger.writer import NEWS
from agent.sync.directories import Directories
from agent.sync.hello import batch_limit, contradiction, hello_of, hello_to_older
from agent.sync.people import Boxes
from agent.sync.pool_peers import PoolPeers
from agent.sync.programmes import Door, Programmes, want
from agent.sync.pull import believable, is_old_news, pieces, why_no_page
from agent.sync.push import Advance, Contradiction, HashAt, Refused, Resend, Wait, batch_of, judge
from agent.sync.state import SyncState
from agent.sync.wire import Delta, Fork, HelloAnswer, Pull, PullAnswer, PushAnswer, Refusal, Retry, Welcome

log = structlog.get_logger()
MAX_STANDSTILLS = 3
CONTACT_KEPT_MS = 60_000
"""How exactly the ledger knows the last contact; `state` knows it to the millisecond."""


class Session:
    """Talks to head office for one ledger until the line fails; `hang_up` then begins it anew.

    `publisher_key` checks programmes; `on_programme` hears of each new one after it is stored.  `pool_of`
    names the store whose pool this till is, if it is one.
    """

    def __init__(
        self,
        ledger: Ledger,
        door: Door,
        *,
        clock: Clock,
        publisher_key: bytes,
        program_version: str,
        on_programme: Callable[[bytes, str], None],
        pool_of: str = "",
    ) -> None:
        self._ledger = ledger
        self._door = door
        self._clock = clock
        self._programmes = Programmes(ledger, door, publisher_key=publisher_key, on_programme=on_programme)
        self._directories = Directories(ledger, door, clock=clock, publisher_key=publisher_key)
        self._boxes = Boxes(ledger, publisher_key)
        self._program_version = program_version
        self._pool_peers = PoolPeers(ledger, pool_of, publisher_key=publisher_key)
        self._limits: dict[str, int] = {}
        self._received: dict[str, int] = {}
        self._stuck: set[str] = set()
        self._highest = self._declarable = 0
        self.state = SyncState(last_contact_ms=ledger.read.mark("last_contact_ms"))

    def hang_up(self, reason: str) -> None:
        """Forget what head office said: the next turn greets it again."""
        if self.state.online:
            log.warning("head office away", reason=reason)
        self.state.online, self.state.reason = False, reason
        self._limits.clear()
        self._received.clear()
        self._stuck.clear()

    async def push(self) -> int:
        """Greet with and push every journal that has something to say, our own first.

        Returns the milliseconds head office asks us to wait, 0 if all is pushed.

        Raises:
            SyncError: head office is away or refused us.
        """
        journals = self._ledger.read.journals()
        # A journal that head office meets for the first time fences the till's earlier ones, so the
        # archived ones are presented before our own.
        for incarnation, head_seq in reversed(journals):
            is_new = incarnation not in self._received and incarnation not in self._stuck
            if is_new and (wait_ms := await self._greet(incarnation, head_seq)):
                return wait_ms
        for incarnation, head_seq in journals:
            if incarnation not in self._stuck and (wait_ms := await self._push(incarnation, head_seq)):
                return wait_ms
            if incarnation != self._ledger.incarnation:
                await self._finish_archive(incarnation, head_seq)
        return await self._boxes.hand_over(self._ask)

    async def ask_news(self, *, wait_ms: int = 0) -> Any:
        """Ask for a page of news; with none, head office may keep the answer back for `wait_ms`.

        Changes nothing, so a sale may be pushed meanwhile; `pull` takes the answer in.

        Raises:
            SyncError: head office is away.
        """
        reader = self._ledger.read
        asked = Pull(
            reader.incarnation,
            reader.mark("cursor"),
            reader.directory_cursor(),
            stock=reader.mark("stock"),
            packed=True,
            wait_ms=wait_ms,
            sealing_key=self._boxes.key,
            peers=self._pool_peers.known(),
        )
        return await self._ask(asked, PullAnswer)

    async def pull(self, told: Any = None) -> int:
        """Take in all news and the programme they announce; returns the milliseconds to wait, as `push`.

        `told` is an answer that `ask_news` has got already; nothing was pulled since.

        Raises:
            SyncError: head office is away or refused us.
        """
        has_more, highest = True, self._highest
        while has_more:
            cursor = self._ledger.read.mark("cursor")
            answer, told = told or await self.ask_news(), None
            match answer:
                case Retry(after_ms=ms):
                    return max(ms, 1)
                case Refusal(code=code, detail=detail):
                    raise Rejected(f"head office tells no news: {code}: {detail}")
                case Delta() as delta:
                    if reason := why_no_page(delta, asked=cursor):
                        raise Unreachable(reason)
                    self._directories.announced(delta.directory)
                    await self._pool_peers.take(delta.peers)
                    if self._directories.is_shortcut():
                        break
                    await self._boxes.take_key(delta.sealing_key)
                    await self._take_in(delta)
                    has_more = delta.more
        else:
            self._declarable = highest  # all stock up to this number was told
        await self._programmes.fetch()
        await self._directories.fetch()
        return 0

    async def declare(self) -> bool:
        """Declare what is held (T4), if an allowance that head office gave never came; say whether it was.

        For an idle moment: the answer to a request under way would come too late to be taken in.
        """
        if not self._ledger.read.misses_allowances(self._declarable):
            return False
        return await asyncio.wrap_future(self._ledger.write(lambda tx: tx.declare(self._declarable)))

    async def _greet(self, incarnation: str, head_seq: int) -> int:
        reader, hash_at = self._ledger.read, self._hash_at(incarnation)
        is_own = incarnation == self._ledger.incarnation
        hello = hello_of(
            incarnation,
            (head_seq, hash_at(head_seq) or b""),
            received_seq=reader.mark("acknowledged" if is_own else f"acknowledged:{incarnation}"),
            cursor=reader.mark("cursor"),
            wall_ms=self._now_ms(),
            program_version=self._program_version,
            highest_number=reader.highest_allowance() if is_own else 0,
            role=self._pool_peers.role,
        )
        told = await self._ask(hello, HelloAnswer)
        older = hello_to_older(hello, told)
        match await self._ask(older, HelloAnswer) if older else told:
            case Welcome() as welcome:
                self._limits[incarnation] = batch_limit(welcome)
                self._received[incarnation] = welcome.received_seq
                if is_own:
                    await self._welcomed(welcome, head_seq)
                return welcome.slot_ms if welcome.received_seq < head_seq else 0
            case Retry(after_ms=ms):
                return max(ms, 1)
            case Fork(seq=seq):
                await self._contradicted(incarnation, f"head office knows another journal after entry {seq}")
            case Refusal(code=code, detail=detail):
                raise Rejected(f"head office refused this till: {code}: {detail}")
        return 0

    async def _welcomed(self, welcome: Welcome, head_seq: int) -> None:
        own, self._highest = self._ledger.incarnation, welcome.highest_number
        self.state.epoch, self.state.fenced, self.state.alarm = welcome.epoch, welcome.fenced, ""
        if self._ledger.read.mark("epoch") != welcome.epoch:
            await self._write(lambda tx: tx.set_mark("epoch", welcome.epoch))
        let_go = self._ledger.read.mark("compacted")
        reason = contradiction(welcome, head_seq, self._hash_at(own))
        if welcome.received_seq < let_go:
            reason = (
                f"head office lost entries up to {let_go}, which this till let go: bring its segments back"
            )
        if reason:
            await self._contradicted(own, reason)
        elif welcome.received_seq > self._ledger.read.mark("acknowledged"):
            # The answer to a batch was lost: nothing else would tell until the next sale.
            await self._acknowledged(own, welcome.received_seq, welcome.received_hash)

    async def _push(self, incarnation: str, head_seq: int) -> int:
        """Push until head office has all of one journal; return milliseconds to wait if it asks to."""
        reader, hash_at = self._ledger.read, self._hash_at(incarnation)
        limit, highest, standstills = self._limits[incarnation], self._received[incarnation], 0
        while rows := reader.entries(self._received[incarnation], limit + 1, incarnation=incarnation):
            after = self._received[incarnation]
            batch = batch_of(rows, incarnation, hash_at(after) or b"", limit=limit)
            assert batch is not None
            batch = msgspec.structs.replace(batch, backlog=max(0, head_seq - after - len(batch.entries)))
            match judge(await self._ask(batch, PushAnswer), incarnation, hash_at):
                case Advance(seq=seq, hash=held):
                    await self._acknowledged(incarnation, seq, held)
                    self._received[incarnation] = max(seq, after)
                case Resend(after_seq=seq):
                    self._received[incarnation] = seq
                case Wait(ms=ms):
                    return max(ms, 1)
                case Refused(reason=reason):
                    raise Rejected(reason)
                case Contradiction(reason=reason):
                    await self._contradicted(incarnation, reason)
                    return 0
            # An office that acknowledges and then asks again must not be answered without a pause.
            standstills = 0 if self._received[incarnation] > highest else standstills + 1
            highest = max(highest, self._received[incarnation])
            if standstills >= MAX_STANDSTILLS:
                raise Unreachable(f"head office keeps asking for entry {self._received[incarnation] + 1}")
        return 0

    async def _acknowledged(self, incarnation: str, seq: int, held: bytes) -> None:
        await self._write(lambda tx: tx.acknowledge(incarnation, seq, held))

    async def _finish_archive(self, incarnation: str, head_seq: int) -> None:
        """Let go of an archived journal that head office has; of an old copy it may have more than we do."""
        if self._received.get(incarnation, 0) >= head_seq:
            held = self._hash_at(incarnation)(head_seq) or b""
            await self._acknowledged(incarnation, head_seq, held)

    async def _take_in(self, delta: Delta) -> None:
        """Put one page into the ledger in small transactions; what it announces is kept with its last."""
        asked = delta.from_cursor
        *before, last = pieces(believable(delta, self._ledger.read.head()[0]))
        for piece in before:
            await self._write(lambda tx, piece=piece: tx.apply_delta(piece))
        now_ms = self._now_ms()
        announced = delta.programmes[-1] if delta.programmes else None
        if self._says_nothing(last) and not before:
            return

        def change(tx: Transaction) -> None:
            tx.apply_delta(last)
            if last.to_cursor < asked:
                tx.set_mark("cursor", last.to_cursor)  # head office's books came back from a backup
            if announced is not None:
                want(tx, announced)
            tx.set_mark("last_contact_ms", now_ms)

        await self._write(change)

    def _says_nothing(self, delta: Delta) -> bool:
        """Tell whether a page is not worth a write: a flush every two seconds wears a till's disk out."""
        reader = self._ledger.read
        contact_age_ms = self._now_ms() - reader.mark("last_contact_ms")
        return is_old_news(delta, reader.mark("booked")) and 0 <= contact_age_ms < CONTACT_KEPT_MS

    async def _contradicted(self, incarnation: str, reason: str) -> None:
        """Leave this journal alone; if it is our own, stop spending until a person has looked."""
        self._stuck.add(incarnation)
        log.error("journals disagree", incarnation=incarnation, reason=reason)
        if incarnation != self._ledger.incarnation:
            return  # spending went on under a new journal, which this one says nothing about
        self.state.alarm = reason
        if not self._ledger.read.frozen():
            await self._write(lambda tx: tx.set_mark("frozen", reason))

    async def _ask(self, message: Any, answer: Any) -> Any:
        told = await self._door.send(message, answer)
        if not self.state.online:
            log.info("head office reached")
        self.state.online, self.state.reason = True, ""
        self.state.last_contact_ms = self._now_ms()
        return told

    def _hash_at(self, incarnation: str) -> HashAt:
        return lambda seq: self._ledger.read.hash_at(seq, incarnation)

    async def _write(self, change: Callable[..., object]) -> None:
        await asyncio.wrap_future(self._ledger.write(change, lane=NEWS))

    def _now_ms(self) -> int:
        return int(self._clock.now().timestamp() * 1000)
