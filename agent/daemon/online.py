"""What is asked of head office while a customer unpacks: allowances, and whose an unknown card is."""

import asyncio
from collections.abc import Callable, Mapping

from agent.journal.vouchers import wallet_for
from agent.ledger.ledger import Ledger
from agent.loyalty.compile import Compiled
from agent.loyalty.paying import paying_wallets, strict_vouchers
from agent.sync.allowance import ask_allowances, look_up
from agent.sync.client import Client
from agent.sync.wire import Delta, MemberRow
from agent.till.offline import asks_anyway


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
    ) -> None:
        """`chance(100)` draws 0 to 99: some cards ask head office although it seems away."""
        self._ledger = ledger
        self._client = client
        self._programme = programme
        self._is_online = is_online
        self._chance = chance
        self._deadline_s = deadline_s

    async def ask_allowances(self, member: str, missing: Mapping[str, int]) -> bool:
        """Ask for what this member may spend here; without head office nothing is given.

        `missing` is what the customer wants beyond what lies here.  Returns whether more is on its way.
        """
        compiled = self._programme()
        if compiled is None:
            return False
        if not self._is_online() and not asks_anyway(compiled.programme, self._chance):
            return False
        wallets = paying_wallets(compiled.programme)
        if strict := strict_vouchers(compiled.programme):
            has = self._ledger.read.vouchers_of(member)
            wallets += [wallet_for(one) for one in strict if one in has]
        asked = await ask_allowances(
            self._ledger,
            self._client,
            member,
            wallets,
            deadline_s=self._deadline_s,
            minimum=missing,
        )
        return asked.coming

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
