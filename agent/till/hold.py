"""Points set aside while the customer pays: durable, and from what head office allowed this till.

Step 5 of the walk.
"""

import asyncio

from agent.errors import Refused
from agent.journal.vouchers import is_voucher
from agent.ledger.ledger import Ledger
from agent.ledger.transaction import Transaction
from agent.loyalty.basket import Basket
from agent.till.quote import Agreed, Quoter

HOLD_MS = 30 * 60 * 1000


async def hold(
    ledger: Ledger, quoter: Quoter, basket: Basket, *, etag: str, now_ms: int
) -> dict[str, object]:
    """Set aside what the quote with this etag redeems; a second hold replaces the first.

    Raises:
        Refused: the etag is of another quote, the receipt is paid, or the points are not to be had.
    """
    receipt_id = basket.receipt_id
    agreed = quoter.matching(receipt_id, etag, basket)
    if agreed is None:
        raise Refused("etag_mismatch", "this basket gives another answer now", remedy="ask for a new quote")
    if quoter.needs_second_factor(basket):
        raise Refused("second_factor_needed", "a phone number alone spends nothing", remedy="read the card")
    wanted = wanted_of(agreed)
    past = Refused("wrong_state", f"receipt {receipt_id} is past that")
    if ledger.read.receipt(receipt_id) is not None:
        raise past

    def change(tx: Transaction) -> None:
        # Asked again inside: it may be paid by a call that is still being written.
        if tx.receipt(receipt_id) is not None:
            raise past
        if wanted:
            until_ms = now_ms + HOLD_MS
            tx.place_hold(
                receipt_id, agreed.member, wanted, until_ms=until_ms, day=agreed.day, beyond=agreed.beyond
            )
        else:
            tx.release_hold(receipt_id)

    if wanted or ledger.read.hold(receipt_id) is not None:
        await asyncio.wrap_future(ledger.write(change))
    return {"receipt_id": receipt_id, "state": "held", "etag": etag, "held": points_of(wanted)}


def points_of(wanted: dict[str, int]) -> dict[str, int]:
    """Return the wallets of points among what is wanted: a POS is not told of vouchers there."""
    return {wallet: points for wallet, points in wanted.items() if not is_voucher(wallet)}


def wanted_of(agreed: Agreed) -> dict[str, int]:
    """Return how many points of each wallet a quote redeems, and which strict vouchers it uses."""
    redeemed = {one.wallet: one.redeem for one in agreed.quote.wallets if one.redeem}
    return redeemed | agreed.strict_vouchers
