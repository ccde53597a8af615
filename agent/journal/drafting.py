"""What a quote writes into a journal besides points paid with: the same words at a till and at head office.

Pure.  Whoever appends the drafts adds numbers, clocks and hashes, and names the lots of what is earned.
"""

from datetime import date, datetime
from hashlib import blake2b
from typing import Any, NamedTuple

import msgspec

from agent.journal.entry import Draft
from agent.journal.reversing import gift_part
from agent.loyalty.afterwards.carry import IN_WALLETS
from agent.loyalty.basket import STORED_VALUE, Basket
from agent.loyalty.quote import Give, LotEarned, Quote

_LONGEST_NAME = 64


class Deal(NamedTuple):
    """A basket and what it gives to a member; `day` is the business day of `at`."""

    basket: Basket
    quote: Quote
    member: str
    at: datetime
    day: date


def draft(deal: Deal, kind: str, part: str, **more: Any) -> Draft:
    """Make a draft of this receipt and member."""
    return Draft(
        kind=kind,
        receipt=deal.basket.receipt_id,
        part=part,
        account=deal.member,
        at=deal.at.isoformat(),
        actor=deal.basket.cashier,
        **more,
    )


def earnings(deal: Deal) -> list[Draft]:
    """Make what is earned, and the stored value that was bought: a new lot each."""
    loaded = _loaded(deal)
    return [
        draft(
            deal,
            "LOAD" if lot.wallet in loaded else "EARN",
            f"{lot.wallet}/{lot.expires_on or lot.ends_at or ''}",
            unit=lot.wallet,
            amount=lot.points,
            data=_dated(deal, lot),
        )
        for lot in deal.quote.lots
        if lot.points
    ]


def changes(deal: Deal) -> list[Draft]:
    """Make what is counted, measured, remembered, used and given."""
    return [*_counted(deal), *_used(deal), *_given(deal)]


def _loaded(deal: Deal) -> set[str]:
    """Return the wallets whose money was bought: lines of that tag earn in no other."""
    bought = {line.line for line in deal.basket.lines if STORED_VALUE in line.tags}
    return {one.wallet for line in deal.quote.lines if line.line in bought for one in line.earned}


def _counted(deal: Deal) -> list[Draft]:
    quote, day = deal.quote, deal.day.isoformat()
    drafts = [
        draft(deal, "COUNT", one.rule, data={**msgspec.to_builtins(one), "day": day}) for one in quote.counts
    ]
    drafts += [
        draft(deal, "MEASURE", one.measure, data={"measure": one.measure, "amount": one.amount})
        for one in quote.measured
    ]
    seen: list[str] = []
    for noted in quote.noted:
        seen.append(noted.rule)
        part = noted.rule if seen.count(noted.rule) == 1 else f"{noted.rule}/{seen.count(noted.rule)}"
        drafts.append(draft(deal, "HISTORY", part, data={"rule": noted.rule, "value": noted.value}))
    if quote.tier is not None:
        drafts.append(draft(deal, "TIER", "", data=msgspec.to_builtins(quote.tier)))
    return drafts


def _used(deal: Deal) -> list[Draft]:
    return [
        draft(deal, "COUPON", one.id, data={"id": one.id, "voucher": one.voucher})
        for one in deal.quote.vouchers
    ]


def _given(deal: Deal) -> list[Draft]:
    drafts = []
    for index, give in enumerate(deal.quote.gives):
        data: dict[str, Any] = {"kind": give.kind, "name": give.name, "rule": give.rule}
        data |= _dated(deal, give)
        if give.provisional:
            data["provisional"] = True
        if give.kind == "voucher":
            data["id"] = _voucher_id(deal.basket.receipt_id, index)
        amount, unit = (give.amount, give.name) if give.kind in IN_WALLETS else (0, "")
        part = gift_part(deal.quote, index)
        drafts.append(draft(deal, "GIVE", part, unit=unit, amount=amount, data=data))
    return drafts


def _dated(deal: Deal, given: LotEarned | Give) -> dict[str, Any]:
    """Return the dates of what is given, and the partner in whose shop: settlement asks for it."""
    data = {key: value for key in ("active_from", "expires_on", "ends_at") if (value := getattr(given, key))}
    return data | ({"partner": deal.quote.partner} if deal.quote.partner else {})


def _voucher_id(receipt_id: str, index: int) -> str:
    """Name a voucher after its receipt, which is unique in the chain; names have at most 64 characters."""
    name = f"{receipt_id}-{index}"
    return name if len(name) <= _LONGEST_NAME else blake2b(name.encode(), digest_size=16).hexdigest()
