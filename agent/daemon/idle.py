"""What a ledger does while nobody sells: verify itself slice by slice, declare, and let old entries go."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import structlog

from agent.clock import Clock
from agent.errors import LedgerError
from agent.ledger.ledger import Ledger

log = structlog.get_logger()
TICK_S = 1.0
DAY_MS = 86_400_000


async def use_idle_moments(
    ledger: Ledger, clock: Clock, *, keep_days: int, declare: Callable[[], Awaitable[object]]
) -> None:
    """Verify a slice of the journal, and let old entries go, each second in which nothing was written.

    `declare` tells head office which allowances are here, where it must be told.
    """
    check, seen, told, tidied = ledger.idle_check, -1, "", None
    while True:
        if tidied != (today := clock.now().date()):
            tidied = today
            await asyncio.to_thread(ledger.drop_damaged)
        await asyncio.sleep(TICK_S)
        seq = ledger.read.head()[0]
        if seq == seen:
            await asyncio.to_thread(check.step)
            with contextlib.suppress(LedgerError):  # a full disk: tried again
                await declare()
            await _let_go(ledger, int(clock.now().timestamp() * 1000) - keep_days * DAY_MS)
        seen = seq
        if check.problem != told:
            told = check.problem
            log.error("journal damaged", detail=told)


async def _let_go(ledger: Ledger, before_ms: int) -> None:
    """Remove a slice of what head office has booked and the configuration does not want to keep."""
    if await asyncio.to_thread(ledger.read.may_let_go, before_ms):
        with contextlib.suppress(LedgerError):  # a full disk: tried again
            await asyncio.wrap_future(ledger.write(lambda tx: tx.let_go(before_ms)))
