"""From what was agreed to journal drafts: the one place that knows which entries a receipt makes.

Pure.  The ledger adds numbers, clocks and hashes, and names the lots of what is earned.
"""

from hashlib import blake2b
from typing import Any

import msgspec

from agent.journal.entry import Draft, Entry
from agent.ledger.records import Slice
from agent.loyalty.basket import Tender
from agent.loyalty.quote import Quote
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
    if fiscal:
        data["fiscal"] = fiscal
    if differences:
        data["differences"] = differences
    return _draft(agreed, "RECEIPT", "", data=data)


def effect_drafts(agreed: Agreed, taken: dict[str, list[Slice]]) -> list[Draft]:
    """Make what a member's receipt changes: earned, redeemed, counted, used and given."""
    if agreed.facts is None:
        return []
    quote = agreed.quote
    return [
        *_earned(agreed, quote),
        *_redeemed(agreed, taken),
        *(
            _draft(
                agreed,
                "COUNT",
                one.rule,
                data={**msgspec.to_builtins(one), "day": agreed.day.isoformat()},
            )
            for one in quote.counts
        ),
        *(
            _draft(agreed, "COUPON", one.id, data={"id": one.id, "voucher": one.voucher})
            for one in quote.vouchers
        ),
        *_given(agreed, quote),
    ]


def reversal(entry: Entry, part: str) -> Draft:
    """Make the exact opposite of one entry."""
    data: dict[str, Any] = {"undoes": entry.kind, "of": [entry.incarnation, entry.seq]}
    match entry.kind:
        case "COUNT":
            data |= {"rule": entry.part, "day": entry.data.get("day", "")}
            data |= {key: -int(entry.data[key]) for key in ("units", "rewards") if key in entry.data}
            data |= {"size": entry.data["size"]} if "size" in entry.data else {}
        case "COUPON" | "GIVE":
            data |= {key: entry.data[key] for key in ("id", "kind", "name", "voucher") if key in entry.data}
        case _:
            pass
    return Draft(
        kind="REVERSE",
        receipt=entry.receipt,
        part=part,
        account=entry.account,
        unit=entry.unit,
        amount=-entry.amount,
        lots=[(lot, -amount) for lot, amount in entry.lots],
        at=entry.at,
        actor=entry.actor,
        data=data,
    )


def _earned(agreed: Agreed, quote: Quote) -> list[Draft]:
    return [
        _draft(
            agreed,
            "EARN",
            f"{lot.wallet}/{lot.expires_on or lot.ends_at or ''}",
            unit=lot.wallet,
            amount=lot.points,
            data={
                key: value
                for key in ("active_from", "expires_on", "ends_at")
                if (value := getattr(lot, key)) is not None
            },
        )
        for lot in quote.lots
        if lot.points
    ]


def _redeemed(agreed: Agreed, taken: dict[str, list[Slice]]) -> list[Draft]:
    """One REDEEM per wallet and allowance, so that each names exactly the allowance it spends."""
    drafts = []
    for wallet, parts in sorted(taken.items()):
        for number in sorted({number for number, _, _ in parts}):
            lots = [(lot, -points) for one, lot, points in parts if one == number]
            drafts.append(
                _draft(
                    agreed,
                    "REDEEM",
                    f"{wallet}/{number}",
                    unit=wallet,
                    amount=sum(points for _, points in lots),
                    lots=lots,
                    allowance=number,
                )
            )
    return drafts


def _given(agreed: Agreed, quote: Quote) -> list[Draft]:
    drafts = []
    for index, give in enumerate(quote.gives):
        data: dict[str, Any] = {"kind": give.kind, "name": give.name}
        data |= {
            key: value for key in ("active_from", "expires_on", "ends_at") if (value := getattr(give, key))
        }
        if give.kind == "voucher":
            data["id"] = _voucher_id(agreed.basket.receipt_id, index)
        amount, unit = (give.amount, give.name) if give.kind == "lot" else (0, "")
        drafts.append(_draft(agreed, "GIVE", gift_part(quote, index), unit=unit, amount=amount, data=data))
    return drafts


def gift_part(quote: Quote, index: int) -> str:
    """Return the part under which the gift at this place of a quote is journalled."""
    rule = quote.gives[index].rule
    return rule if index == 0 else f"{rule}/{index}"


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
