"""What is asked of head office while a customer unpacks: allowances, and whose an unknown card is."""

import asyncio
from collections.abc import Callable, Mapping

from agent.ledger.ledger import Ledger
from agent.loyalty.compile import Compiled
from agent.loyalty.paying import paying_wallets
from agent.sync.allowance import ask_allowances, look_up
from agent.sync.client import Client
from agent.sync.wire import Delta, MemberRow


class Online:
    """Head office's second lane: short calls with a short deadline, beside the bulk of the journal."""

    def __init__(
        self,
        ledger: Ledger,
        client: Client,
        *,
        programme: Callable[[], Compiled | None],
        is_online: Callable[[], bool],
        deadline_s: float,
    ) -> None:
        self._ledger = ledger
        self._client = client
        self._programme = programme
        self._is_online = is_online
        self._deadline_s = deadline_s

    async def ask_allowances(self, member: str, missing: Mapping[str, int]) -> bool:
        """Ask for what this member may spend here; without head office nothing is given.

        `missing` is what the customer wants beyond what lies here.  Returns whether more is on its way.
        """
        compiled = self._programme()
        if compiled is None or not self._is_online():
            return False
        asked = await ask_allowances(
            self._ledger,
            self._client,
            member,
            paying_wallets(compiled.programme),
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
