"""The till's real sync through a proxy that mistreats every second request: each entry arrives, once.

The same run with a planted bug on either side must be found out; otherwise it would prove nothing.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agent.errors import Unreachable
from agent.journal.entry import entry_from
from agent.ledger.ledger import Ledger, open_ledger
from agent.loyalty.member import MemberFacts
from agent.sync.allowance import ask_allowances
from agent.sync.client import Client, ClientSettings
from agent.sync.loop import SyncLoop
from agent.sync.wire import Acknowledged, MemberRow, Push
from tests.chaos.chaos_proxy import FAULTS, ChaosProxy
from tests.sync.desk import POINTS, PROGRAMME, Bug, Desk, app_of
from tests.sync.serving import serving
from tests.sync.till import StandingClock, sell, until

pytestmark = pytest.mark.anyio
KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
RECEIPTS, ENTRIES, MEMBERS = 100, 300, 600
PATIENCE_S = 60


class TrustingClient(Client):
    """The planted bug at the till: whatever comes back, a batch counts as acknowledged."""

    async def send(self, message: Any, answer: Any, *, deadline_s: float | None = None) -> Any:
        if not isinstance(message, Push):
            return await super().send(message, answer, deadline_s=deadline_s)
        with contextlib.suppress(Unreachable):
            await super().send(message, answer, deadline_s=deadline_s)
        last_seq = message.first_seq + len(message.entries) - 1
        return Acknowledged(message.incarnation, last_seq, message.last_hash)


class Outcome(NamedTuple):
    """What a run left behind."""

    missing: int
    repeated: int
    met: Counter[str]
    ledger: Ledger


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = open_ledger(tmp_path, clock=StandingClock(), new_id=lambda: "ab" * 16)
    yield ledger
    ledger.close()


async def almost_no_time(seconds: float) -> None:
    await asyncio.sleep(min(seconds, 0.001))


async def through_chaos(
    ledger: Ledger, desk: Desk, *, seed: int, client_kind: type[Client] = Client
) -> Outcome:
    """Sell, sync through the proxy until the till believes itself done, and count what arrived."""
    for number in range(RECEIPTS):
        sell(ledger, f"r{number}")
    desk.batch_limit = 5
    public_key = KEY.public_key().public_bytes_raw()
    async with (
        serving(app_of(desk, public_key)) as port,
        ChaosProxy("127.0.0.1", port, seed=seed) as proxy,
    ):
        client = client_kind(
            ClientSettings(f"http://127.0.0.1:{proxy.port}", deadline_s=0.25), till="t1", key=KEY
        )
        loop = SyncLoop(
            ledger,
            client,
            clock=StandingClock(),
            chance=Random(seed),
            publisher_key=desk.publisher_key,
            pull_interval_s=0,
            program_version="0",
            on_programme=lambda _text, _name: None,
            sleep=almost_no_time,
        )
        await _run_until(lambda: _is_done(ledger, desk), loop)
        await client.close()
    bodies = desk.journals[ledger.incarnation].bodies
    times = Counter(entry_from(body).seq for body in bodies)
    return Outcome(
        missing=ENTRIES - len(times),
        repeated=sum(count > 1 for count in times.values()),
        met=proxy.counts,
        ledger=ledger,
    )


async def _run_until(is_done: Callable[[], bool], loop: SyncLoop) -> None:
    task = asyncio.create_task(loop.run())
    try:
        await until(lambda: is_done() or task.done(), patience_s=PATIENCE_S)
    finally:
        task.cancel()
        ended = await asyncio.gather(task, return_exceptions=True)
    assert isinstance(ended[0], asyncio.CancelledError), ended


def _is_done(ledger: Ledger, desk: Desk) -> bool:
    reader = ledger.read
    is_told = reader.mark("cursor") == len(desk.members) + len(desk.programmes)
    has_programme = not desk.programmes or reader.programme() is not None
    return bool(reader.frozen()) or (is_told and has_programme and reader.status().backlog == 0)


@pytest.mark.long
async def test_every_entry_arrives_once_and_every_news_too(ledger: Ledger) -> None:
    desk = Desk()
    desk.members = [MemberRow(f"m{n}", 1, [], MemberFacts(member=f"m{n}")) for n in range(MEMBERS)]
    text = PROGRAMME.format(version=1).encode()
    desk.publish(text, version=1)
    outcome = await through_chaos(ledger, desk, seed=2)
    assert (outcome.missing, outcome.repeated) == (0, 0)
    assert desk.journals[ledger.incarnation].end == ledger.read.head()
    assert len(ledger.read.members()) == MEMBERS
    stored = ledger.read.programme()
    assert stored is not None
    assert stored.text == text
    assert ledger.read.frozen() == ""
    assert outcome.met.keys() == FAULTS.keys()


@pytest.mark.parametrize(
    ("bug", "client_kind", "found"),
    [("repeats", Client, "repeated"), ("", TrustingClient, "missing")],
    ids=["office counts repeats", "till trusts any answer"],
)
async def test_a_planted_bug_is_found_out(
    ledger: Ledger, bug: Bug, client_kind: type[Client], found: str
) -> None:
    outcome = await through_chaos(ledger, Desk(bug=bug), seed=1, client_kind=client_kind)
    assert getattr(outcome, found) > 0


async def test_each_member_s_points_are_given_once_however_often_the_reply_is_lost(ledger: Ledger) -> None:
    desk, members = Desk(), [f"m{number}" for number in range(30)]
    public_key = KEY.public_key().public_bytes_raw()
    async with (
        serving(app_of(desk, public_key)) as port,
        ChaosProxy("127.0.0.1", port, seed=5) as proxy,
    ):
        client = Client(ClientSettings(f"http://127.0.0.1:{proxy.port}"), till="t1", key=KEY)
        async with asyncio.timeout(PATIENCE_S):
            for member in members:
                while not (await ask_allowances(ledger, client, member, ["points"], deadline_s=0.3)).given:
                    pass
        await client.close()
    day = StandingClock().now().date()
    assert [ledger.read.usable(member, day) for member in members] == [{"points": POINTS}] * len(members)
    assert len(desk.given) == len(members)
