"""Both ends as they are: a ledger and its sync against the real head office over real HTTP."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest

from agent.headoffice import tills
from agent.headoffice.app import build_app
from agent.headoffice.member_import import import_members
from agent.headoffice.members import card_tag
from agent.headoffice.office import Office
from agent.headoffice.publish import publish
from agent.journal.entry import Draft
from agent.ledger.ledger import Ledger, open_ledger
from agent.ledger.transaction import Transaction
from agent.loyalty.evaluate import evaluate
from agent.sync.allowance import ask_allowances, look_up
from agent.sync.client import Client, ClientSettings
from agent.sync.credentials import Credentials
from agent.sync.enrol import enrol
from agent.sync.loop import SyncLoop
from agent.sync.session import Session
from tests.chaos.chaos_proxy import ChaosProxy
from tests.headoffice.till_end import PROGRAMME, StillClock, basket, book, compiled, differences, rows
from tests.sync.serving import serving
from tests.sync.till import until

pytestmark = pytest.mark.anyio
MEMBERS = """member,card,wallet,balance,expires_on
m-1,2990000000017,points,500,2027-01-31
m-1,,points,300,2027-06-30
"""


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    office = Office(tmp_path / "office", StillClock(), serving=True)
    publish(office, PROGRAMME, name="household-club.toml")
    import_members(office, MEMBERS, name="members.csv")
    yield office
    office.close()


class Till:
    """A ledger, its credentials and its lane to head office."""

    def __init__(self, ledger: Ledger, credentials: Credentials, clock: StillClock, url: str) -> None:
        self.ledger = ledger
        self.clock = clock
        self.credentials = credentials
        till = credentials.enrolment.till
        self.client = Client(ClientSettings(url, deadline_s=0.5), till=till, key=credentials.key)
        self.session = Session(
            ledger,
            self.client,
            clock=clock,
            publisher_key=credentials.publisher_key,
            program_version="0",
            on_programme=lambda _text, _name: None,
        )

    async def sync(self) -> None:
        assert await self.session.push() == 0
        assert await self.session.pull() == 0

    async def ask(self) -> int:
        asked = await ask_allowances(self.ledger, self.client, "m-1", ["points"], deadline_s=1)
        return asked.given

    def sell(self, receipt: str, *, redeem: int = 0) -> None:
        """Write a receipt of member m-1 as the till does."""
        bought = basket(receipt, 1000, 250, redeem=redeem)
        at = bought.sold_at
        day = at.date()
        facts = self.ledger.read.facts("m-1", day)
        quote = evaluate(compiled(), facts, bought, at)
        data = {
            "basket": msgspec.to_builtins(bought),
            "quote": msgspec.to_builtins(quote),
            "facts": msgspec.to_builtins(facts),
            "at": at.isoformat(),
            "tz": "America/New_York",
        }
        common: dict[str, Any] = {"receipt": receipt, "account": "m-1", "at": at.isoformat(), "actor": "anna"}

        def change(tx: Transaction) -> None:
            tx.append(Draft("RECEIPT", **common, data=data))
            for lot in quote.lots:
                dates: dict[str, Any] = {"active_from": lot.active_from, "expires_on": lot.expires_on}
                part = f"{lot.wallet}/{lot.expires_on}"
                tx.append(Draft("EARN", **common, part=part, unit=lot.wallet, amount=lot.points, data=dates))
            taken = tx.take("m-1", "points", sum(wallet.redeem for wallet in quote.wallets), day)
            if taken:
                number, lots = taken[0].allowance, [(one.lot, -one.amount) for one in taken]
                points = sum(amount for _, amount in lots)
                spent: dict[str, Any] = {"amount": points, "lots": lots, "allowance": number}
                part = f"points/{number}"
                tx.append(Draft("REDEEM", **common, part=part, unit="points", **spent))
            for count in quote.counts:
                counted = {**msgspec.to_builtins(count), "day": day.isoformat()}
                tx.append(Draft("COUNT", **common, part=count.rule, data=counted))
            tx.close_allowances("m-1", receipt)

        self.ledger.write(change).result()

    def balance(self) -> int:
        return self.ledger.read.balance("m-1", "points")


@asynccontextmanager
async def enrolled(office: Office, folder: Path, name: str, url: str) -> AsyncIterator[Till]:
    """Enrol a till over the wire and open its ledger."""
    clock = StillClock()
    credentials = await enrol(ClientSettings(url), tills.add_till(office, "12", name))
    ledger = open_ledger(folder / name, clock=clock, new_id=lambda: name[-1] * 32)
    till = Till(ledger, credentials, clock, url)
    try:
        yield till
    finally:
        await till.client.close()
        ledger.close()


@asynccontextmanager
async def looping(till: Till) -> AsyncIterator[SyncLoop]:
    """Run a till's sync loop, with short naps."""
    loop = SyncLoop(
        till.ledger,
        till.client,
        clock=till.clock,
        chance=Random(1),
        publisher_key=till.credentials.publisher_key,
        pull_interval_s=0,
        program_version="0",
        on_programme=lambda _text, _name: None,
        sleep=nap,
    )
    task = asyncio.create_task(loop.run())
    try:
        yield loop
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def nap(seconds: float) -> None:
    await asyncio.sleep(min(seconds, 0.01))


def booked_balance(office: Office) -> int:
    return int(rows(office, "SELECT sum(remaining) FROM lot WHERE member = 'm-1'")[0][0])


async def test_a_till_enrols_learns_sells_and_both_ends_agree(office: Office, tmp_path: Path) -> None:
    async with (
        serving(build_app(office)) as port,
        enrolled(office, tmp_path, "12-1", f"http://127.0.0.1:{port}") as till,
    ):
        await till.sync()
        stored = till.ledger.read.programme()
        assert stored is not None
        assert stored.text == PROGRAMME
        known = till.ledger.read.member_of(card_tag(office, "2990000000017"))
        assert known is not None
        assert known.member == "m-1"
        assert till.balance() == 800

        till.sell("r-1")
        before = till.balance()
        await till.sync()
        assert till.balance() == before
        book(office)
        await till.sync()
        assert till.balance() == before
        assert till.ledger.read.mark("booked") == till.ledger.read.head()[0]
        assert office.segments.received(till.ledger.incarnation) == till.ledger.read.head()
        assert differences(office) == []


async def test_points_are_spent_at_one_till_and_gone_at_the_other(office: Office, tmp_path: Path) -> None:
    async with serving(build_app(office)) as port:
        url = f"http://127.0.0.1:{port}"
        async with (
            enrolled(office, tmp_path, "12-1", url) as here,
            enrolled(office, tmp_path, "12-2", url) as there,
        ):
            for till in (here, there):
                await till.sync()
            assert await here.ask() == 1
            assert await there.ask() == 0
            here.sell("r-1", redeem=300)
            after = here.balance()
            await here.sync()
            book(office)
            await there.sync()
            assert there.balance() == after
            assert await there.ask() == 1
            usable = there.ledger.read.usable("m-1", there.clock.now().date())
            assert 0 < usable["points"] <= after
            assert differences(office) == []


async def test_a_card_that_came_after_the_last_news_is_looked_up(office: Office, tmp_path: Path) -> None:
    async with (
        serving(build_app(office)) as port,
        enrolled(office, tmp_path, "12-1", f"http://127.0.0.1:{port}") as till,
    ):
        await till.session.push()
        for number, member in (("2990000000017", "m-1"), ("2990000000031", None)):
            row = await look_up(till.ledger, till.client, card_tag(office, number), deadline_s=1)
            assert (row.member if row else None) == member


async def test_what_was_sold_while_head_office_was_away_arrives_once(office: Office, tmp_path: Path) -> None:
    app, async_exit = build_app(office), AsyncExitStack()
    async with serving(app) as port:
        till = await async_exit.enter_async_context(
            enrolled(office, tmp_path, "12-1", f"http://127.0.0.1:{port}")
        )
        await till.sync()
    async with async_exit, looping(till) as loop:
        await until(lambda: bool(loop.state.reason))
        for number in range(5):
            till.sell(f"r-{number}")
        loop.wake()
        assert not loop.state.online
        async with serving(app, port=port):
            await until(lambda: loop.state.online and till.ledger.read.status().backlog == 0)
    book(office)
    assert rows(office, "SELECT count(*) FROM receipt") == [(5,)]
    assert differences(office) == []


@pytest.mark.long
async def test_head_office_books_every_receipt_once_through_chaos(office: Office, tmp_path: Path) -> None:
    async with (
        serving(build_app(office)) as port,
        enrolled(office, tmp_path, "12-1", f"http://127.0.0.1:{port}") as till,
        ChaosProxy("127.0.0.1", port, seed=3) as proxy,
    ):
        await till.sync()
        through = Till(till.ledger, till.credentials, till.clock, f"http://127.0.0.1:{proxy.port}")
        async with looping(through) as loop:
            for number in range(60):
                till.sell(f"r-{number}")
                loop.wake()
                await asyncio.sleep(0.01)
            await until(lambda: till.ledger.read.status().backlog == 0, patience_s=60)
        await through.client.close()
        book(office)
        await till.sync()
        assert till.ledger.read.frozen() == ""
        assert office.segments.received(till.ledger.incarnation) == till.ledger.read.head()
        assert rows(office, "SELECT count(*) FROM receipt") == [(60,)]
        assert differences(office) == []
        assert till.balance() == booked_balance(office)
        assert len(proxy.counts) > 5
