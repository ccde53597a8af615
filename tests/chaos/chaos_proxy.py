"""A seeded HTTP/1.1 proxy on the loopback address that mistreats each request in one of many ways.

`FAULTS` lists the ways, with what the server sees and what the client must do. The proxy draws one
per request, so a run with one request at a time replays from its seed. It reads each reply whole
and therefore does not suit event streams.
"""

import asyncio
import contextlib
import random
import ssl
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Self, TypeAlias

from agent.sync.packing import packed

LARGEST = 16 * 2**20
LONGEST_S = 5.0
REPLY_S = 30.0
"""How long a server may take: a question for news waits there."""

Reader: TypeAlias = asyncio.StreamReader
Writer: TypeAlias = asyncio.StreamWriter


@dataclass(frozen=True)
class Fault:
    """How likely a fault is, and what it does to each side."""

    weight: float
    server_sees: str
    client_must: str


FAULTS: Mapping[str, Fault] = {
    "none": Fault(4, "the request", "take the acknowledgement"),
    "refuse": Fault(1, "nothing", "retry: connection reset before an answer"),
    "black_hole": Fault(0.4, "nothing", "give up at its own deadline, then retry"),
    "status_500": Fault(1, "nothing", "retry with backoff"),
    "status_429": Fault(1, "nothing", "retry after Retry-After, capped by its own limit"),
    "portal": Fault(1, "nothing", "not take 200 text/html for an acknowledgement"),
    "redirect": Fault(0.5, "nothing", "not follow it, and not send credentials there"),
    "garbage": Fault(1, "nothing", "treat it as a protocol error and retry"),
    "delay": Fault(1, "the request", "wait, within its deadline"),
    "slow": Fault(0.5, "the request", "assemble the reply from 16-byte pieces, within its deadline"),
    "drip": Fault(0.3, "the request", "stop at the total deadline: each read succeeds, the reply never ends"),
    "flood": Fault(0.3, "the request", "stop at its byte cap: the reply never ends and is fast"),
    "cut_reply": Fault(1, "the request", "send the same entries again: the outcome is unknown"),
    "lost_reply": Fault(1, "the request", "send the same entries again: the outcome is unknown"),
    "cut_request": Fault(1, "a part of the request, which it must discard whole", "retry"),
    "flip_request": Fault(
        1, "one bit of the body changed: no signature fits", "take the refusal, then retry"
    ),
    "bomb": Fault(0.5, "the request", "not unpack beyond its cap, then retry"),
    "busy": Fault(0.5, "nothing", "retry with jitter: a 503 that names no time"),
    "duplicate": Fault(1, "the request twice at once", "take the second answer like the first"),
    "late_duplicate": Fault(1, "the request, and again behind a later one", "notice nothing"),
    "stale_reply": Fault(0.5, "the request", "see that the answer belongs to an earlier request"),
}


class ChaosProxy:
    """Use as `async with ChaosProxy(host, port, seed=7) as proxy:` and talk to `proxy.port`."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        seed: int,
        weights: Mapping[str, float] | None = None,
        accept_tls: ssl.SSLContext | None = None,
        upstream_tls: ssl.SSLContext | None = None,
    ) -> None:
        self._upstream, self._upstream_tls, self._accept_tls = (
            (host, port),
            upstream_tls,
            accept_tls,
        )
        self._rng = random.Random(seed)
        self.weights = weights or {name: fault.weight for name, fault in FAULTS.items()}
        self._late: list[bytes] = []
        self._last_reply = b""
        self._tasks: set[asyncio.Task[None]] = set()
        self.met: list[str] = []
        self.port = 0

    @property
    def counts(self) -> Counter[str]:
        """Say how often each fault was met."""
        return Counter(self.met)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(
            self._accept, "127.0.0.1", 0, ssl=self._accept_tls, limit=LARGEST
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks)

    def _accept(self, reader: Reader, writer: Writer) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: Reader, writer: Writer) -> None:
        # Either side may go away at any point, and leaving the proxy ends what is still held open.
        endings = (
            OSError,
            EOFError,
            TimeoutError,
            asyncio.LimitOverrunError,
            asyncio.CancelledError,
        )
        with contextlib.suppress(*endings):
            while await self._one(reader, writer):
                pass
        writer.close()

    async def _one(self, reader: Reader, writer: Writer) -> bool:
        """Serve one request; tell whether the connection is still usable."""
        first = await reader.readexactly(1)  # draw only when a request really comes
        name = self._rng.choices(list(self.weights), list(self.weights.values()))[0]
        self.met.append(name)
        if name == "refuse":
            writer.transport.abort()
            return False
        request = first + await read_message(reader)
        if name == "black_hole":
            async with asyncio.timeout(LONGEST_S):
                await reader.read(-1)  # until the client gives up
            return False
        act: Callable[[bytes, Writer], Awaitable[bool]] = getattr(self, f"_do_{name}")
        return await act(request, writer)

    async def _forward(self, request: bytes) -> bytes:
        reader, writer = await asyncio.open_connection(*self._upstream, ssl=self._upstream_tls, limit=LARGEST)
        try:
            writer.write(request)
            await writer.drain()
            async with asyncio.timeout(REPLY_S):
                return await read_message(reader, is_reply=True)
        finally:
            writer.close()

    async def _do_none(self, request: bytes, writer: Writer) -> bool:
        reply = self._last_reply = await self._forward(request)
        late, self._late = self._late, []
        for again in late:
            await self._forward(again)
        return await _send(writer, reply)

    async def _do_status_500(self, _: bytes, writer: Writer) -> bool:
        return await _send(writer, _reply("500 Internal Server Error", b"{}"))

    async def _do_status_429(self, _: bytes, writer: Writer) -> bool:
        return await _send(writer, _reply("429 Too Many Requests", b"", "Retry-After: 0"))

    async def _do_portal(self, _: bytes, writer: Writer) -> bool:
        return await _send(
            writer, _reply("200 OK", b"<html>Please sign in</html>", "Content-Type: text/html")
        )

    async def _do_redirect(self, _: bytes, writer: Writer) -> bool:
        return await _send(
            writer, _reply("307 Temporary Redirect", b"", "Location: http://127.0.0.1:1/elsewhere")
        )

    async def _do_garbage(self, _: bytes, writer: Writer) -> bool:
        await _send(writer, self._rng.randbytes(200))
        return False

    async def _do_delay(self, request: bytes, writer: Writer) -> bool:
        await asyncio.sleep(self._rng.random() * 0.05)
        return await self._do_none(request, writer)

    async def _do_slow(self, request: bytes, writer: Writer) -> bool:
        reply = await self._forward(request)
        for start in range(0, len(reply), 16):
            await _send(writer, reply[start : start + 16])
            await asyncio.sleep(0.001)
        return True

    async def _do_drip(self, request: bytes, writer: Writer) -> bool:
        await self._forward(request)
        await _send(
            writer,
            b"HTTP/1.1 200 OK\r\nContent-Type: application/msgpack\r\nContent-Length: 1000000\r\n\r\n",
        )
        for _ in range(int(LONGEST_S / 0.1)):
            await _send(writer, b" ")
            await asyncio.sleep(0.1)
        return False

    async def _do_flood(self, request: bytes, writer: Writer) -> bool:
        await self._forward(request)
        await _send(
            writer,
            b"HTTP/1.1 200 OK\r\nContent-Type: application/msgpack\r\nContent-Length: 100000000000\r\n\r\n",
        )
        for _ in range(1000):
            await _send(writer, b" " * 65536)
        return False

    async def _do_cut_reply(self, request: bytes, writer: Writer) -> bool:
        reply = await self._forward(request)
        await _send(writer, reply[: self._rng.randrange(len(reply))])
        return False

    async def _do_lost_reply(self, request: bytes, writer: Writer) -> bool:
        await self._forward(request)
        writer.transport.abort()
        return False

    async def _do_cut_request(self, request: bytes, writer: Writer) -> bool:
        with contextlib.suppress(OSError, EOFError):
            _, upstream = await asyncio.open_connection(*self._upstream, ssl=self._upstream_tls)
            await _send(upstream, request[: self._rng.randrange(len(request))])
            upstream.transport.abort()
        writer.transport.abort()
        return False

    async def _do_flip_request(self, request: bytes, writer: Writer) -> bool:
        flipped = bytearray(request)
        first = request.index(b"\r\n\r\n") + 4
        if first < len(request):
            flipped[self._rng.randrange(first, len(request))] ^= 1 << self._rng.randrange(8)
        return await _send(writer, await self._forward(bytes(flipped)))

    async def _do_bomb(self, request: bytes, writer: Writer) -> bool:
        await self._forward(request)
        bomb = packed(b"\0" * (64 * 2**20))
        return await _send(writer, _reply("200 OK", bomb, "Content-Type: application/msgpack"))

    async def _do_busy(self, _: bytes, writer: Writer) -> bool:
        return await _send(writer, _reply("503 Service Unavailable", b""))

    async def _do_duplicate(self, request: bytes, writer: Writer) -> bool:
        _, reply = await asyncio.gather(self._forward(request), self._forward(request))
        return await _send(writer, reply)

    async def _do_late_duplicate(self, request: bytes, writer: Writer) -> bool:
        reply = await self._forward(request)
        self._late.append(request)
        return await _send(writer, reply)

    async def _do_stale_reply(self, request: bytes, writer: Writer) -> bool:
        fresh = await self._forward(request)
        return await _send(writer, self._last_reply or fresh)


async def read_message(reader: Reader, *, is_reply: bool = False) -> bytes:
    """Read one HTTP/1.1 message whole: its head, and a body by length, in chunks or to the end."""
    head = await reader.readuntil(b"\r\n\r\n")
    fields = {}
    for line in head.split(b"\r\n")[1:-2]:
        name, _, value = line.partition(b":")
        fields[name.strip().lower()] = value.strip().lower()
    if b"content-length" in fields:
        return head + await reader.readexactly(int(fields[b"content-length"]))
    if fields.get(b"transfer-encoding") == b"chunked":
        body = b""
        while not body.endswith(b"\r\n0\r\n\r\n") and body != b"0\r\n\r\n":
            size = await reader.readuntil(b"\r\n")
            body += size + await reader.readexactly(int(size.split(b";")[0], 16) + 2)
        return head + body
    bodiless = head.split(b" ", 2)[1][:1] == b"1" or head.split(b" ", 2)[1][:3] in (b"204", b"304")
    return head + (await reader.read(-1) if is_reply and not bodiless else b"")


def _reply(status: str, body: bytes, *fields: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *fields, "", ""]
    return "\r\n".join(lines).encode() + body


async def _send(writer: Writer, data: bytes) -> bool:
    writer.write(data)
    await writer.drain()
    return True
