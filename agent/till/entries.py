"""From what was agreed to journal drafts: the one place that knows which entries a receipt makes.

Pure.  The ledger adds numbers, clocks and hashes, and names the lots of what is earned.
"""

from hashlib import blake2b
from typing import Any

import msgspec

from agent.journal.entry import Draft
from agent.journal.reversing import gift_part
from agent.ledger.records import Slice
from agent.loyalty.basket import STORED_VALUE, Tender
from agent.loyalty.carry import IN_WALLETS
from agent.loyalty.quote import Give, LotEarned, Spent
from agent.till.quote import Agreed

_LONGEST_NAME = 64


def receipt_draft(
    agreed: Agreed, tenders: list[Tender], *, fiscal: str, differences: list[str], offline: bool
) -> Draft:
    """Make the RECEIPT entry: everything head office needs to answer the same question again."""
    known = agreed.identification
    data: dict[str, Any] = {
        "basket": msgspec.to_builtins(agreed.basket),
        "quote": msgspec.to_builtins(agreed.quote),
        "at": agreed.at.isoformat(),
        "tz": agreed.time_zone,
        "tenders": msgspec.to_builtins(tenders),
        "offline": offline,
    }
    if agreed.facts is not None:
        data["facts"] = msgspec.to_builtins(agreed.facts)
    if known is not None:
        data["identified_by"] = {"entry_mode": known.entry_mode, "tag": known.tag.hex()}
    if agreed.unquoted:
        data["unquoted"] = True
    if agreed.draw:
        data["draw"] = agreed.draw
    if fiscal:
        data["fiscal"] = fiscal
    if differences:
        data["differences"] = differences
    return _draft(agreed, "RECEIPT", "", data=data)


def effect_drafts(agreed: Agreed, taken: dict[str, list[Slice]]) -> list[Draft]:
    """Make what a member's receipt changes, one entry an effect: (receipt, kind, part) is its key."""
    if agreed.facts is None:
        return []
    return [
        *_earned(agreed),
        *_redeemed(agreed, taken),
        *_counted(agreed),
        *_used(agreed),
        *_given(agreed),
    ]


def _earned(agreed: Agreed) -> list[Draft]:
    loaded = _loaded(agreed)
    return [
        _draft(
            agreed,
            "LOAD" if lot.wallet in loaded else "EARN",
            f"{lot.wallet}/{lot.expires_on or lot.ends_at or ''}",
            unit=lot.wallet,
            amount=lot.points,
            data=_dated(agreed, lot),
        )
        for lot in agreed.quote.lots
        if lot.points
    ]


def _loaded(agreed: Agreed) -> set[str]:
    """Return the wallets whose money was bought: lines of that tag earn in no other."""
    bought = {line.line for line in agreed.basket.lines if STORED_VALUE in line.tags}
    return {one.wallet for line in agreed.quote.lines if line.line in bought for one in line.earned}


def _redeemed(agreed: Agreed, taken: dict[str, list[Slice]]) -> list[Draft]:
    """One REDEEM per wallet, allowance and purpose: goods first, then what else points were spent on.

    Each names exactly the allowance it spends, and what the points were turned into.
    """
    drafts = []
    for wallet, slices in sorted(taken.items()):
        left = list(slices)
        other = [(at, one) for at, one in enumerate(agreed.quote.spent) if one.wallet == wallet]
        redeem = next(one.redeem for one in agreed.quote.wallets if one.wallet == wallet)
        paid = redeem - sum(one.points for _, one in other)
        for name, points, data in [("", paid, {}), *(_purpose(at, one) for at, one in other)]:
            parts, left = _cut(left, points)
            for number in sorted({one.allowance for one in parts}):
                lots = [(one.lot, -one.amount) for one in parts if one.allowance == number]
                drafts.append(
                    _draft(
                        agreed,
                        "REDEEM",
                        f"{wallet}/{number}{name}",
                        unit=wallet,
                        amount=sum(points for _, points in lots),
                        lots=lots,
                        allowance=number,
                        data=data,
                    )
                )
    return drafts


def _purpose(at: int, spent: Spent) -> tuple[str, int, dict[str, Any]]:
    data = {"rule": spent.rule, "into": spent.into, "amount_minor": spent.amount_minor}
    return f"/{spent.rule}/{at}", spent.points, {key: value for key, value in data.items() if value}


def _cut(slices: list[Slice], points: int) -> tuple[list[Slice], list[Slice]]:
    """Split slices after so many points."""
    first, rest = [], []
    for one in slices:
        part = min(one.amount, points)
        points -= part
        if part:
            first.append(one._replace(amount=part))
        if one.amount > part:
            rest.append(one._replace(amount=one.amount - part))
    return first, rest


def _counted(agreed: Agreed) -> list[Draft]:
    quote, day = agreed.quote, agreed.day.isoformat()
    drafts = [
        _draft(agreed, "COUNT", one.rule, data={**msgspec.to_builtins(one), "day": day})
        for one in quote.counts
    ]
    drafts += [
        _draft(agreed, "MEASURE", one.measure, data={"measure": one.measure, "amount": one.amount})
        for one in quote.measured
    ]
    seen: list[str] = []
    for noted in quote.noted:
        seen.append(noted.rule)
        part = noted.rule if seen.count(noted.rule) == 1 else f"{noted.rule}/{seen.count(noted.rule)}"
        drafts.append(_draft(agreed, "HISTORY", part, data={"rule": noted.rule, "value": noted.value}))
    if quote.tier is not None:
        drafts.append(_draft(agreed, "TIER", "", data=msgspec.to_builtins(quote.tier)))
    return drafts


def _used(agreed: Agreed) -> list[Draft]:
    return [
        _draft(agreed, "COUPON", one.id, data={"id": one.id, "voucher": one.voucher})
        for one in agreed.quote.vouchers
    ]


def _given(agreed: Agreed) -> list[Draft]:
    drafts = []
    for index, give in enumerate(agreed.quote.gives):
        data: dict[str, Any] = {"kind": give.kind, "name": give.name, "rule": give.rule}
        data |= _dated(agreed, give)
        if give.provisional:
            data["provisional"] = True
        if give.kind == "voucher":
            data["id"] = _voucher_id(agreed.basket.receipt_id, index)
        amount, unit = (give.amount, give.name) if give.kind in IN_WALLETS else (0, "")
        part = gift_part(agreed.quote, index)
        drafts.append(_draft(agreed, "GIVE", part, unit=unit, amount=amount, data=data))
    return drafts


def _dated(agreed: Agreed, given: LotEarned | Give) -> dict[str, Any]:
    """Return the dates of what is given, and the partner in whose shop: settlement asks for it."""
    data = {key: value for key in ("active_from", "expires_on", "ends_at") if (value := getattr(given, key))}
    return data | ({"partner": agreed.quote.partner} if agreed.quote.partner else {})


def _voucher_id(receipt_id: str, index: int) -> str:
    """Name a voucher after its receipt, which is unique in the chain; names have at most 64 characters."""
    name = f"{receipt_id}-{index}"
    return name if len(name) <= _LONGEST_NAME else blake2b(name.encode(), digest_size=16).hexdigest()


def _draft(agreed: Agreed, kind: str, part: str, **more: Any) -> Draft:
    return Draft(
        kind=kind,
        receipt=agreed.basket.receipt_id,
        part=part,
        account=agreed.member,
        at=agreed.at.isoformat(),
        actor=agreed.basket.cashier,
        **more,
    )
