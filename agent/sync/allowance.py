"""Ask head office while the customer still unpacks: may this member spend here, and whose is this card?

Both calls have their own lane and a short deadline; without an answer the sale goes on and earns only.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, Protocol

from agent.errors import SyncError
from agent.ledger.ledger import Ledger
from agent.ledger.transaction import Transaction
from agent.sync.wire import (
    Allowance,
    AllowanceAnswer,
    AllowanceRequest,
    MemberAnswer,
    MemberRequest,
    MemberRow,
)

EVERYTHING = 2**53 - 1
"""At card read nobody knows the basket yet, so the whole free balance is asked for."""
MOST_LOANS = 4


class Lane(Protocol):
    """The quick lane to head office; `agent.sync.client.Client` is the real one."""

    async def send(self, message: Any, answer: Any, *, deadline_s: float) -> Any:
        """Send a wire message and return its answer within the deadline."""
        ...


async def ask_allowances(
    ledger: Ledger,
    client: Lane,
    member: str,
    wallets: Sequence[str],
    *,
    deadline_s: float,
    request_id: str = "",
) -> int:
    """Ask for an allowance per wallet and keep what is given; return how many were.

    All wallets are asked at once, within one deadline.  The same request gets the same answer, so a
    repeat after a lost reply sets nothing aside twice.  Without `request_id` the request is the
    member's next one in this ledger: what a lost reply set aside comes with the next card read.
    """
    asked = (
        _ask(ledger, client, member, wallet, (f"{request_id}/{wallet}" if request_id else "", deadline_s))
        for wallet in wallets
    )
    return sum(await asyncio.gather(*asked))


async def ask_pool(
    ledger: Ledger, pool: Lane, member: str, wallets: Sequence[str], *, deadline_s: float
) -> int:
    """Ask the store's pool likewise; return how many loans were kept.

    A loan is of one of the pool's own allowances, so it is asked again while it gives, a few times.
    """

    async def ask_on(wallet: str) -> int:
        for count in range(MOST_LOANS):
            if not await _ask(ledger, pool, member, wallet, ("", deadline_s), is_pool=True):
                return count
        return MOST_LOANS

    try:
        async with asyncio.timeout(deadline_s):
            return sum(await asyncio.gather(*(ask_on(wallet) for wallet in wallets)))
    except TimeoutError:
        return 0


async def look_up(ledger: Ledger, client: Lane, card_tag: bytes, *, deadline_s: float) -> MemberRow | None:
    """Ask whose card this is; None if nobody's, or if head office does not answer in time."""
    request = MemberRequest(incarnation=ledger.incarnation, card_tag=card_tag)
    try:
        answer = await client.send(request, MemberAnswer, deadline_s=deadline_s)
    except SyncError:
        return None
    return answer if isinstance(answer, MemberRow) else None


async def _ask(
    ledger: Ledger,
    client: Lane,
    member: str,
    wallet: str,
    how: tuple[str, float],
    *,
    is_pool: bool = False,
) -> bool:
    request_id, deadline_s = how
    taken = f"{'loans' if is_pool else 'allowances'}/{member}/{wallet}"
    request = AllowanceRequest(
        incarnation=ledger.incarnation,
        request_id=request_id or f"{member}/{wallet}/{ledger.read.mark(taken) + 1}",
        member=member,
        wallet=wallet,
        amount=EVERYTHING,
    )
    try:
        answer = await client.send(request, AllowanceAnswer, deadline_s=deadline_s)
    except SyncError:
        return False
    if not isinstance(answer, Allowance) or (answer.member, answer.wallet) != (member, wallet):
        return False
    if bool(answer.giver) != is_pool:
        return False  # nobody gives in another's name

    def keep(tx: Transaction) -> bool:
        if not request_id:
            tx.set_mark(taken, tx.mark(taken) + 1)
        is_new = tx.accept_allowance(answer)
        if answer.honour_until_ms <= tx.now_ms():
            # A reply lost long ago: nothing may be spent of it any more, and only a CLOSE frees it.
            tx.close_allowances(member, "")
            return False
        return is_new

    return await asyncio.wrap_future(ledger.write(keep))
