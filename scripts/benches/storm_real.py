"""The same storm in small and for real: 2,000 connections against one head office process.

Each till has its own key, journal and connection, and greets, waits for its slot and sends its batches;
messages are made before, so that the callers' share of this machine stays small.  Beside it stand the
same batches from 32 tills at a time that never have to wait for a slot.  One till asks for an allowance
over and over meanwhile.
"""

import asyncio
import resource
import time
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import msgspec

from agent.clock import random_id
from agent.journal.chain import chain_end, genesis
from agent.journal.entry import Entry, canonical_bytes
from agent.sync.credentials import Credentials
from agent.sync.packing import packed
from agent.sync.signing import seal
from agent.sync.wire import (
    PATHS,
    Acknowledged,
    AllowanceAnswer,
    AllowanceRequest,
    Hello,
    HelloAnswer,
    Push,
    PushAnswer,
    Retry,
    Welcome,
    encode,
)
from scripts.benches.figures import CannotRun, Line, line, percentile
from scripts.benches.head_office import HeadOffice

TILLS, ABREAST = 2000, 32
BATCHES, ENTRIES = 4, 200
ASK_EVERY_S = 0.02
RATIO, REJECTIONS, P99_MS = 1.05, 2.0, 250.0
FILES = 4096


class Caller(NamedTuple):
    """A till with everything it will say: its greeting and its batches, signed."""

    hello: bytes
    pushes: list[bytes]


class Talk:
    """One connection that is kept, and says one thing at a time."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def say(self, kind: Any, body: bytes, answer: Any) -> Any:
        """Send a sealed message; a busy head office's answer is a Retry too."""
        return msgspec.msgpack.decode(await self.fetch(kind, body), type=answer)

    async def fetch(self, kind: Any, body: bytes) -> bytes:
        """Send a sealed message and return the answer as it came."""
        head = f"POST {PATHS[kind]} HTTP/1.1\r\nHost: o\r\nContent-Length: {len(body)}\r\n\r\n"
        try:
            told = await self._told(head.encode() + body)
        except (asyncio.IncompleteReadError, OSError):
            self.close()  # kept too long while we waited, as happens to any client: once more on a new one
            told = await self._told(head.encode() + body)
        fields = dict(one.lower().split(b": ", 1) for one in told.split(b"\r\n")[1:-2])
        assert self._streams is not None
        reader = self._streams[0]
        content = await reader.readexactly(int(fields[b"content-length"]))
        if told.startswith(b"HTTP/1.1 503"):
            return encode(Retry(1000 * int(fields.get(b"retry-after", b"1"))))
        assert told.startswith(b"HTTP/1.1 200"), told
        return content

    async def _told(self, request: bytes) -> bytes:
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        self._streams[1].write(request)
        return await self._streams[0].readuntil(b"\r\n\r\n")

    def close(self) -> None:
        """Close it."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


def measure(folder: Path, tills: int = TILLS) -> list[Line]:
    """Return bench lines: how long it took beside the full pace, refusals a till, allowances meanwhile.

    Raises:
        CannotRun: so many connections are not allowed here.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < FILES:
        raise CannotRun(f"only {hard} open files are allowed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, hard))
    abreast = tills // 4
    office = HeadOffice(folder / "office", members={"m-1": "2990000000017"}, till_count=tills + abreast + 1)
    callers = [_caller(one) for one in office.tills[1:]]
    with office:
        pace_s = asyncio.run(_abreast(office.port, callers[:abreast])) / abreast
        took_s, rejected, quick_ms = asyncio.run(_storm(office, callers[abreast:]))
    return [
        line("storm_real_drained", took_s, "32 tills at a time", pace_s * tills, unit="s"),
        line("storm_real_rejections", rejected / tills, "2 a till", REJECTIONS, unit="", goal=1.0),
        line("storm_real_allowance_p99", percentile(quick_ms, 99), "250 ms", P99_MS, goal=1.0),
    ]


async def _abreast(port: int, callers: Sequence[Caller]) -> float:
    """Let 32 at a time send all they have; return the seconds that took."""
    left = iter(callers)

    async def one_after_the_other() -> None:
        for caller in left:
            await _drain(port, caller, Random(1))

    begun = time.perf_counter()
    await asyncio.gather(*(one_after_the_other() for _ in range(ABREAST)))
    return time.perf_counter() - begun


async def _storm(office: HeadOffice, callers: Sequence[Caller]) -> tuple[float, int, list[float]]:
    quick_ms: list[float] = []
    asking = asyncio.create_task(_ask_on(office, quick_ms))
    chance = Random(1)
    begun = time.perf_counter()
    rejected = sum(await asyncio.gather(*(_drain(office.port, one, chance, spread_s=1.0) for one in callers)))
    took_s = time.perf_counter() - begun
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    return took_s, rejected, quick_ms


async def _drain(port: int, caller: Caller, chance: Random, *, spread_s: float = 0.0) -> int:
    """Be one till until head office has everything; return how often it was told to come again."""
    await asyncio.sleep(chance.uniform(0, spread_s))
    talk, rejected = Talk(port), 0
    try:
        while isinstance(answer := await talk.say(Hello, caller.hello, HelloAnswer), Retry):
            rejected += 1
            await asyncio.sleep(answer.after_ms / 1000)
        assert isinstance(answer, Welcome), answer
        await asyncio.sleep(answer.slot_ms / 1000)
        for push in caller.pushes:
            while isinstance(told := await talk.say(Push, push, PushAnswer), Retry):
                rejected += 1
                await asyncio.sleep(told.after_ms / 1000)
            assert isinstance(told, Acknowledged), told
    finally:
        talk.close()
    return rejected


async def _ask_on(office: HeadOffice, quick_ms: list[float]) -> None:
    """Read a card every 20 ms at a till of its own."""
    talk, credentials, incarnation = Talk(office.port), office.tills[0], random_id()
    try:
        await talk.say(Hello, _sealed(credentials, Hello(incarnation, 0, b"")), HelloAnswer)
        for number in count(1):
            asked = AllowanceRequest(incarnation, f"q{number}", "m-1", "points", 1)
            body = _sealed(credentials, asked)
            begun = time.perf_counter()
            await talk.say(AllowanceRequest, body, AllowanceAnswer)
            quick_ms.append((time.perf_counter() - begun) * 1000)
            await asyncio.sleep(ASK_EVERY_S)
    finally:
        talk.close()


def _caller(credentials: Credentials) -> Caller:
    incarnation = random_id()
    head, pushes = genesis(incarnation), []
    for batch in range(BATCHES):
        first = batch * ENTRIES + 1
        bodies = [
            canonical_bytes(Entry(incarnation, seq, "TICK", wall_ms=1_795_000_000_000 + seq))
            for seq in range(first, first + ENTRIES)
        ]
        end = chain_end(head, bodies)
        backlog = (BATCHES - batch - 1) * ENTRIES
        pushes.append(_sealed(credentials, Push(incarnation, first, head, bodies, end, backlog)))
        head = end
    return Caller(_sealed(credentials, Hello(incarnation, BATCHES * ENTRIES, head)), pushes)


def _sealed(credentials: Credentials, message: Any) -> bytes:
    path = PATHS[type(message)]
    return encode(seal(credentials.enrolment.till, path, packed(encode(message)), credentials.key))
