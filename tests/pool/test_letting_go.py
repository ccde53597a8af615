"""Old entries leave a pool and its tills: loans stay whole, and nothing goes that the pool has not got."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.ledger.borrowed import leave_pool
from agent.ledger.transaction import Transaction
from agent.ledger.verify import verify
from tests.pool.shop import Journal, Shop


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    shop = Shop(tmp_path)
    shop.give(500)
    for at in range(2):
        shop.talk(at)
    yield shop
    assert shop.broken() == []
    shop.close()


def let_go(journal: Journal) -> int:
    """Let everything go that may, as if head office had booked it all."""
    seq, row_hash = journal.ledger.read.head()

    def booked(tx: Transaction) -> None:
        tx.acknowledge(journal.ledger.incarnation, seq, row_hash)
        tx.set_mark("booked", seq)

    journal.write(booked)
    return journal.write(lambda tx: tx.let_go(tx.now_ms() + 1, kept=0))


def test_a_pool_without_its_old_entries_still_knows_what_is_lent(shop: Shop) -> None:
    shop.ask(0)
    shop.sync()
    assert let_go(shop.pool) == 1
    assert verify(shop.pool.folder).problems == []
    shop.tills[0].redeem(120)
    shop.talk(0)
    assert shop.pool.usable() == 380
    shop.sync()
    assert let_go(shop.pool) == 1
    assert verify(shop.pool.folder).problems == []
    assert shop.pool.usable() == 380
    assert shop.ask(1) == 1
    shop.sync()


def test_a_till_keeps_what_its_pool_has_not_got(shop: Shop) -> None:
    shop.ask(0)
    shop.tills[0].redeem(120)
    assert let_go(shop.tills[0]) == 0
    shop.talk(0)
    assert let_go(shop.tills[0]) == 3
    assert verify(shop.tills[0].folder).problems == []
    assert shop.ask(0) == 1
    shop.tills[0].redeem(10)
    shop.talk(0)
    assert shop.pool.usable() == 370


def test_a_till_that_left_its_pool_waits_for_it_no_longer(shop: Shop) -> None:
    shop.ask(0)
    till = shop.tills[0]
    till.redeem(120)
    till.write(leave_pool)
    assert let_go(till) == 3
    assert verify(till.folder).problems == []


def test_a_pool_that_is_still_owed_something_is_not_left(shop: Shop) -> None:
    shop.ask(0)
    till = shop.tills[0]
    till.redeem(120, closes=False)
    till.write(leave_pool)
    assert let_go(till) == 0


def test_a_till_without_a_pool_lets_go_as_ever(shop: Shop) -> None:
    shop.pool.redeem(5)
    assert let_go(shop.pool) > 0
