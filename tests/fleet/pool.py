"""A store's pool in the fleet: its door without a socket, a member's two lanes, and what it promised."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agent.clock import Clock
from agent.daemon.online import PoolLane
from agent.ledger.ledger import Ledger
from agent.pool.app import build_app
from agent.pool.desk import PoolDesk
from agent.sync.pool_loop import PoolLoop
from agent.sync.pool_session import PoolSession
from agent.sync.wire import Acknowledged, Allowance, AllowanceRequest, Welcome
from tests.fleet.network import FleetDoor, Line
from tests.fleet.oracle import Life
from tests.fleet.story import Story

AGAIN_S = 1800.0
"""So often an idle till greets its pool; 10 s in production."""
POOL, MEMBER, NONE = "pool", "member", "none"
AWAY_S = 600.0
"""So often a member looks whether its pool is back; 30 s in production."""
OK = 200


class Part(NamedTuple):
    """What a till is in its store's pool, as store IT configured it; a member has a line to the pool."""

    role: str = NONE
    line: Line | None = None
    lends: Callable[[], bool] = bool
    """Whether it is worth while to try the pool at the other end again."""


class PoolDoor:
    """The pool's door as production has it, called as ASGI."""

    def __init__(self, desk: Any) -> None:
        self._app = build_app(desk)

    async def answer(self, path: str, body: bytes) -> bytes | None:
        """Answer a till; None where it would get an error."""
        status, content = 0, b""

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            nonlocal status, content
            status = message.get("status", status)
            content += message.get("body", b"")

        scope = {
            "type": "http", "http_version": "1.1", "method": "POST", "scheme": "https", "path": path,
            "raw_path": path.encode(), "query_string": b"", "headers": [], "root_path": "",
        }  # fmt: skip
        await self._app(scope, receive, send)
        return content if status == OK else None


def join(
    line: Line,
    ledger: Ledger,
    *,
    till: str,
    key: Ed25519PrivateKey,
    clock: Clock,
    chance: Random,
    sleep: Callable[[float], Awaitable[None]],
) -> tuple[PoolLoop, PoolLane]:
    """Make a member's lanes: its journal in bulk, and a customer's short questions."""
    session = PoolSession(
        ledger, FleetDoor(line, till, key), clock=clock, program_version="fleet", again_s=AGAIN_S
    )
    loop = PoolLoop(session, chance=chance, sleep=sleep)
    return loop, PoolLane(FleetDoor(line, till, key), lambda: loop.state.online)  # type: ignore[arg-type]


@dataclass
class Loans:
    """What pools told their tills, held against what they told before; a pool's other disk begins anew."""

    story: Story
    lent: dict[tuple[Life, str, str], int] = field(default_factory=dict)
    given: dict[tuple[Life, int], Any] = field(default_factory=dict)
    acked: dict[tuple[Life, str], tuple[int, bytes]] = field(default_factory=dict)

    def said(self, pool: Life, till: str, message: Any, told: Any) -> None:
        """Take an answer down (S1: one loan for a request; I4, I5: what was acknowledged stays)."""
        match told:
            case Allowance(number=number):
                assert isinstance(message, AllowanceRequest)
                asked = (pool, message.incarnation, message.request_id)
                if self.lent.setdefault(asked, number) != number:
                    self.story.violated("S1", f"{till}: the pool answered {message.request_id} by two loans")
                content = (told.incarnation, told.of, [(one.lot, one.amount) for one in told.lots])
                if self.given.setdefault((pool, number), content) != content:
                    self.story.violated("S1", f"{till}: loan {number} was given twice over")
            case Acknowledged(incarnation=journal, received_seq=seq, received_hash=held):
                self._acknowledged(pool, journal, seq, held)
            case Welcome(received_seq=seq, received_hash=held):
                self._acknowledged(pool, message.incarnation, seq, held)
            case _:
                pass

    def _acknowledged(self, pool: Life, journal: str, seq: int, held: bytes) -> None:
        before, known = self.acked.get((pool, journal), (0, held))
        if seq < before or (seq == before and held != known):
            self.story.violated("I5", f"{journal[:8]}: the pool had {before} entries, now {seq}")
        self.acked[pool, journal] = (seq, held)


class Heard:
    """A desk whose answers are taken down: in the story, and by `Loans`."""

    def __init__(self, desk: PoolDesk, pool: Life, *, story: Story, loans: Loans) -> None:
        self._desk = desk
        self._pool = pool
        self._story = story
        self._loans = loans
        self.key_of = desk.key_of

    async def greet(self, till: str, message: Any) -> Any:
        """Answer HELLO."""
        return self._took_down(till, message, await self._desk.greet(till, message))

    async def receive(self, till: str, message: Any) -> Any:
        """Answer PUSH."""
        return self._took_down(till, message, await self._desk.receive(till, message))

    async def answer(self, till: str, message: Any) -> Any:
        """Answer a request to borrow."""
        told = await self._desk.answer(till, message)
        what = f"lends {told.amount}" if isinstance(told, Allowance) else type(told).__name__
        self._story.event(self._pool.till, f"pool {what} to {till} for {message.request_id}")
        return self._took_down(till, message, told)

    def _took_down(self, till: str, message: Any, told: Any) -> Any:
        self._loans.said(self._pool, till, message, told)
        return told
