"""Ask head office while the customer still unpacks: may this member spend here, and whose is this card?

Both calls have their own lane and a short deadline; without an answer the sale goes on and earns only.
"""

import asyncio
from collections.abc import Sequence

from agent.errors import SyncError
from agent.ledger.ledger import Ledger
from agent.sync.client import Client
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


async def ask_allowances(
    ledger: Ledger, client: Client, member: str, wallets: Sequence[str], *, request_id: str, deadline_s: float
) -> int:
    """Ask for an allowance per wallet and keep what is given; return how many were.

    The same `request_id` gets the same answer, so a repeat after a lost reply sets nothing aside twice.
    """
    given = 0
    for wallet in wallets:
        request = AllowanceRequest(
            incarnation=ledger.incarnation,
            request_id=f"{request_id}/{wallet}",
            member=member,
            wallet=wallet,
            amount=EVERYTHING,
        )
        try:
            answer = await client.send(request, AllowanceAnswer, deadline_s=deadline_s)
        except SyncError:
            return given
        if isinstance(answer, Allowance):
            accept = ledger.write(lambda tx, allowance=answer: tx.accept_allowance(allowance))
            given += await asyncio.wrap_future(accept)
    return given


async def look_up(ledger: Ledger, client: Client, card_tag: bytes, *, deadline_s: float) -> MemberRow | None:
    """Ask whose card this is; None if nobody's, or if head office does not answer in time."""
    request = MemberRequest(incarnation=ledger.incarnation, card_tag=card_tag)
    try:
        answer = await client.send(request, MemberAnswer, deadline_s=deadline_s)
    except SyncError:
        return None
    return answer if isinstance(answer, MemberRow) else None
