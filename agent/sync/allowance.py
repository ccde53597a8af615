"""Ask head office while the customer still unpacks: may this member spend here, and whose is this card?

Both calls have their own lane and a short deadline; without an answer the sale goes on and earns only.
"""

import asyncio
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

from agent.errors import SyncError
from agent.ledger.ledger import Ledger
from agent.ledger.transaction import Transaction
from agent.sync.announced import Greeting, GreetRequest
from agent.sync.wire import (
    Allowance,
    AllowanceAnswer,
    AllowanceRequest,
    Deny,
    GreetAnswer,
    MemberAnswer,
    MemberRequest,
    MemberRow,
)

EVERYTHING = 2**53 - 1
"""At card read nobody knows the basket yet, so the whole free balance is asked for."""
MOST_LOANS = 32
"""Each night tops a member's stock up with an allowance of its own, so a pool has dozens of one member."""


class Asked(NamedTuple):
    """How many allowances were given, and whether more is on its way home from stock elsewhere."""

    given: int
    coming: bool


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
    minimum: Mapping[str, int] = MappingProxyType({}),
    pool: str = "",
) -> Asked:
    """Ask for an allowance per wallet and keep what is given.

    `minimum` is what a wallet's customer wants: where less is free, stock elsewhere is recalled for it, but
    not that of the `pool` that is asked at the same time.

    All wallets are asked at once, within one deadline.  The same request gets the same answer, so a
    repeat after a lost reply sets nothing aside twice.  Without `request_id` the request is the
    member's next one in this ledger: what a lost reply set aside comes with the next card read.
    """
    asked = (
        _ask(
            ledger,
            client,
            (member, wallet, minimum.get(wallet, 1)),
            (f"{request_id}/{wallet}" if request_id else "", deadline_s),
            pool=pool,
        )
        for wallet in wallets
    )
    answers = await asyncio.gather(*asked)
    return Asked(sum(one.given for one in answers), any(one.coming for one in answers))


async def ask_pool(
    ledger: Ledger, pool: Lane, member: str, wallets: Sequence[str], *, deadline_s: float
) -> Asked:
    """Ask the store's pool likewise, within one deadline; nothing comes from it later.

    A loan is of one of the pool's own allowances, so it is asked again while it gives, within the deadline.
    """

    async def ask_on(wallet: str) -> int:
        for count in range(MOST_LOANS):
            asked = await _ask(ledger, pool, (member, wallet, 1), ("", deadline_s), is_pool=True)
            if not asked.given:
                return count
        return MOST_LOANS

    try:
        async with asyncio.timeout(deadline_s):
            return Asked(sum(await asyncio.gather(*(ask_on(wallet) for wallet in wallets))), coming=False)
    except TimeoutError:
        return Asked(0, coming=False)


async def look_up(ledger: Ledger, client: Lane, card_tag: bytes, *, deadline_s: float) -> MemberRow | None:
    """Ask whose card this is; None if nobody's, or if head office does not answer in time."""
    request = MemberRequest(incarnation=ledger.incarnation, card_tag=card_tag)
    try:
        answer = await client.send(request, MemberAnswer, deadline_s=deadline_s)
    except SyncError:
        return None
    return answer if isinstance(answer, MemberRow) else None


async def ask_name(client: Lane, incarnation: str, card_tag: bytes, *, deadline_s: float) -> str:
    """Return by what name a card's holder may be greeted; empty: without consent, or no answer in time."""
    try:
        answer = await client.send(GreetRequest(incarnation, card_tag), GreetAnswer, deadline_s=deadline_s)
    except SyncError:
        return ""
    return answer.name if isinstance(answer, Greeting) else ""


async def _ask(
    ledger: Ledger,
    client: Lane,
    what: tuple[str, str, int],
    how: tuple[str, float],
    *,
    pool: str = "",
    is_pool: bool = False,
) -> Asked:
    (member, wallet, minimum), (request_id, deadline_s) = what, how
    taken = f"{'loans' if is_pool else 'allowances'}/{member}/{wallet}"
    request = AllowanceRequest(
        incarnation=ledger.incarnation,
        request_id=request_id or f"{member}/{wallet}/{ledger.read.mark(taken) + 1}",
        member=member,
        wallet=wallet,
        amount=EVERYTHING,
        minimum=minimum,
        pool=pool,
    )
    try:
        answer = await client.send(request, AllowanceAnswer, deadline_s=deadline_s)
    except SyncError:
        return Asked(0, coming=False)
    coming = isinstance(answer, Deny) and answer.reason == "recalled"
    if isinstance(answer, Deny) and 0 < answer.free < minimum:
        # Less than is wanted is better than nothing; the rest comes later, or not at all.
        less = await _ask(ledger, client, (member, wallet, 1), how, pool=pool, is_pool=is_pool)
        return Asked(less.given, coming=coming or less.coming)
    if not isinstance(answer, Allowance) or (answer.member, answer.wallet) != (member, wallet):
        return Asked(0, coming)
    if bool(answer.giver) != is_pool:
        return Asked(0, coming=False)  # nobody gives in another's name

    def keep(tx: Transaction) -> bool:
        if not request_id:
            tx.set_mark(taken, tx.mark(taken) + 1)
        is_new = tx.accept_allowance(answer)
        if answer.honour_until_ms <= tx.now_ms():
            # A reply lost long ago: nothing may be spent of it any more, and only a CLOSE frees it.
            tx.close_allowances(member, "")
            return False
        return is_new

    return Asked(int(await asyncio.wrap_future(ledger.write(keep))), coming=False)
