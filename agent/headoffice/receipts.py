"""A RECEIPT entry as one row of the books: what reports and exports read."""

from agent.headoffice.shapes import ReceiptData
from agent.journal.entry import Entry


def receipt_row(entry: Entry, data: ReceiptData, *, till: str, shop: str, state: str) -> dict[str, object]:
    """Return the columns of `receipt`; money in minor units, rebates below zero."""
    gross = sum(line.amount_minor for line in data.basket.lines)
    lines = data.quote.lines if data.quote else []
    programme = data.quote.programme if data.quote else data.programme
    return {
        "receipt": entry.receipt,
        "incarnation": entry.incarnation,
        "seq": entry.seq,
        "store": data.basket.store or shop,
        "till": till,
        "cashier": entry.actor or data.basket.cashier,
        "at": data.at.isoformat(),
        "sold_at": data.basket.sold_at.isoformat(),
        "day": data.day.isoformat(),
        "currency": data.basket.currency,
        "member": entry.account,
        "entry_mode": data.identified_by.entry_mode if data.identified_by else "",
        "items": len(data.basket.lines),
        "gross_minor": gross,
        "rebate_minor": sum(rebate.amount_minor for line in lines for rebate in line.rebates),
        "due_minor": data.quote.due_minor if data.quote else gross,
        "offline": int(data.offline),
        "programme": programme.id if programme else "",
        "version": programme.version if programme else 0,
        "state": state,
        "partner": data.quote.partner if data.quote else "",
    }


def by_rule(data: ReceiptData) -> list[tuple[str, int, int]]:
    """Return what each rule did to a receipt: (rule, rebate in minor units, points)."""
    sums: dict[str, tuple[int, int]] = {}
    for line in data.quote.lines if data.quote else []:
        moves = [(one.rule, one.amount_minor, 0) for one in line.rebates]
        moves += [(one.rule, 0, one.points) for one in line.earned]
        for rule, rebate, points in moves:
            before = sums.get(rule, (0, 0))
            sums[rule] = (before[0] + rebate, before[1] + points)
    return [(rule, rebate, points) for rule, (rebate, points) in sorted(sums.items())]


def spent_on(data: ReceiptData) -> list[tuple[str, str, int, int, str]]:
    """Return points that paid for no goods: (rule, wallet, points, money in minor units, into)."""
    spent = data.quote.spent if data.quote else []
    return [(one.rule, one.wallet, one.points, one.amount_minor, one.into) for one in spent]
