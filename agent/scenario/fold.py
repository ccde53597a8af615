"""A member's facts after a sale: what the quote gave laid on what was known.

The till does the same with its journal; here nothing is stored, so that a programme can be tried on paper.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, NamedTuple

import msgspec

from agent.loyalty.member import CountFacts, Lot, MemberFacts, Voucher, WalletFacts
from agent.loyalty.quote import Quote

HISTORY_KEPT = 10
"""So many past entries of a rule travel with a member."""
IN_WALLETS = ("lot", "stored_value")
"""Gifts that are points or money."""
Moves = list[tuple[str, str, int]]
"""Points moved: wallet, lot, how many (always above zero)."""


class Booked(NamedTuple):
    """The facts after a sale, and what its return needs: lots debited and made, vouchers used."""

    facts: MemberFacts
    quote: Quote
    debited: Moves
    made: Moves
    used: list[Voucher]


def after_sale(facts: MemberFacts, quote: Quote, *, day: date, debited: Moves) -> Booked:
    """Return the member's facts after a sale, for which `debited` left the lots."""
    held = {name: {lot.lot: lot for lot in one.lots} for name, one in facts.wallets.items()}
    for wallet, name, part in debited:
        held[wallet][name] = _moved(held[wallet][name], -part)
    made: Moves = []
    for number, lot in enumerate(quote.lots):
        name = f"{quote.receipt_id}/{lot.wallet}/{number}"
        held.setdefault(lot.wallet, {})[name] = Lot(name, lot.points, *_life(lot))
        made.append((lot.wallet, name, lot.points))
    used = {one.id for one in quote.vouchers}
    vouchers = [one for one in facts.vouchers if one.id not in used]
    for number, gift in enumerate(quote.gives):
        name = gift_name(quote, number)
        if gift.kind == "voucher":
            vouchers.append(Voucher(gift.name, name, *_life(gift)))
        elif gift.kind in IN_WALLETS:
            held.setdefault(gift.name, {})[name] = Lot(name, gift.amount, *_life(gift))
    counts = dict(facts.counts)
    for one in quote.counts:
        counts[one.rule] = counted(counts.get(one.rule), one.units, one.size * one.rewards, day)
    changed = msgspec.structs.replace(
        facts,
        wallets=wallets_of(held),
        vouchers=vouchers,
        counts=counts,
        measures=added(facts.measures, ((one.measure, one.amount) for one in quote.measured)),
        history=_noted(facts.history, quote),
    )
    return Booked(changed, quote, debited, made, [one for one in facts.vouchers if one.id in used])


def gift_name(quote: Quote, number: int) -> str:
    """Return what the lot or voucher made by a quote's gift is called."""
    return f"{quote.receipt_id}/{number}"


def added(measures: Mapping[str, int], more: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Return measures with what a receipt adds to them."""
    found = dict(measures)
    for key, amount in more:
        found[key] = found.get(key, 0) + amount
    return found


def _life(given: Any) -> tuple[date | None, date | None, Any]:
    lot = msgspec.convert(
        {
            "lot": "",
            "amount": 0,
            "active_from": given.active_from,
            "expires_on": given.expires_on,
            "ends_at": given.ends_at,
        },
        Lot,
    )
    return lot.active_from, lot.expires_on, lot.ends_at


def _moved(lot: Lot, by: int) -> Lot:
    return msgspec.structs.replace(lot, amount=lot.amount + by)


def wallets_of(held: Mapping[str, Mapping[str, Lot]]) -> dict[str, WalletFacts]:
    """Return the wallets of lots by wallet and name."""
    return {name: WalletFacts(list(lots.values())) for name, lots in held.items()}


def counted(known: CountFacts | None, units: int, rewarded: int, day: date) -> CountFacts:
    """Return a count moved by `units`, of which `rewarded` were used up by rewards."""
    known = known or CountFacts()
    today = known.today if known.day == day else 0
    return CountFacts(known.position + units - rewarded, day, today + units, known.lifetime + units)


def _noted(history: dict[str, list[str]], quote: Quote) -> dict[str, list[str]]:
    found = dict(history)
    for one in quote.noted:
        kept = [value for value in found.get(one.rule, []) if value != one.value]
        found[one.rule] = [*kept, one.value][-HISTORY_KEPT:]
    return found
