"""A till that was restored hands its earlier journals to the pool, over the pool's real door."""

import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from agent.errors import SyncError
from agent.ledger.backup import backup, restore
from agent.ledger.loans import owed
from agent.ledger.verify import verify
from agent.pool.app import build_app
from agent.sync.allowance import ask_pool
from agent.sync.client import Client, ClientSettings
from agent.sync.pool_session import PoolSession
from tests.pool.processes import free_port
from tests.pool.shop import OWNED, Journal, Shop
from tests.sync.serving import serving

pytestmark = pytest.mark.anyio
NEW = "d4" * 16


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    shop = Shop(tmp_path)
    shop.give(500)
    yield shop
    assert shop.broken() == []
    shop.close()


@contextlib.asynccontextmanager
async def line(shop: Shop, till: Journal) -> AsyncIterator[Client]:
    """The till's own client at the pool's door, over a socket."""
    async with serving(build_app(shop.desk)) as port:
        client = Client(ClientSettings(f"http://127.0.0.1:{port}"), till=till.name, key=till.end.key)
        try:
            yield client
        finally:
            await client.close()


def session(shop: Shop, till: Journal, client: Client) -> PoolSession:
    return PoolSession(till.ledger, client, clock=shop.clock, program_version="0")


async def borrow(till: Journal, client: Client) -> int:
    return (await ask_pool(till.ledger, client, "m-1", ["points"], deadline_s=5.0)).given


def bring_back(till: Journal, copy: Path) -> None:
    """Restore the till from a copy: the present journal is archived, a new one sells."""
    till.ledger.close()
    restore(till.folder, copy, clock=till.shop.clock, new_id=lambda: NEW)
    till.open()


async def test_what_an_archived_journal_closed_comes_home_to_the_pool(shop: Shop, tmp_path: Path) -> None:
    till = shop.tills[0]
    async with line(shop, till) as client:
        assert await session(shop, till, client).turn() == 0
        assert await borrow(till, client) == 1
        assert shop.pool.usable() == 0, "all of it is lent"
        copy = tmp_path / "copy.db"
        backup(till.folder, copy)
        till.redeem(120)  # and the pool does not hear of it before the disk is restored
        till.push()
        bring_back(till, copy)
        again = session(shop, till, client)
        await again.turn()
        assert shop.pool.usable() == 500 - 120
        assert await borrow(till, client) == 1, "the new journal borrows"
        till.redeem(30)
        await again.turn()
        assert shop.pool.usable() == 500 - 150
    assert owed(till.ledger.read) == []
    assert verify(shop.pool.folder).problems == []
    shop.pool.push()
    shop.pool.book()
    assert shop.free() == OWNED - 500, "the pool's slice is the pool's still"


async def test_what_was_not_closed_stays_charged(shop: Shop, tmp_path: Path) -> None:
    till = shop.tills[0]
    async with line(shop, till) as client:
        await session(shop, till, client).turn()
        await borrow(till, client)
        till.redeem(120, closes=False)
        backup(till.folder, tmp_path / "copy.db")
        bring_back(till, tmp_path / "copy.db")
        await session(shop, till, client).turn()
        assert shop.pool.usable() == 0, "only a till's own words bring anything home"


async def test_an_older_copy_than_the_pool_knows_is_left_alone_and_the_new_journal_goes_on(
    shop: Shop, tmp_path: Path
) -> None:
    till = shop.tills[0]
    async with line(shop, till) as client:
        before = session(shop, till, client)
        await before.turn()
        await borrow(till, client)
        backup(till.folder, tmp_path / "copy.db")
        till.redeem(120)
        await before.turn()
        till.ledger.close()
        (till.folder / "ledger.db").unlink()  # the disk is gone, only the copy is left
        restore(till.folder, tmp_path / "copy.db", clock=shop.clock, new_id=lambda: NEW)
        till.open()
        after = session(shop, till, client)
        await after.turn()
        assert after.state.online
        assert not till.ledger.read.frozen()
        assert shop.pool.usable() == 380
        assert await borrow(till, client) == 1


async def test_a_line_that_fails_under_an_archived_journal_is_tried_again(shop: Shop, tmp_path: Path) -> None:
    till = shop.tills[0]
    async with line(shop, till) as client:
        await session(shop, till, client).turn()
        await borrow(till, client)
        till.redeem(120)
        backup(till.folder, tmp_path / "copy.db")
        bring_back(till, tmp_path / "copy.db")
    nobody = Client(ClientSettings(f"http://127.0.0.1:{free_port()}"), till=till.name, key=till.end.key)
    gone = session(shop, till, nobody)
    with pytest.raises(SyncError):
        await gone.turn()
    await nobody.close()
    async with line(shop, till) as client:
        await session(shop, till, client).turn()
        assert shop.pool.usable() == 380


async def test_another_pool_hears_nothing_of_what_the_first_one_lent(shop: Shop, tmp_path: Path) -> None:
    """A till that moved to another pool must not be fenced there by its own past."""
    till, other = shop.tills
    async with line(shop, till) as client:
        await session(shop, till, client).turn()
        await borrow(till, client)
        till.redeem(120)
        backup(till.folder, tmp_path / "copy.db")
        bring_back(till, tmp_path / "copy.db")
    shop.pool.write(lambda tx: tx.lending.put_peers([]))
    other.write(lambda tx: tx.lending.put_peers([(till.name, till.end.key.public_key().public_bytes_raw())]))
    shop.desk = type(shop.desk)(other.ledger, today=lambda: shop.clock.now().date())
    async with line(shop, till) as client:
        for _ in range(2):
            await session(shop, till, client).turn()
        assert not other.ledger.read.one("SELECT fenced FROM borrower WHERE incarnation = ?", NEW)[0]
        assert till.ledger.read.text_mark("pool") == other.ledger.incarnation
