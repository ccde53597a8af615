"""Allowances that nobody will spend: given back once their customer has gone without a sale.

Head office never takes points back because time passed (S3), so the till's own journal has to: CLOSE (T3)
when another card is read and nothing is quoted for this one, or after half an hour without a call.  Stock
stays for whoever comes, until head office wants it back or it must not be spent any more.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future

import structlog

from agent.clock import Clock
from agent.errors import LedgerError
from agent.ledger.ledger import Ledger
from agent.ledger.transaction import Transaction
from agent.till.tokens import LIFE_MS

log = structlog.get_logger()
IDLE_S = LIFE_MS / 1000
"""As long as an identification serves quote and hold; what is held stays, until its hold lapses."""
SWEEP_S = 60.0
MOST_REMEMBERED = 1000


class IdleAllowances:
    """Knows who was seen last and when; `is_quoted` says whether a sale of this member is under way."""

    def __init__(self, ledger: Ledger, clock: Clock, *, is_quoted: Callable[[str], bool]) -> None:
        self._ledger = ledger
        self._clock = clock
        self._is_quoted = is_quoted
        self._seen: dict[str, float] = {}
        self._given_back: set[str] = set()

    def card_read(self, member: str) -> None:
        """Take note of a card; whoever was read before and has no quote has gone."""
        gone = [one for one in self._seen if one != member and not self._is_quoted(one)]
        for other in gone:
            self._give_back(other)
        self._seen[member] = self._clock.monotonic_s()

    def quoted(self, member: str) -> bool:
        """Take note of a quote; say whether the member's allowance was given back, and is to be asked for."""
        self._seen[member] = self._clock.monotonic_s()
        was_given_back = member in self._given_back
        self._given_back.discard(member)
        return was_given_back

    def sweep(self) -> None:
        """Give back what nobody called about for half an hour; after a start the half hour begins anew.

        And stock that was recalled while something was held of it, or whose time is over.
        """
        if self._ledger.read.is_going_home():
            self._write(Transaction.close_due)
        now_s = self._clock.monotonic_s()
        allowed = self._ledger.read.members_with_allowances()
        self._seen = {member: self._seen.get(member, now_s) for member in allowed}
        for member, seen_s in list(self._seen.items()):
            if now_s - seen_s >= IDLE_S:
                self._give_back(member)
        if len(self._given_back) > MOST_REMEMBERED:
            self._given_back.clear()

    async def run(self) -> None:
        """Sweep once a minute, for ever."""
        while True:
            await asyncio.sleep(SWEEP_S)
            self.sweep()

    def _give_back(self, member: str) -> None:
        self._seen.pop(member, None)
        if self._write(lambda tx: tx.close_allowances(member, "")):
            self._given_back.add(member)

    def _write(self, change: Callable[[Transaction], int]) -> bool:
        try:
            self._ledger.write(change).add_done_callback(_tell)
        except LedgerError as failure:
            log.warning("allowance not given back", error=str(failure))
            return False
        return True


def _tell(done: "Future[int]") -> None:
    if (failure := done.exception()) is not None:
        # It stays open, and the next sweep tries again.
        log.warning("allowance not given back", error=str(failure))
    elif done.result():
        log.info("allowance given back", count=done.result())
