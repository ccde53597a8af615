"""The sync loop: say hello, push what is new, pull what is new, rest, for as long as the till runs.

One bulk request is in flight at a time.  A commit wakes the loop; without head office it tries again
with full jitter, and the till sells on.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random

import structlog

from agent.clock import Clock
from agent.errors import SyncError
from agent.journal.chain import genesis
from agent.ledger.ledger import Ledger
from agent.sync.client import Client
from agent.sync.pull import pieces, why_not
from agent.sync.push import Advance, Alarm, Resend, Wait, batch_of, judge
from agent.sync.wire import (
    Delta,
    Fork,
    Hello,
    HelloAnswer,
    ProgrammeNews,
    Pull,
    PullAnswer,
    PushAnswer,
    Refusal,
    Retry,
    Welcome,
)

log = structlog.get_logger()
LONGEST_PAUSE_S = 30.0


@dataclass(slots=True)
class SyncState:
    """How things stand with head office, for status and screens."""

    online: bool = False
    last_contact_ms: int = 0
    epoch: int = 0
    fenced: bool = False
    alarm: str = ""


class SyncLoop:
    """Keeps one till's ledger and head office in step.

    `publisher_key` checks programmes; `on_programme` hears of each new one after it is stored.
    """

    def __init__(
        self,
        ledger: Ledger,
        client: Client,
        *,
        clock: Clock,
        chance: Random,
        publisher_key: bytes,
        pull_interval_s: float,
        program_version: str,
        on_programme: Callable[[bytes, str], None],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._ledger = ledger
        self._client = client
        self._clock = clock
        self._chance = chance
        self._publisher_key = publisher_key
        self._interval_s = pull_interval_s
        self._program_version = program_version
        self._on_programme = on_programme
        self._sleep = sleep
        self._news = asyncio.Event()
        self._welcome: dict[str, Welcome] = {}
        self.state = SyncState()

    def wake(self) -> None:
        """Sync now; call it on the event loop."""
        self._news.set()

    async def run(self) -> None:
        """Sync until cancelled; no failure of the network ends it."""
        failures = 0
        while True:
            self._news.clear()
            try:
                wait_ms = await self.turn()
                failures = 0
                pause_s = wait_ms / 1000 if wait_ms else self._interval_s
            except SyncError as failure:
                failures += 1
                self._went_offline(str(failure))
                longest = min(LONGEST_PAUSE_S, self._interval_s * 2 ** min(failures, 10))
                pause_s = self._chance.uniform(0, longest)
            await self._pause(pause_s, wakeable=failures == 0)

    async def turn(self) -> int:
        """Do one round of hello, push and pull; return milliseconds to wait, 0 for the usual pause.

        Raises:
            SyncError: head office is away or refused us.
        """
        for incarnation, head_seq in self._ledger.read.journals():
            if incarnation not in self._welcome and (wait_ms := await self._greet(incarnation, head_seq)):
                return wait_ms
            if wait_ms := await self._push(incarnation):
                return wait_ms
        return await self._pull()

    async def _greet(self, incarnation: str, head_seq: int) -> int:
        reader = self._ledger.read
        is_own = incarnation == self._ledger.incarnation
        rows = reader.entries(head_seq - 1, 1, incarnation=incarnation) if head_seq else []
        answer = await self._client.send(
            Hello(
                incarnation=incarnation,
                head_seq=head_seq,
                head_hash=rows[0][2] if rows else genesis(incarnation),
                cursor=reader.mark("cursor"),
                wall_ms=_ms(self._clock),
                backlog=head_seq - reader.mark("acknowledged") if is_own else head_seq,
                program_version=self._program_version,
            ),
            HelloAnswer,
        )
        match answer:
            case Welcome():
                await self._welcomed(incarnation, answer, head_seq=head_seq, is_own=is_own)
                return 0
            case Retry(after_ms=ms):
                return max(ms, 1)
            case Fork(seq=seq):
                await self._freeze(f"head office knows another journal after entry {seq}")
                return int(LONGEST_PAUSE_S * 1000)
            case Refusal(code=code, detail=detail):
                raise SyncError(f"head office refused this till: {code}: {detail}")
        return 0

    async def _welcomed(self, incarnation: str, welcome: Welcome, *, head_seq: int, is_own: bool) -> None:
        self._welcome[incarnation] = welcome
        if not is_own:
            return
        self.state.epoch, self.state.fenced = welcome.epoch, welcome.fenced
        if welcome.received_seq > head_seq:
            # Head office holds entries this disk has lost: an old copy came back (T6).
            await self._freeze(f"head office holds {welcome.received_seq} entries, this ledger {head_seq}")
        await self._write(lambda tx: tx.set_mark("epoch", welcome.epoch))

    async def _push(self, incarnation: str) -> int:
        """Push until head office has all of one journal; return milliseconds to wait if it asks to."""
        reader, welcome = self._ledger.read, self._welcome[incarnation]
        after, resent = welcome.received_seq, 0
        if incarnation == self._ledger.incarnation:
            after = max(after, reader.mark("acknowledged"))
        while rows := reader.entries(after, welcome.batch_limit, incarnation=incarnation):
            before = reader.entries(after - 1, 1, incarnation=incarnation) if after else []
            batch = batch_of(rows, incarnation, before[0][2] if before else genesis(incarnation))
            if batch is None:
                break
            match judge(await self._client.send(batch, PushAnswer), batch):
                case Advance(seq=seq, hash=head):
                    after = await self._advance(incarnation, seq, head)
                case Resend(after_seq=seq):
                    after, resent = seq, resent + 1
                    if resent > 2:  # noqa: PLR2004 - once is a lost reply, thrice is a disagreement
                        raise SyncError(f"head office keeps asking for entry {seq + 1}")
                case Wait(ms=ms):
                    return max(ms, 1)
                case Alarm(reason=reason):
                    await self._freeze(reason)
                    raise SyncError(reason)
        self._welcome[incarnation] = _received(welcome, after)
        return 0

    async def _advance(self, incarnation: str, seq: int, head: bytes) -> int:
        self._reached()
        await self._write(lambda tx: tx.acknowledge(incarnation, seq, head))
        return seq

    async def _pull(self) -> int:
        while True:
            cursor = self._ledger.read.mark("cursor")
            answer = await self._client.send(
                Pull(incarnation=self._ledger.incarnation, cursor=cursor), PullAnswer
            )
            match answer:
                case Retry(after_ms=ms):
                    return max(ms, 1)
                case Refusal(code=code, detail=detail):
                    self._welcome.clear()
                    raise SyncError(f"head office refused to tell news: {code}: {detail}")
                case Delta():
                    await self._apply(answer)
                    if not answer.more:
                        return 0

    async def _apply(self, delta: Delta) -> None:
        self._reached()
        for news in delta.programmes:
            await self._take_programme(news)
        for piece in pieces(delta):
            await self._write(lambda tx, piece=piece: tx.apply_delta(piece))
        now_ms = _ms(self._clock)
        await self._write(lambda tx: tx.set_mark("last_contact_ms", now_ms))

    async def _take_programme(self, news: ProgrammeNews) -> None:
        stored = self._ledger.read.programme()
        if stored is not None and stored.sha256 == news.sha256:
            return
        text = await self._client.blob(news.sha256)
        version = stored.version if stored is not None and stored.id == news.id else 0
        if reason := why_not(news, text, publisher_key=self._publisher_key, version_in_force=version):
            log.error("programme refused", programme=news.id, version=news.version, reason=reason)
            return
        await self._write(lambda tx: tx.store_programme(text, news))
        log.info("programme stored", programme=news.id, version=news.version)
        self._on_programme(text, news.id)

    async def _freeze(self, reason: str) -> None:
        self.state.alarm = reason
        log.error("spending stopped", reason=reason)
        await self._write(lambda tx: tx.set_mark("frozen", 1))

    async def _write(self, change: Callable[..., object]) -> None:
        await asyncio.wrap_future(self._ledger.write(change))

    async def _pause(self, seconds: float, *, wakeable: bool) -> None:
        if not wakeable:
            await self._sleep(seconds)
            return
        waits = [asyncio.ensure_future(self._sleep(seconds)), asyncio.ensure_future(self._news.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    def _reached(self) -> None:
        if not self.state.online:
            log.info("head office reached")
        self.state.online = True
        self.state.last_contact_ms = _ms(self._clock)

    def _went_offline(self, reason: str) -> None:
        if self.state.online:
            log.warning("head office away", reason=reason)
        self.state.online = False
        self._welcome.clear()


def _ms(clock: Clock) -> int:
    return int(clock.now().timestamp() * 1000)


def _received(welcome: Welcome, seq: int) -> Welcome:
    """Remember how far a journal was pushed, so that the next turn reads nothing twice."""
    return Welcome(
        epoch=welcome.epoch,
        received_seq=seq,
        received_hash=welcome.received_hash,
        batch_limit=welcome.batch_limit,
        fenced=welcome.fenced,
    )
