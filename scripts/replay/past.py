"""The real year as past receipts, the form in which a programme is rehearsed.

Real: who bought what, where and when.  Made from the seed: who is unknown, who pays with points, codes,
segments and draws, which sales are voided, of which a line comes back.
"""

from collections.abc import Iterator, Mapping
from hashlib import blake2b
from random import Random
from typing import NamedTuple

import msgspec

from agent.loyalty.basket import Basket, Line
from agent.loyalty.language.programme import Text
from agent.loyalty.member import MemberFacts, Voucher
from agent.rehearsal.past import PastReceipt, PastReturn
from scripts.replay.receipts import Sale, sales
from scripts.replay.seeded import choices, goods_back

SEGMENTS = ("loyal", "churning", "churned", "newcomer", "pre-churn")


class Setting(NamedTuple):
    """What a programme needs of the till: its currency, and the wallets that a customer may pay from."""

    currency: str
    wallets: tuple[str, ...]
    segments: tuple[str, ...] = SEGMENTS


def setting_of(text: Text) -> Setting:
    """Return the setting in which a programme can be tried; its own segments, if it names any."""
    named = {
        one
        for rule in text.rule.values()
        for when in rule.alternatives
        for one in ([when.segment] if isinstance(when.segment, str) else when.segment)
    }
    wallets = tuple(name for name, wallet in sorted(text.wallet.items()))
    return Setting(text.programme.currency, wallets, tuple(sorted(named)) or SEGMENTS)


def past_receipts(
    of: list[int],
    limit: int | None,
    setting: Setting,
    *,
    seed: int,
    coupons: Mapping[int, list[Voucher]] | None = None,
) -> Iterator[PastReceipt]:
    """Yield the receipts of these households in the order of time, at most `limit`; voided ones are none."""
    for sale in sales(of, limit):
        if not choices(seed, sale.basket_id).voided:
            yield past_receipt(sale, setting, seed=seed, coupons=coupons)


def past_receipt(
    sale: Sale, setting: Setting, *, seed: int, coupons: Mapping[int, list[Voucher]] | None = None
) -> PastReceipt:
    """Return one sale as a past receipt."""
    choice = choices(seed, sale.basket_id)
    basket = Basket(
        receipt_id=str(sale.basket_id),
        sold_at=sale.sold_at,
        store=str(sale.store),
        till=f"{sale.store}-1",
        currency=setting.currency,
        lines=msgspec.convert(sale.lines, list[Line]),
        cashier=choice.cashier,
        instruments=[choice.code] if choice.code else [],
        redeem=dict.fromkeys(setting.wallets, "max") if choice.wishes_to_pay else {},
    )
    facts = None
    if not choice.anonymous:
        chance = Random(f"{seed}/household/{sale.household}")
        facts = MemberFacts(
            f"h{sale.household}",
            segments=[chance.choice(setting.segments)],
            vouchers=list(coupons.get(sale.household, ())) if coupons else [],
            card_shown=not choice.forgotten,
        )
    back: list[PastReturn] = []
    if (told := goods_back(choice, sale)) is not None:
        number, at = told
        back.append(
            PastReturn(at, {line.line: line.amount_minor for line in basket.lines if line.line == number})
        )
    return PastReceipt(basket, sale.sold_at, facts, draw_of(seed, sale.basket_id), back)


def draw_of(seed: int, basket_id: int) -> int:
    """Return the receipt's random number, 64 bits, from the seed."""
    return int.from_bytes(blake2b(f"{seed}/{basket_id}".encode(), digest_size=8).digest())
