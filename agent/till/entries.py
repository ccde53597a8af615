"""From what was agreed to journal drafts: the one place that knows which entries a receipt makes.

Pure.  The ledger adds numbers, clocks and hashes, and names the lots of what is earned.
"""

from typing import Any

import msgspec

from agent.journal.drafting import Deal, changes, draft, earnings
from agent.journal.entry import Draft
from agent.journal.vouchers import is_voucher
from agent.ledger.records import Slice
from agent.loyalty.basket import Tender
from agent.loyalty.quote import Spent
from agent.till.quote import Agreed
from agent.till.vouchers import with_allowance


def receipt_draft(
    agreed: Agreed,
    tenders: list[Tender],
    *,
    fiscal: str,
    differences: list[str],
    offline: bool,
    taken_out: dict[str, int],
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
    if taken_out:
        data["taken_out"] = taken_out
    if fiscal:
        data["fiscal"] = fiscal
    if differences:
        data["differences"] = differences
    return draft(_deal(agreed), "RECEIPT", "", data=data)


def effect_drafts(agreed: Agreed, taken: dict[str, list[Slice]]) -> list[Draft]:
    """Make what a member's receipt changes, one entry an effect: (receipt, kind, part) is its key."""
    if agreed.facts is None:
        return []
    deal = _deal(agreed)
    changed = [with_allowance(one, taken) for one in changes(deal)]
    return [*earnings(deal), *_redeemed(agreed, taken), *changed]


def _deal(agreed: Agreed) -> Deal:
    return Deal(agreed.basket, agreed.quote, agreed.member, agreed.at, agreed.day)


def _redeemed(agreed: Agreed, taken: dict[str, list[Slice]]) -> list[Draft]:
    """One REDEEM per wallet, allowance and purpose: goods first, then what else points were spent on.

    Each names exactly the allowance it spends, and what the points were turned into.
    """
    drafts = []
    for wallet, slices in sorted(taken.items()):
        if is_voucher(wallet):
            continue
        left = list(slices)
        other = [(at, one) for at, one in enumerate(agreed.quote.spent) if one.wallet == wallet]
        redeem = next(one.redeem for one in agreed.quote.wallets if one.wallet == wallet)
        paid = redeem - sum(one.points for _, one in other)
        for name, points, data in [("", paid, {}), *(_purpose(at, one) for at, one in other)]:
            parts, left = _cut(left, points)
            for number in sorted({one.allowance for one in parts}):
                lots = [(one.lot, -one.amount) for one in parts if one.allowance == number]
                drafts.append(
                    draft(
                        _deal(agreed),
                        "REDEEM",
                        f"{wallet}/{number}{name}",
                        unit=wallet,
                        amount=sum(points for _, points in lots),
                        lots=lots,
                        allowance=number,
                        data=data if number else {**data, "limited": True},
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
