"""A member's facts after a return: points leave the lots the sale made and go back into those it debited."""

from collections.abc import Mapping
from datetime import date

import msgspec

from agent.loyalty.lots import returned_expiry
from agent.loyalty.member import CountFacts, Lot, MemberFacts
from agent.loyalty.returns import ReturnEffects
from agent.scenario.fold import Booked, Moves, added, counted, gift_name, wallets_of


def after_return(
    facts: MemberFacts, sale: Booked, effects: ReturnEffects, *, day: date, policy: str
) -> Booked:
    """Return the facts after a return, with the moves of the sale that are left to undo.

    Lots are undone in the order they were written; `policy` is the setting returned_expired_lot.
    """
    held = {name: {lot.lot: lot for lot in one.lots} for name, one in facts.wallets.items()}
    debited = _undo(held, sale.debited, effects.spent, sign=1)
    for wallet, name, _ in sale.debited:
        lot = held[wallet][name]
        held[wallet][name] = msgspec.structs.replace(
            lot, expires_on=returned_expiry(policy, lot.expires_on, day)
        )
    made = _undo(held, sale.made, effects.earned, sign=-1)
    gone = {gift_name(sale.quote, number) for number in effects.gives}
    kept = {
        wallet: {name: lot for name, lot in lots.items() if name not in gone} for wallet, lots in held.items()
    }
    back = [one for one in sale.used if one.id in effects.vouchers]
    changed = msgspec.structs.replace(
        facts,
        wallets=wallets_of(kept),
        vouchers=[*(one for one in facts.vouchers if one.id not in gone), *back],
        counts={**facts.counts, **_counts(facts, sale, effects, day)},
        measures=added(facts.measures, ((key, -amount) for key, amount in effects.measures.items())),
        history=_forgotten(facts.history, effects),
    )
    return sale._replace(facts=changed, debited=debited, made=made)


def _undo(held: dict[str, dict[str, Lot]], moves: Moves, points: Mapping[str, int], *, sign: int) -> Moves:
    left = dict(points)
    rest: Moves = []
    for wallet, name, amount in moves:
        part = min(left.get(wallet, 0), amount)
        left[wallet] = left.get(wallet, 0) - part
        lot = held[wallet][name]
        held[wallet][name] = msgspec.structs.replace(lot, amount=lot.amount + sign * part)
        if amount > part:
            rest.append((wallet, name, amount - part))
    assert not any(left.values()), f"a return undoes more than its sale did: {left}"
    return rest


def _counts(facts: MemberFacts, sale: Booked, effects: ReturnEffects, day: date) -> dict[str, CountFacts]:
    """Return the counts moved back; a reward that is gone is no longer used up."""
    found: dict[str, CountFacts] = {}
    for one in sale.quote.counts:
        units = effects.counts.get(one.rule, 0)
        gone = sum(sale.quote.gives[number].rule == one.rule for number in effects.gives)
        if units or gone:
            found[one.rule] = counted(facts.counts.get(one.rule), -units, -one.size * gone, day)
    return found


def _forgotten(history: Mapping[str, list[str]], effects: ReturnEffects) -> dict[str, list[str]]:
    gone = {(one.rule, one.value) for one in effects.noted}
    return {
        rule: [value for value in values if (rule, value) not in gone] for rule, values in history.items()
    }
