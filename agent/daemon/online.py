"""What is asked of head office while a customer unpacks: allowances, and whose an unknown card is."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple

from agent.journal.vouchers import wallet_for
from agent.ledger.borrowed import POOL
from agent.ledger.ledger import Ledger
from agent.loyalty.compile import Compiled
from agent.loyalty.language.programme import Programme
from agent.loyalty.paying import paying_wallets, strict_vouchers
from agent.sync.allowance import Asked, ask_allowances, ask_name, ask_pool, look_up
from agent.sync.client import Client
from agent.sync.wire import Delta, MemberRow
from agent.till.offline import asks_anyway


class PoolLane(NamedTuple):
    """The quick lane to the store's pool, and whether it is there."""

    client: Client
    is_online: Callable[[], bool]


class Online:
    """Head office's second lane: short calls with a short deadline, beside the bulk of the journal."""

    def __init__(
        self,
        ledger: Ledger,
        client: Client,
        *,
        programme: Callable[[], Compiled | None],
        is_online: Callable[[], bool],
        chance: Callable[[int], int],
        deadline_s: float,
        pool: PoolLane | None = None,
    ) -> None:
        """`chance(100)` draws 0 to 99: some cards ask head office although it seems away."""
        self._ledger = ledger
        self._client = client
        self._programme = programme
        self._is_online = is_online
        self._chance = chance
        self._deadline_s = deadline_s
        self._pool = pool

    async def ask_allowances(self, member: str, missing: Mapping[str, int]) -> bool:
        """Ask head office and the store's pool at once for what this member may spend here.

        Whoever is away gives nothing, and nobody waits for it.  `missing` is what the customer wants beyond
        what lies here.  Returns whether more is on its way.
        """
        compiled = self._programme()
        if compiled is None:
            return False
        wallets = [
            *paying_wallets(compiled.programme),
            *self._strict_vouchers(compiled.programme, member),
        ]
        has_pool = self._pool is not None and self._pool.is_online()
        asked: list[Awaitable[Asked]] = []
        if self._pool is not None and has_pool:
            lane = self._pool.client
            asked.append(ask_pool(self._ledger, lane, member, wallets, deadline_s=self._deadline_s))
        if self._is_online() or asks_anyway(compiled.programme, self._chance):
            asked.append(
                ask_allowances(
                    self._ledger,
                    self._client,
                    member,
                    wallets,
                    deadline_s=self._deadline_s,
                    minimum=missing,
                    pool=self._ledger.read.text_mark(POOL) if has_pool else "",
                )
            )
        return any(one.coming for one in await asyncio.gather(*asked))

    def _strict_vouchers(self, programme: Programme, member: str) -> list[str]:
        """Return the accounts of this member's vouchers that serve only where they are set aside."""
        strict = strict_vouchers(programme)
        has = self._ledger.read.vouchers_of(member) if strict else set()
        return [wallet_for(one) for one in strict if one in has]

    async def ask_name(self, card_tag: bytes) -> str:
        """Ask by what name the holder of a card may be greeted; empty: none, or head office is away."""
        if not self._is_online():
            return ""
        incarnation = self._ledger.incarnation
        return await ask_name(self._client, incarnation, card_tag, deadline_s=self._deadline_s)

    async def look_up(self, card_tag: bytes) -> bool:
        """Ask whose card this is; True if the member is in the ledger afterwards."""
        if not self._is_online():
            return False
        row = await look_up(self._ledger, self._client, card_tag, deadline_s=self._deadline_s)
        if row is None:
            return False
        await asyncio.wrap_future(
            self._ledger.write(lambda tx: tx.apply_delta(_only(row, tx.mark("cursor"))))
        )
        return True


def _only(row: MemberRow, cursor: int) -> Delta:
    """Make a page of one member that moves neither the cursor nor `booked`."""
    return Delta(from_cursor=cursor, to_cursor=cursor, more=True, booked_seq=-1, members=[row])
