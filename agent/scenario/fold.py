"""A member's facts after a receipt: what the quote gave laid on what was known, and taken back by a return.

The till does the same with its journal; here nothing is stored, so that a programme can be tried on paper.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, NamedTuple

import msgspec

from agent.loyalty.member import CountFacts, Lot, MemberFacts, Voucher, WalletFacts
from agent.loyalty.quote import Quote
from agent.loyalty.returns import ReturnEffects

HISTORY_KEPT = 10
"""So many past entries of a rule travel with a member."""
Moves = list[tuple[str, str, int]]
"""Points moved: wallet, lot, how many (always above zero)."""


class Booked(NamedTuple):
    """The facts after a sale, and the lots it debited and made, which its return needs."""

    facts: MemberFacts
    debited: Moves
    made: Moves


def after_sale(facts: MemberFacts, quote: Quote, *, day: date, debited: Moves) -> Booked:
    """Return the member's facts after a sale, for which `debited` left the lots."""
    held = {name: {lot.lot: lot for lot in one.lots} for name, one in facts.wallets.items()}
    for wallet, name, part in debited:
        held[wallet][name] = _moved(held[wallet][name], -part)
    made: Moves = []
    vouchers = _unused(facts.vouchers, {one.id for one in quote.vouchers})
    for wallet_name, lot in _lots(quote):
        held.setdefault(wallet_name, {})[lot.lot] = lot
        made.append((wallet_name, lot.lot, lot.amount))
    for number, gift in enumerate(quote.gives):
        if gift.kind == "voucher":
            name = f"{quote.receipt_id}/{number}"
            vouchers.append(Voucher(gift.name, name, *_life(gift)))
    counts = dict(facts.counts)
    for count in quote.counts:
        counts[count.rule] = _counted(counts.get(count.rule), count.units, count.size * count.rewards, day)
    changed = msgspec.structs.replace(
        facts,
        wallets=_wallets(held),
        vouchers=vouchers,
        counts=counts,
        measures=added(facts.measures, ((one.measure, one.amount) for one in quote.measured)),
        history=_noted(facts.history, quote),
    )
    return Booked(changed, debited, made)


def after_return(
    facts: MemberFacts, effects: ReturnEffects, debited: Moves, made: Moves, *, day: date
) -> Booked:
    """Return the facts after a return, and the moves of the sale that are left to undo.

    Points leave the lots the sale made and go back into those it debited, in the order they were written.
    """
    held = {name: {lot.lot: lot for lot in one.lots} for name, one in facts.wallets.items()}
    left_debited = _undo(held, debited, effects.spent, sign=1)
    left_made = _undo(held, made, effects.earned, sign=-1)
    counts = dict(facts.counts)
    for rule, units in effects.counts.items():
        counts[rule] = _counted(counts.get(rule), -units, 0, day)
    changed = msgspec.structs.replace(
        facts,
        wallets=_wallets(held),
        counts=counts,
        measures=added(
            facts.measures, ((key, -amount) for key, amount in getattr(effects, "measured", {}).items())
        ),
    )
    return Booked(changed, left_debited, left_made)


def added(measures: Mapping[str, int], more: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Return measures with what a receipt adds to them."""
    found = dict(measures)
    for key, amount in more:
        found[key] = found.get(key, 0) + amount
    return found


def _undo(held: dict[str, dict[str, Lot]], moves: Moves, points: Mapping[str, int], *, sign: int) -> Moves:
    left = dict(points)
    rest: Moves = []
    for wallet, name, amount in moves:
        part = min(left.get(wallet, 0), amount)
        left[wallet] = left.get(wallet, 0) - part
        held[wallet][name] = _moved(held[wallet][name], sign * part)
        if amount > part:
            rest.append((wallet, name, amount - part))
    assert not any(left.values()), f"a return undoes more than its sale did: {left}"
    return rest


def _lots(quote: Quote) -> list[tuple[str, Lot]]:
    found = [
        (one.wallet, Lot(f"{quote.receipt_id}/{number}", one.points, *_life(one)))
        for number, one in enumerate(quote.lots)
    ]
    for number, gift in enumerate(quote.gives):
        if gift.kind in {"lot", "stored_value"}:
            name = f"{quote.receipt_id}/{gift.rule}/{number}"
            found.append((gift.name, Lot(name, gift.amount, *_life(gift))))
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


def _wallets(held: dict[str, dict[str, Lot]]) -> dict[str, WalletFacts]:
    return {name: WalletFacts(list(lots.values())) for name, lots in held.items()}


def _unused(vouchers: list[Voucher], used: set[str]) -> list[Voucher]:
    return [one for one in vouchers if one.id not in used]


def _counted(known: CountFacts | None, units: int, rewarded: int, day: date) -> CountFacts:
    known = known or CountFacts()
    today = known.today if known.day == day else 0
    return CountFacts(known.position + units - rewarded, day, today + units, known.lifetime + units)


def _noted(history: dict[str, list[str]], quote: Quote) -> dict[str, list[str]]:
    found = dict(history)
    for one in quote.noted:
        kept = [value for value in found.get(one.rule, []) if value != one.value]
        found[one.rule] = [*kept, one.value][-HISTORY_KEPT:]
    return found
