"""Member facts after a return: points leave the lots the sale made and go back into those it debited."""

from collections.abc import Mapping
from datetime import date

import msgspec

from agent.loyalty.afterwards.carry import (
    IN_WALLETS,
    Carried,
    Held,
    Moves,
    added,
    gift_name,
    held_by,
    moved,
    wallets_of,
)
from agent.loyalty.afterwards.lots import returned_expiry
from agent.loyalty.member import CountFacts, Lot, MemberFacts
from agent.loyalty.returns import ReturnEffects


def carry_back(
    facts: MemberFacts, sale: Carried, effects: ReturnEffects, *, day: date, policy: str
) -> Carried:
    """Return the facts after a return, with what of the sale is left to undo.

    Lots are undone in the order they were written; `policy` is the setting returned_expired_lot.
    """
    before, held = held_by(facts), held_by(facts)
    debited = _undo(held, sale.debited, effects.spent, sign=1)
    for wallet, lots in held.items():
        for name, lot in lots.items():
            if name in before.get(wallet, {}) and lot.amount <= before[wallet][name].amount:
                continue
            lots[name] = msgspec.structs.replace(lot, expires_on=returned_expiry(policy, lot.expires_on, day))
    made = _undo(held, sale.made, effects.earned, sign=-1)
    gone = {gift_name(sale.quote, number): sale.quote.gives[number] for number in effects.gives}
    for name, gift in gone.items():
        if gift.kind in IN_WALLETS:
            lots = held.setdefault(gift.name, {})
            lots[name] = moved(lots.get(name) or Lot(name, 0), -gift.amount)
    back = [one for one in sale.used if one.id in effects.vouchers]
    changed = msgspec.structs.replace(
        facts,
        wallets=wallets_of(held),
        vouchers=[*(one for one in facts.vouchers if one.id not in gone), *back],
        counts={**facts.counts, **_counts(facts, sale, effects)},
        measures=added(facts.measures, ((key, -amount) for key, amount in effects.measures.items())),
        history=_forgotten(facts.history, effects),
    )
    return sale._replace(facts=changed, debited=debited, made=made)


def _undo(held: Held, moves: Moves, points: Mapping[str, int], *, sign: int) -> Moves:
    """Move points of lots, also of those that have been emptied since; return the moves that are left."""
    left = dict(points)
    rest: Moves = []
    for wallet, lot, amount in moves:
        part = min(left.get(wallet, 0), amount)
        left[wallet] = left.get(wallet, 0) - part
        lots = held.setdefault(wallet, {})
        lots[lot.lot] = moved(lots.get(lot.lot) or moved(lot, -lot.amount), sign * part)
        if amount > part:
            rest.append((wallet, lot, amount - part))
    assert not any(left.values()), f"a return undoes more than its sale did: {left}"
    return rest


def _counts(facts: MemberFacts, sale: Carried, effects: ReturnEffects) -> dict[str, CountFacts]:
    """Return the counts moved back; a reward that is gone is no longer used up."""
    found: dict[str, CountFacts] = {}
    for one in sale.quote.counts:
        units, rewards = effects.counts.get(one.rule, 0), effects.rewards.get(one.rule, 0)
        known = facts.counts.get(one.rule) or CountFacts()
        if units or rewards:
            today = known.today - units if known.day == sale.day else known.today
            position = known.position - units + one.size * rewards
            found[one.rule] = CountFacts(position, known.day, today, known.lifetime - units)
    return found


def _forgotten(history: Mapping[str, list[str]], effects: ReturnEffects) -> dict[str, list[str]]:
    """Take each note out once, the newest: another receipt of that day may have left the same."""
    found = {rule: list(values) for rule, values in history.items()}
    for one in effects.noted:
        values = found.get(one.rule, [])
        if one.value in values:
            del values[len(values) - 1 - values[::-1].index(one.value)]
    return found
