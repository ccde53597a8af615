"""A till that let go of its oldest entries pushes on, and an office that lost them is told."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from agent.headoffice import tills
from agent.headoffice.app import build_app
from agent.headoffice.member_import import import_members
from agent.headoffice.office import Office
from agent.ledger.ledger import open_ledger
from agent.sync.client import ClientSettings
from agent.sync.credentials import Credentials
from agent.sync.enrol import enrol
from tests.headoffice.till_end import StillClock, book, differences
from tests.sync.serving import serving
from tests.sync.test_with_head_office import MEMBERS, Till, enrolled, office

__all__ = ["office"]
pytestmark = pytest.mark.anyio


async def test_a_journal_that_begins_later_is_pushed_on_and_an_office_that_lost_its_beginning_is_told(
    office: Office, tmp_path: Path
) -> None:
    async with (
        serving(build_app(office)) as port,
        enrolled(office, tmp_path, "till-a", f"http://127.0.0.1:{port}") as till,
    ):
        await till.sync()
        till.sell("r-1")
        await till.sync()
        book(office)
        await till.sync()
        seq = till.ledger.read.mark("booked")
        assert seq == till.ledger.read.head()[0]
        later_ms = int(till.clock.now().timestamp() * 1000) + 1
        assert till.ledger.write(lambda tx: tx.let_go(later_ms, kept=0)).result() == seq
        till.sell("r-2")
        till.session.hang_up("a cut line")
        await till.sync()
        assert till.session.state.alarm == ""
        assert office.segments.received("a" * 32) == till.ledger.read.head()
        assert till.ledger.read.mark("acknowledged") > seq
        assert differences(office) == []
    newer = Office(tmp_path / "newer", StillClock(), serving=True)
    import_members(newer, MEMBERS, name="members.csv")
    async with serving(build_app(newer)) as port:
        credentials = await enrol(
            ClientSettings(f"http://127.0.0.1:{port}"), tills.add_till(newer, "12", "x")
        )
        async with open_again(tmp_path / "till-a", credentials, f"http://127.0.0.1:{port}") as till:
            await till.session.push()
            assert "which this till let go" in till.session.state.alarm
    newer.close()


@asynccontextmanager
async def open_again(folder: Path, credentials: Credentials, url: str) -> AsyncIterator[Till]:
    """Open the ledger of a till that was enrolled at another office meanwhile."""
    clock = StillClock()
    ledger = open_ledger(folder, clock=clock, new_id=lambda: "f" * 32)
    till = Till(ledger, credentials, clock, url)
    try:
        yield till
    finally:
        await till.client.close()
        ledger.close()
