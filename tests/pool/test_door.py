"""The pool's door: who is heard, and that bad, forged or repeated messages change nothing."""

import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agent.pool.app import build_app
from agent.sync.signing import seal
from agent.sync.wire import (
    MAX_BODY_BYTES,
    PATHS,
    AllowanceRequest,
    Deny,
    Fork,
    Hello,
    Push,
    Refusal,
    encode,
)
from tests.pool.shop import Journal, Shop
from tests.sync.serving import serving

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    shop = Shop(tmp_path)
    shop.give(500)
    yield shop
    shop.close()


@contextlib.asynccontextmanager
async def door(shop: Shop) -> AsyncIterator[httpx.AsyncClient]:
    async with (
        serving(build_app(shop.desk)) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client,
    ):
        yield client


def sealed(till: Journal, message: Any, *, key: Ed25519PrivateKey | None = None) -> bytes:
    path = PATHS[type(message)]
    return encode(seal(till.name, path, encode(message), key or till.end.key))


def hello(till: Journal, *, head: int = 0) -> Hello:
    return Hello(till.ledger.incarnation, head, till.end.hash_at(0))


def request(till: Journal, member: str = "m-1", request_id: str = "r") -> AllowanceRequest:
    return AllowanceRequest(till.ledger.incarnation, request_id, member, "points", 100)


async def test_only_tills_of_this_store_are_heard(shop: Shop) -> None:
    till = shop.tills[0]
    async with door(shop) as client:
        path = PATHS[Hello]
        assert (await client.post(path, content=sealed(till, hello(till)))).status_code == 200
        forged = sealed(till, hello(till), key=Ed25519PrivateKey.generate())
        assert (await client.post(path, content=forged)).status_code == 401
        stranger = encode(seal("99-1", path, encode(hello(till)), till.end.key))
        assert (await client.post(path, content=stranger)).status_code == 401
        # What was signed for one path serves at no other.
        assert (await client.post(PATHS[Push], content=sealed(till, hello(till)))).status_code == 401


async def test_what_is_no_message_is_refused_with_a_code_and_the_door_stays_open(shop: Shop) -> None:
    till = shop.tills[0]
    path = PATHS[AllowanceRequest]
    async with door(shop) as client:
        assert (await client.post(path, content=b"\xc1")).status_code == 400
        nonsense = encode(seal(till.name, path, b"\x80", till.end.key))
        assert (await client.post(path, content=nonsense)).status_code == 400
        assert (await client.post(path, content=bytes(MAX_BODY_BYTES + 1))).status_code == 413
        assert (await client.get("/v1/till/pull")).status_code == 404
        assert (await client.post(PATHS[Hello], content=sealed(till, hello(till)))).status_code == 200


async def test_nobody_borrows_before_greeting_nor_in_anothers_name(shop: Shop) -> None:
    one, other = shop.tills
    unknown = await shop.desk.answer(one.name, request(one))
    assert isinstance(unknown, Refusal)
    await shop.desk.greet(one.name, hello(one))
    assert isinstance(await shop.desk.answer(other.name, request(one)), Refusal)
    assert await shop.desk.greet(other.name, hello(one)) == Fork(0)


async def test_a_request_id_serves_one_account(shop: Shop) -> None:
    till = shop.tills[0]
    await shop.desk.greet(till.name, hello(till))
    assert not isinstance(await shop.desk.answer(till.name, request(till)), Deny | Refusal)
    conflict = await shop.desk.answer(till.name, request(till, "m-2"))
    assert isinstance(conflict, Refusal)
    assert conflict.code == "request_conflict"


async def test_a_till_that_lost_its_disk_borrows_under_its_new_journal_alone(shop: Shop) -> None:
    till = shop.tills[0]
    await shop.desk.greet(till.name, hello(till))
    await shop.desk.greet(till.name, Hello("d" * 32, 0, b""))
    assert await shop.desk.answer(till.name, request(till)) == Deny("fenced")


async def test_a_journal_that_forked_is_taken_in_no_further_and_lent_nothing(shop: Shop) -> None:
    till = shop.tills[0]
    await shop.desk.greet(till.name, hello(till))
    till.redeem(1)
    till.end.bodies = [body for _, body, _ in till.ledger.read.entries(0, 100)]
    other = bytes(32)
    push = till.end.batch()
    forked = Push(push.incarnation, 1, other, push.entries, push.last_hash)
    assert await shop.desk.receive(till.name, forked) == Fork(0)
    assert await shop.desk.answer(till.name, request(till)) == Deny("fenced")


async def test_a_chain_that_does_not_hold_is_refused_and_may_come_again(shop: Shop) -> None:
    till = shop.tills[0]
    await shop.desk.greet(till.name, hello(till))
    till.redeem(1)
    till.end.bodies = [body for _, body, _ in till.ledger.read.entries(0, 100)]
    push = till.end.batch()
    broken = Push(push.incarnation, 1, push.previous_hash, push.entries, bytes(32))
    refused = await shop.desk.receive(till.name, broken)
    assert isinstance(refused, Refusal)
    assert refused.code == "broken_chain"
    assert not isinstance(await shop.desk.receive(till.name, push), Refusal | Fork)
