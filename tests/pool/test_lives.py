"""Whatever a shop with a pool lives through, no point is spent twice, lost or parked.

Loans, sales, restarts and every message lost, repeated or late, in any order; I1 to I3 after each step, and
when all is healed everything is free again but what was spent.
"""

import contextlib
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from agent.headoffice.booking import Finding
from agent.headoffice.verify import verify
from agent.journal.chain import chain_end
from agent.ledger.lending import Borrower
from agent.ledger.verify import verify as verify_ledger
from agent.pool.desk import PoolDesk
from agent.sync.wire import Acknowledged, Push, PushAnswer
from tests.pool.shop import OWNED, Shop

AT = st.integers(0, 1)
FATE = st.sampled_from(["heard", "heard", "unanswered", "lost"])
POINTS = st.sampled_from([1, 120, 400])


class ShopLife(RuleBasedStateMachine):
    """One shop from its first loan to the day on which everybody has heard everything."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self.shop = Shop(Path(self._folder.name))
        self.shop.give(500)

    @rule(amount=POINTS)
    def head_office_gives(self, amount: int) -> None:
        self.shop.give(amount)

    @rule(amount=POINTS)
    def head_office_places(self, amount: int) -> None:
        self.shop.place(amount)

    @rule()
    def the_pool_hears_its_news(self) -> None:
        self.shop.pull()

    @rule(at=AT, minimum=st.sampled_from([1, 500]))
    def head_office_is_asked(self, at: int, minimum: int) -> None:
        self.shop.ask_head_office(at, minimum)

    @rule(at=AT, fate=FATE)
    def a_card_is_read(self, at: int, fate: str) -> None:
        self.shop.ask(at, fate)

    @rule(at=AT, points=POINTS, closes=st.booleans())
    def a_till_sells(self, at: int, points: int, *, closes: bool) -> None:
        self.shop.tills[at].redeem(points, closes=closes)

    @rule(points=POINTS)
    def the_pool_sells(self, points: int) -> None:
        self.shop.pool.redeem(points, closes=False)

    @rule(at=AT)
    def a_customer_goes(self, at: int) -> None:
        self.shop.tills[at].close_all()

    @rule()
    def the_pool_gives_back(self) -> None:
        self.shop.pool.close_all()

    @rule(at=AT)
    def a_sale_is_undone(self, at: int) -> None:
        self.shop.tills[at].void_last()

    @rule(at=AT, fate=FATE)
    def a_till_talks(self, at: int, fate: str) -> None:
        self.shop.talk(at, fate)

    @rule(at=AT)
    def a_till_greets_again(self, at: int) -> None:
        self.shop.sessions[at].hang_up("cut")
        self.shop.talk(at)

    @rule(at=AT, which=st.integers(0, 20))
    def an_old_message_comes_again(self, at: int, which: int) -> None:
        line = self.shop.lines[at]
        if line.sent:
            self.shop.run(line.deliver(line.sent[which % len(line.sent)]))

    @rule(at=AT)
    def an_answer_comes_late(self, at: int) -> None:
        if late := self.shop.lines[at].late:
            answer = late.pop(0)
            self.shop.tills[at].write(lambda tx: tx.accept_allowance(answer))

    @rule(at=st.integers(0, 2), count=st.sampled_from([1, 3, 100]))
    def head_office_hears(self, at: int, count: int) -> None:
        self.shop.journals[at].push(count)
        self.shop.journals[at].book()

    @rule()
    def the_pool_starts_again(self) -> None:
        self.shop.restart_pool()

    @invariant()
    def nothing_is_broken(self) -> None:
        assert self.shop.broken() == []

    def teardown(self) -> None:
        shop = self.shop
        try:
            for _ in range(2):
                for at in range(2):
                    shop.sessions[at].hang_up("healed")
                    shop.talk(at)
                    shop.tills[at].close_all()
                    shop.talk(at)
                shop.ask_head_office(0, OWNED)  # what is stock with the pool is wanted back
                shop.tills[0].close_all()
                shop.pull()
                shop.pool.close_all()
                shop.sync()
            self._is_healed()
        finally:
            shop.close()
            self._folder.cleanup()

    def _is_healed(self) -> None:
        shop = self.shop
        assert shop.broken() == []
        assert shop.free() + _never_declared(shop) == OWNED - shop.spent()
        for journal in shop.journals:
            assert verify_ledger(journal.folder).problems == []
        mistakes = verify(shop.office, lambda _: _agree).mistakes
        assert [one for one in mistakes if "no such receipt" not in one] == []  # they carry no basket here


def _never_declared(shop: Shop) -> int:
    """Return what is lent by answers that were lost, and below a later one: the next card read brings it."""
    held = {
        number for till in shop.tills for (number,) in till.ledger.read.rows("SELECT number FROM borrowed")
    }
    out = shop.pool.ledger.read.rows(
        "SELECT number, amount FROM loan JOIN loan_lot USING (number) WHERE home = 0"
    )
    assert all(number not in held for number, _ in out)
    return sum(int(amount) for _, amount in out)


def _agree(_: Any) -> list[Finding]:
    return []


TestShopLife = ShopLife.TestCase
TestShopLife.settings = settings(max_examples=12, stateful_step_count=30, deadline=None)


class Behind(PoolDesk):
    """The planted bug: a batch is acknowledged, and its mark kept, below the last entry that was taken in."""

    async def receive(self, till: str, push: Push) -> PushAnswer:
        told = await super().receive(till, push)
        if not isinstance(told, Acknowledged) or len(push.entries) < 2:
            return told
        last = chain_end(push.previous_hash, push.entries[:1])
        known = Borrower(push.incarnation, till, push.first_seq, last, fenced=False)
        await self._write(lambda tx: tx.lending.keep_borrower(known))
        return Acknowledged(push.incarnation, push.first_seq, last)


@pytest.mark.parametrize("desk", [PoolDesk, Behind])
def test_a_pool_that_takes_an_entry_in_twice_is_found_out(desk: type[PoolDesk]) -> None:
    life = ShopLife()
    shop = life.shop
    shop.desk = desk(shop.pool.ledger, today=lambda: shop.clock.now().date())
    life.a_till_talks(at=0, fate="heard")
    life.a_card_is_read(at=0, fate="heard")
    life.a_till_sells(at=0, points=120, closes=False)
    life.a_till_talks(at=0, fate="heard")
    with contextlib.nullcontext() if desk is PoolDesk else pytest.raises(AssertionError):
        life.teardown()
