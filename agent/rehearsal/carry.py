"""Member facts from one receipt to the next: what a quote spends, gives and counts, laid on what was."""

from datetime import date, datetime

import msgspec

from agent.loyalty.lots import taken_from
from agent.loyalty.member import CountFacts, Lot, MemberFacts, Voucher, WalletFacts
from agent.loyalty.programme import Text
from agent.loyalty.quote import Counted, Give, LotEarned, Quote
from agent.loyalty.words import setting

HISTORY = 10
"""So many values of a rule's history are kept, newest last."""


def carry(text: Text, facts: MemberFacts, quote: Quote, day: date) -> MemberFacts:
    """Return the facts after a receipt of that local day."""
    wallets = {name: list(held.lots) for name, held in facts.wallets.items()}
    for one in quote.wallets:
        if one.redeem:
            order = spend_order(text, one.wallet)
            wallets[one.wallet] = paid(wallets.get(one.wallet, []), one.redeem, day, order)
    for number, lot in enumerate(quote.lots):
        wallets.setdefault(lot.wallet, []).append(_lot(f"{quote.receipt_id}/{number}", lot.points, lot))
    for number, gift in enumerate(quote.gives):
        if gift.kind in {"lot", "stored_value"}:
            name = f"{quote.receipt_id}/g{number}"
            wallets.setdefault(gift.name, []).append(_lot(name, gift.amount, gift))
    return msgspec.structs.replace(
        facts,
        wallets={name: WalletFacts([lot for lot in lots if lot.amount]) for name, lots in wallets.items()},
        counts={**facts.counts, **{one.rule: counted(facts.counts, one, day) for one in quote.counts}},
        measures=_measures(facts.measures, quote),
        history=_history(facts.history, quote),
        vouchers=_vouchers(facts, quote),
    )


def spend_order(text: Text, wallet: str) -> str:
    """Return in which order a wallet's lots are spent: its own word, else the setting's."""
    return text.wallet[wallet].spend_order or setting(text.settings, "spend_order")


def paid(lots: list[Lot], points: int, day: date, order: str) -> list[Lot]:
    """Return the lots after paying from those of the day, in that order."""
    taken = dict(taken_from([lot for lot in lots if is_usable(lot, day)], points, order))
    return [
        msgspec.structs.replace(lot, amount=lot.amount - taken[lot.lot]) if lot.lot in taken else lot
        for lot in lots
    ]


def is_usable(lot: Lot, day: date) -> bool:
    """Return whether a lot may be spent on that day."""
    begun = lot.active_from is None or lot.active_from <= day
    return begun and not is_over(lot, day)


def is_over(lot: Lot, day: date) -> bool:
    """Return whether a lot's last day is before `day`."""
    return lot.expires_on is not None and lot.expires_on < day


def counted(counts: dict[str, CountFacts], moved: Counted, day: date) -> CountFacts:
    """Return where a counting rule stands after it moved; a new day counts from nothing."""
    known = counts.get(moved.rule) or CountFacts()
    today = known.today if known.day == day else 0
    position = known.position + moved.units - moved.size * moved.rewards
    return CountFacts(position, day, today + moved.units, known.lifetime + moved.units)


def _measures(measures: dict[str, int], quote: Quote) -> dict[str, int]:
    sums = dict(measures)
    for one in quote.measured:
        sums[one.measure] = sums.get(one.measure, 0) + one.amount
    return sums


def _history(history: dict[str, list[str]], quote: Quote) -> dict[str, list[str]]:
    kept = dict(history)
    for one in quote.noted:
        kept[one.rule] = [*kept.get(one.rule, []), one.value][-HISTORY:]
    return kept


def _vouchers(facts: MemberFacts, quote: Quote) -> list[Voucher]:
    used = {one.id for one in quote.vouchers}
    given = [
        Voucher(one.name, f"{quote.receipt_id}/v{number}", *_dates(one))
        for number, one in enumerate(quote.gives)
        if one.kind == "voucher"
    ]
    return [*(one for one in facts.vouchers if one.id not in used), *given]


def _lot(name: str, points: int, one: LotEarned | Give) -> Lot:
    return Lot(name[:64], points, *_dates(one))


def _dates(one: LotEarned | Give) -> tuple[date | None, date | None, datetime | None]:
    return (
        date.fromisoformat(one.active_from) if one.active_from else None,
        date.fromisoformat(one.expires_on) if one.expires_on else None,
        datetime.fromisoformat(one.ends_at) if one.ends_at else None,
    )
