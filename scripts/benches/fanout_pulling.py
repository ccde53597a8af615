"""The crowd of `fanout`: tills that pull and count pages but keep nothing; and a bare server of pages."""

import asyncio
import os
import socket
import time
from hashlib import sha256
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

import msgspec
import uvicorn
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from agent.clock import random_id
from agent.journal.chain import genesis
from agent.sync.packing import unpacked
from agent.sync.signing import seal
from agent.sync.wire import (
    MAX_BODY_BYTES,
    PATHS,
    Delta,
    Hello,
    HelloAnswer,
    Pull,
    Retry,
    Sealed,
    Welcome,
    encode,
)
from scripts.benches.storm_real import Talk

WAIT_MS = 20_000
NICER = 5
"""The crowd stands for other machines: it leaves the cores to the tills that are measured."""


class Page(msgspec.Struct, tag="DELTA"):
    """What the crowd looks at: where a page ends."""

    from_cursor: int
    to_cursor: int
    more: bool
    members: msgspec.Raw
    sealing_key: msgspec.Raw


class Key(msgspec.Struct):
    """The public half that tills seal with."""

    key: bytes


class Pulled(NamedTuple):
    """What the crowd got since it was told to pull; `contents` is what one of them got, by cursor."""

    begun: float
    had_all: float
    pages: int
    different: int
    size: int
    contents: dict[int, bytes]


_sealed = msgspec.msgpack.Decoder(Sealed).decode
_answer = msgspec.msgpack.Decoder(Page | Retry).decode


class Puller:
    """One till of the crowd, with a connection and a key of its own."""

    def __init__(self, port: int, plain: tuple[Any, bytes, bytes]) -> None:
        enrolment, key, _ = plain
        self._talk, self._till = Talk(port), enrolment.till
        self._key = Ed25519PrivateKey.from_private_bytes(key)
        self.incarnation, self.cursor, self._sealing = random_id(), 0, b""

    async def greet(self) -> None:
        """Present a journal without entries."""
        hello = self._sealed(Hello(self.incarnation, 0, genesis(self.incarnation)))
        while isinstance(told := await self._talk.say(Hello, hello, HelloAnswer), Retry):  # noqa: ASYNC110
            await asyncio.sleep(told.after_ms / 1000)
        assert isinstance(told, Welcome), told

    async def pull(self, wait_ms: int = 0) -> tuple[Page, bytes]:
        """Ask for the next page and move on."""
        asked = Pull(
            self.incarnation, self.cursor, packed=True, stock=0, wait_ms=wait_ms, sealing_key=self._sealing
        )
        content = await self._talk.fetch(Pull, self._sealed(asked))
        while isinstance(page := _answer(unpacked(content, MAX_BODY_BYTES)), Retry):
            await asyncio.sleep(page.after_ms / 1000)
            content = await self._talk.fetch(Pull, self._sealed(asked))
        assert page.from_cursor == self.cursor
        self.cursor = page.to_cursor
        if known := msgspec.msgpack.decode(page.sealing_key, type=Key | None):
            self._sealing = known.key
        return page, content

    def _sealed(self, message: Any) -> bytes:
        return encode(seal(self._till, PATHS[type(message)], encode(message), self._key))

    def close(self) -> None:
        """Hang up."""
        self._talk.close()


def pull_all(port: int, tills: list[Any], parent: Connection) -> None:
    """Be the crowd, in a process of its own: greet and wait, then pull until there is no more."""
    os.nice(NICER)
    asyncio.run(_pull_all(port, tills, parent))


async def _pull_all(port: int, tills: list[Any], parent: Connection) -> None:
    crowd = [Puller(port, one) for one in tills]
    for one in crowd:
        await one.greet()
        while (await one.pull())[0].more:
            pass
    parent.send("ready")
    await asyncio.to_thread(parent.recv)
    seen: set[bytes] = set()
    contents: dict[int, bytes] = {}
    figures = {"pages": 0, "size": 0}
    begun = time.monotonic()
    await asyncio.gather(*(_all_news(one, seen, contents, figures) for one in crowd))
    had_all = time.monotonic()
    for one in crowd:
        one.close()
    parent.send(Pulled(begun, had_all, figures["pages"], len(seen), figures["size"], contents))


async def _all_news(
    one: Puller, seen: set[bytes], contents: dict[int, bytes], figures: dict[str, int]
) -> None:
    has_more = True
    while has_more:
        cursor = one.cursor
        page, content = await one.pull(WAIT_MS)
        has_more = page.more
        figures["pages"] += 1
        figures["size"] += len(content)
        if has_more:
            seen.add(sha256(content).digest())
            contents.setdefault(cursor, content)


def serve_bare(contents: dict[int, bytes], parent: Connection) -> None:
    """Hand these pages out to anybody, with the server and the framework that head office has."""
    begin = min(contents)
    ends = {begin, *(_answer(unpacked(one, MAX_BODY_BYTES)).to_cursor for one in contents.values())}

    async def pull(request: Request) -> Response:
        cursor = msgspec.msgpack.decode(_sealed(await request.body()).payload, type=Pull).cursor
        end = cursor if cursor in ends else begin
        return Response(contents.get(cursor) or encode(Delta(cursor, end, more=False, booked_seq=0)))

    async def greet(_: Request) -> Response:
        return Response(encode(Welcome(1, 0, b"")))

    routes = [
        Route(PATHS[Pull], pull, methods=["POST"]),
        Route(PATHS[Hello], greet, methods=["POST"]),
    ]
    door = socket.create_server(("127.0.0.1", 0))
    door.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    parent.send(door.getsockname()[1])
    settings = uvicorn.Config(Starlette(routes=routes), http="httptools", log_config=None, access_log=False)
    asyncio.run(uvicorn.Server(settings).serve(sockets=[door]))
