"""The real client against real servers that answer, dawdle, lie and rave."""

import asyncio
import os
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from starlette.responses import Response

from agent.errors import Rejected, Unreachable
from agent.sync.client import LONGEST_WAIT_S, Client, ClientSettings, retry_after_ms
from agent.sync.wire import MAX_BODY_BYTES, Hello, HelloAnswer, Push, PushAnswer, Refusal, Retry, Welcome
from tests.sync.desk import Desk, app_of
from tests.sync.serving import answering, serving

pytestmark = pytest.mark.anyio
KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
HELLO = Hello("ab" * 16, 0, b"")
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/msgpack\r\n"


async def asked(port: int, *, deadline_s: float = 5, url: str = "", **more: Any) -> Any:
    settings = ClientSettings(url or f"http://127.0.0.1:{port}", deadline_s=deadline_s, **more)
    client = Client(settings, till="t1", key=KEY)
    try:
        return await client.send(HELLO, HelloAnswer)
    finally:
        await client.close()


def saying(data: bytes) -> Callable[[asyncio.StreamWriter], Awaitable[None]]:
    async def act(writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()

    return act


def answer_with(response: Response) -> Any:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await response(scope, receive, send)

    return app


async def test_a_signed_message_is_answered(desk: Desk) -> None:
    async with serving(app_of(desk, KEY.public_key().public_bytes_raw())) as port:
        assert isinstance(await asked(port), Welcome)
    assert desk.heard == [HELLO]


async def test_another_key_is_rejected(desk: Desk) -> None:
    async with serving(app_of(desk, b"q" * 32)) as port:
        with pytest.raises(Rejected, match="401"):
            await asked(port)


async def test_blobs_are_fetched_and_a_missing_one_is_rejected(desk: Desk) -> None:
    desk.blobs["ab"] = b"text"
    async with serving(app_of(desk, b"")) as port:
        client = Client(ClientSettings(f"http://127.0.0.1:{port}"))
        assert await client.blob("ab") == b"text"
        with pytest.raises(Rejected):
            await client.blob("cd")
        await client.close()


async def test_the_deadline_covers_the_whole_call_not_each_read() -> None:
    async def drip(writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + b"Content-Length: 1000\r\n\r\n")
        for _ in range(1000):
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.02)

    async with answering(drip) as port:
        begun = asyncio.get_running_loop().time()
        with pytest.raises(Unreachable):
            await asked(port, deadline_s=0.3)
        assert asyncio.get_running_loop().time() - begun < 2


async def test_a_server_that_says_nothing_is_given_up() -> None:
    async def hang(_: asyncio.StreamWriter) -> None:
        await asyncio.sleep(2)

    async with answering(hang) as port:
        with pytest.raises(Unreachable):
            await asked(port, deadline_s=0.2)


async def test_an_answer_without_end_is_cut_at_the_cap() -> None:
    sent = 0

    async def flood(writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(HEAD + b"Content-Length: 100000000000\r\n\r\n")
        for _ in range(1000):
            writer.write(b" " * 65536)
            await writer.drain()
            sent += 65536

    async with answering(flood) as port:
        with pytest.raises(Unreachable, match="larger than"):
            await asked(port)
    assert sent < MAX_BODY_BYTES + 16 * 2**20  # what sockets buffer comes on top


async def test_nothing_packed_is_unpacked() -> None:
    packed = b"\x1f\x8b" + b"\0" * 20
    async with answering(
        saying(HEAD + b"Content-Encoding: gzip\r\nContent-Length: 22\r\n\r\n" + packed)
    ) as port:
        with pytest.raises(Unreachable, match="none of ours"):
            await asked(port)


async def test_a_redirect_is_never_followed() -> None:
    async with (
        serving(answer_with(Response(b"", 200))) as elsewhere,
        serving(answer_with(Response(b"", 307, {"Location": f"http://127.0.0.1:{elsewhere}/"}))) as port,
    ):
        with pytest.raises(Unreachable, match="307"):
            await asked(port)


async def test_a_captive_portal_acknowledges_nothing() -> None:
    page = Response(b"<html>Please sign in</html>", 200, media_type="text/html")
    async with serving(answer_with(page)) as port:
        with pytest.raises(Unreachable, match="somebody else"):
            await asked(port)


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01 no http at all\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"",
        b"HTTP/9.9 999 ?\r\n\r\n",
    ],
)
async def test_garbage_is_no_answer(data: bytes) -> None:
    async with answering(saying(data)) as port:
        with pytest.raises(Unreachable):
            await asked(port)


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"\x80", b"\xc1", b"\x91" * 5000, b"\xa3ab\xff", b"\x81\xa4type\xa4WHAT"]
)
async def test_a_body_that_is_no_answer_of_this_path_is_none(body: bytes) -> None:
    async with serving(answer_with(Response(body, media_type="application/msgpack"))) as port:
        with pytest.raises(Unreachable, match="none of ours"):
            await asked(port)


async def test_an_answer_to_another_question_is_none(desk: Desk) -> None:
    async with serving(app_of(desk, KEY.public_key().public_bytes_raw())) as port:
        client = Client(ClientSettings(f"http://127.0.0.1:{port}"), till="t1", key=KEY)
        desk.scripted.append(Welcome(1, 0, b""))
        with pytest.raises(Unreachable):
            await client.send(Push("ab" * 16, 1, b"", [b"x"], b""), PushAnswer)
        await client.close()


@pytest.mark.parametrize(
    ("status", "error"), [(500, Unreachable), (502, Unreachable), (400, Rejected), (404, Rejected)]
)
async def test_a_broken_server_is_away_and_a_refusing_one_says_no(
    status: int, error: type[Exception]
) -> None:
    async with serving(answer_with(Response(b"", status))) as port:
        with pytest.raises(error):
            await asked(port)


@pytest.mark.parametrize("status", [429, 503])
async def test_a_busy_server_says_when_to_come_again(status: int) -> None:
    async with serving(answer_with(Response(b"", status, {"Retry-After": "7"}))) as port:
        assert await asked(port) == Retry(7000)


@given(st.text(max_size=30) | st.integers(0, 10**12).map(str))
def test_any_retry_after_gives_a_pause_within_bounds_or_none(header: str) -> None:
    after_ms = retry_after_ms(header)
    assert after_ms is None or 0 <= after_ms <= LONGEST_WAIT_S * 1000


async def test_a_busy_server_that_names_no_time_is_away_so_that_jitter_spreads_the_tills() -> None:
    for headers in ({}, {"Retry-After": "soon"}):
        async with serving(answer_with(Response(b"", 503, headers))) as port:
            with pytest.raises(Unreachable, match="busy"):
                await asked(port)


async def test_nobody_at_the_address_and_no_address_are_both_away() -> None:
    with pytest.raises(Unreachable):
        await asked(1)
    with pytest.raises(Unreachable):
        await asked(0, url="no address")


async def test_a_proxy_in_the_environment_is_not_asked(desk: Desk) -> None:
    before = dict(os.environ)
    nobody = "http://127.0.0.1:1"
    os.environ |= {"HTTP_PROXY": nobody, "ALL_PROXY": nobody, "NO_PROXY": "", "no_proxy": ""}
    try:
        async with serving(app_of(desk, KEY.public_key().public_bytes_raw())) as port:
            assert isinstance(await asked(port), Welcome)
    finally:
        os.environ.clear()
        os.environ |= before


async def test_a_refusal_is_an_answer(desk: Desk) -> None:
    desk.scripted.append(Refusal("no", "no"))
    async with serving(app_of(desk, KEY.public_key().public_bytes_raw())) as port:
        assert await asked(port) == Refusal("no", "no")


async def test_head_office_is_known_by_its_certificate_and_may_ask_for_ours(
    desk: Desk, tmp_path: Path
) -> None:
    authority, stranger = trustme.CA(), trustme.CA()
    for name, ca in (("ours.pem", authority), ("strange.pem", stranger)):
        ca.cert_pem.write_to_path(tmp_path / name)
    server, till = authority.issue_cert("127.0.0.1"), authority.issue_cert("till")
    server.private_key_and_cert_chain_pem.write_to_path(tmp_path / "server.pem")
    till.private_key_and_cert_chain_pem.write_to_path(tmp_path / "till.pem")
    tls: dict[str, Any] = {
        "ssl_certfile": str(tmp_path / "server.pem"),
        "ssl_ca_certs": str(tmp_path / "ours.pem"),
        "ssl_cert_reqs": ssl.CERT_REQUIRED,
    }
    async with serving(app_of(desk, KEY.public_key().public_bytes_raw()), **tls) as port:
        url, ours = f"https://127.0.0.1:{port}", str(tmp_path / "ours.pem")
        pem = str(tmp_path / "till.pem")
        shown: dict[str, Any] = {"client_certificate": pem, "client_key": pem}
        assert isinstance(await asked(port, url=url, ca_file=ours, **shown), Welcome)
        with pytest.raises(Unreachable):
            await asked(port, url=url, ca_file=str(tmp_path / "strange.pem"), **shown)
        with pytest.raises(Unreachable):
            await asked(port, url=url, ca_file=ours)
