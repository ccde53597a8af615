"""What a till does around sync: it sells, and its clock is moved by hand."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from agent.journal.entry import Draft, entry_from
from agent.ledger.ledger import Ledger
from agent.ledger.transaction import Transaction


class StandingClock:
    """A clock that only tests move."""

    def __init__(self) -> None:
        self.passed = timedelta()

    def now(self) -> datetime:
        return datetime(2026, 11, 24, 12, tzinfo=UTC) + self.passed

    def monotonic_s(self) -> float:
        return 1000 + self.passed.total_seconds()

    def pass_s(self, seconds: float) -> None:
        self.passed += timedelta(seconds=seconds)


async def until(fact: Callable[[], bool], *, patience_s: float = 10) -> None:
    """Wait for something that other tasks bring about; TimeoutError says that they did not."""
    async with asyncio.timeout(patience_s):
        while not fact():  # noqa: ASYNC110 - what is waited for has no event to wait on
            await asyncio.sleep(0.001)


def sell(ledger: Ledger, receipt: str, *, member: str = "m1", entries: int = 3) -> None:
    """Write one receipt as a group of entries."""

    def change(tx: Transaction) -> None:
        tx.append(Draft("RECEIPT", receipt=receipt, account=member, data={"basket": receipt}))
        for part in range(entries - 1):
            tx.append(Draft("COUNT", receipt=receipt, part=f"rule{part}", account=member, data={"units": 1}))

    ledger.write(change).result()


def kinds(ledger: Ledger) -> list[str]:
    """Return the kinds of all entries in order."""
    return [entry_from(body).kind for _, body, _ in ledger.read.entries(0, 10_000)]
