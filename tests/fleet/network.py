"""A till's line to head office, or to its pool: it is cut, loses, doubles, delays, says old things again.

A message is safe to lose, repeat and reorder; here each happens to requests and to answers alike.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agent.errors import Rejected, Unreachable
from agent.sync.signing import seal
from agent.sync.wire import BLOB_PATH, PATHS, AllowanceRequest, encode
from tests.fleet.story import Story

BULK_S = 10.0
"""The total deadline of a call in the bulk lane, as in production."""
Told = bytes | None
Answer = Callable[[str, bytes], "Told | asyncio.Task[Told]"]
"""A door: a path and a body to an answer, or work that ends with one; None if it is down."""


@dataclass(slots=True)
class Weather:
    """How bad a line is: shares of calls to which each happens."""

    lost: float = 0.0
    answer_lost: float = 0.0
    doubled: float = 0.0
    old_answer: float = 0.0
    slow: float = 0.0

    def clear(self) -> None:
        """Let nothing go wrong any more."""
        self.lost = self.answer_lost = self.doubled = self.old_answer = self.slow = 0.0


class Line:
    """One till's line to a door."""

    def __init__(self, answer: Answer, weather: Weather, story: Story, *, name: str, chance: Random) -> None:
        self._answer = answer
        self._weather = weather
        self._story = story
        self._name = name
        self._chance = chance
        self._loop = asyncio.get_running_loop()
        self._old: dict[str, bytes] = {}
        self._up_at_s = 0.0
        self._whole = asyncio.Event()
        self._whole.set()

    @property
    def is_cut(self) -> bool:
        """Whether nothing passes now."""
        return not self._whole.is_set()

    def cut(self, length_s: float) -> None:
        """Cut it for so long."""
        self._up_at_s = max(self._up_at_s, self._loop.time() + length_s)
        self._whole.clear()
        self._loop.call_at(self._up_at_s, self._mend_if_due)

    def mend(self) -> None:
        """Let everything pass again."""
        self._up_at_s = 0.0
        self._whole.set()

    async def mended(self) -> None:
        """Wait while it is cut."""
        await self._whole.wait()

    def _mend_if_due(self) -> None:
        if self._loop.time() >= self._up_at_s - 1e-3:
            self._whole.set()

    async def call(self, path: str, body: bytes, *, about: str, deadline_s: float) -> bytes:
        """Send a request and wait for its answer; `about` names the question for old answers to it.

        Raises:
            Unreachable: no answer in time.
        """
        weather, chance = self._weather, self._chance
        answered: asyncio.Future[bytes | None] = self._loop.create_future()
        latency_s = chance.uniform(0.01, 0.08) * (30 if chance.random() < weather.slow else 1)
        if self.is_cut:
            await asyncio.sleep(min(deadline_s, 0.05))
            raise Unreachable("the line is cut")
        if chance.random() < weather.lost:
            self._story.event(self._name, f"{path[9:]} lost on its way")
        else:
            self._loop.call_later(latency_s, self._arrive, path, body, about, answered)
        if chance.random() < weather.doubled:
            again_s = chance.choice((0.2, 5.0, 600.0, 20_000.0)) * chance.random()
            self._loop.call_later(latency_s + again_s, self._arrive, path, body, "", None)
        try:
            async with asyncio.timeout(deadline_s):
                told = await answered
        except TimeoutError:
            raise Unreachable("no answer in time") from None
        if told is None:
            raise Unreachable("head office is down")
        return told

    def _arrive(
        self, path: str, body: bytes, about: str, answered: "asyncio.Future[bytes | None] | None"
    ) -> None:
        if self.is_cut:
            return
        told = self._answer(path, body)
        if isinstance(told, asyncio.Task):
            told.add_done_callback(
                lambda done: self._leave(_result(done), path=path, about=about, answered=answered)
            )
        else:
            self._leave(told, path=path, about=about, answered=answered)

    def _leave(self, told: Told, *, path: str, about: str, answered: "asyncio.Future[Told] | None") -> None:
        if answered is None:
            self._story.event(self._name, f"{path[9:]} came again")
            return
        weather, chance = self._weather, self._chance
        if told is not None and about:
            if about in self._old and chance.random() < weather.old_answer:
                self._story.event(self._name, f"{path[9:]} got an old answer")
                told = self._old[about]
            else:
                self._old[about] = told
        if chance.random() < weather.answer_lost:
            self._story.event(self._name, f"{path[9:]} answered in vain")
            return
        self._loop.call_later(chance.uniform(0.01, 0.08), self._reach, told, answered)

    def _reach(self, told: bytes | None, answered: "asyncio.Future[bytes | None]") -> None:
        if not answered.done() and not self.is_cut:
            answered.set_result(told)


def _result(done: "asyncio.Task[Told]") -> Told:
    """Return the answer; a machine that went down over the question gives none."""
    return None if done.cancelled() else done.result()


class FleetDoor:
    """What `agent.sync.client.Client` is in production, without HTTP: sealed messages over a line."""

    def __init__(self, line: Line, till: str, key: Ed25519PrivateKey) -> None:
        self._line = line
        self._till = till
        self._key = key

    async def send(self, message: Any, answer: Any, *, deadline_s: float = BULK_S) -> Any:
        """Send a wire message and return its answer, decoded strictly.

        Raises:
            Unreachable: no answer in time, or one that is none of ours.
        """
        path = PATHS[type(message)]
        body = encode(seal(self._till, path, encode(message), self._key))
        is_request = isinstance(message, AllowanceRequest)
        about = f"{message.member}/{message.wallet}" if is_request else ""
        content = await self._line.call(path, body, about=about, deadline_s=deadline_s)
        try:
            return msgspec.msgpack.decode(content, type=answer)
        except msgspec.DecodeError as failure:
            raise Unreachable(f"the answer to {path} is none of ours: {failure}") from None

    async def blob(self, sha256: str) -> bytes:
        """Fetch a blob by its hash.

        Raises:
            Unreachable, Rejected: as in production.
        """
        content = await self._line.call(BLOB_PATH + sha256, b"", about="", deadline_s=BULK_S)
        if not content:
            raise Rejected("no such blob")
        return content
