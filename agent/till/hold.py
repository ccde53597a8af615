"""Points set aside while the customer pays: durable, and from what head office allowed this till.

Step 5 of the walk.
"""

import asyncio

from agent.errors import Refused
from agent.ledger.ledger import Ledger
from agent.till.quote import Agreed, Quoter
from agent.till.shapes import HoldBody

HOLD_MS = 30 * 60 * 1000


async def hold(ledger: Ledger, quoter: Quoter, body: HoldBody, *, now_ms: int) -> dict[str, object]:
    """Set aside what the quote with this etag redeems; a second hold replaces the first.

    Raises:
        Refused: the etag is of another quote, or the points are not to be had.
    """
    receipt_id = body.basket.receipt_id
    agreed = quoter.matching(receipt_id, body.etag, body.basket)
    if agreed is None:
        raise Refused("etag_mismatch", "this basket gives another answer now", remedy="ask for a new quote")
    wanted = wanted_of(agreed)
    if wanted and agreed.facts is not None:
        member = agreed.facts.member
        await asyncio.wrap_future(
            ledger.write(lambda tx: tx.place_hold(receipt_id, member, wanted, until_ms=now_ms + HOLD_MS))
        )
    return {"receipt_id": receipt_id, "state": "held", "etag": body.etag, "held": wanted}


def wanted_of(agreed: Agreed) -> dict[str, int]:
    """Return how many points of each wallet a quote redeems."""
    return {one.wallet: one.redeem for one in agreed.quote.wallets if one.redeem}
