"""Member facts from one receipt to the next: what a quote spends, gives and counts, laid on what was.

The till and head office do this with their journals.  Here nothing is stored: it is for programmes tried on
paper or on past receipts, and a return finds its way back (carry_back.py).
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import NamedTuple

import msgspec

from agent.loyalty.afterwards.lots import taken_from
from agent.loyalty.language.programme import Text
from agent.loyalty.language.words import setting
from agent.loyalty.member import CountFacts, Lot, MemberFacts, Voucher, WalletFacts
from agent.loyalty.quote import Give, LotEarned, Quote

HISTORY_KEPT = 10
"""So many past entries of a rule travel with a member."""
IN_WALLETS = ("lot", "stored_value")
"""Gifts that are points or money."""
Moves = list[tuple[str, Lot, int]]
"""Points moved: wallet, lot as it was, how many (always above zero)."""
Held = dict[str, dict[str, Lot]]
"""Lots by wallet and name."""


class Carried(NamedTuple):
    """The facts after a receipt, and what its return needs: lots debited and made, vouchers used."""

    facts: MemberFacts
    quote: Quote
    debited: Moves
    made: Moves
    used: list[Voucher]
    day: date
    """The local day of the sale: what is undone later leaves that day's counts."""


def carry(text: Text, facts: MemberFacts, quote: Quote, local: datetime) -> Carried:
    """Return the member's facts after a receipt evaluated at `local`, a moment in the programme's zone."""
    held = held_by(facts)
    debited = _spend(text, held, quote, local)
    made: Moves = []
    for number, lot in enumerate(quote.lots):
        name = f"{quote.receipt_id}/{lot.wallet}/{number}"
        held.setdefault(lot.wallet, {})[name] = earned = Lot(name, lot.points, *_life(lot))
        made.append((lot.wallet, earned, lot.points))
    used = {one.id for one in quote.vouchers}
    vouchers = [one for one in facts.vouchers if one.id not in used]
    for number, gift in enumerate(quote.gives):
        name = gift_name(quote, number)
        if gift.kind == "voucher":
            vouchers.append(Voucher(gift.name, name, *_life(gift)))
        elif gift.kind in IN_WALLETS:
            held.setdefault(gift.name, {})[name] = Lot(name, gift.amount, *_life(gift))
    day = local.date()
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
    return Carried(changed, quote, debited, made, [one for one in facts.vouchers if one.id in used], day)


def gift_name(quote: Quote, number: int) -> str:
    """Return what the lot or voucher made by a quote's gift is called."""
    return f"{quote.receipt_id}/{number}"


def is_usable(lot: Lot, local: datetime) -> bool:
    """Return whether a lot counts at a local moment."""
    day = local.date()
    begun = lot.active_from is None or lot.active_from <= day
    return begun and not is_over(lot, day) and (lot.ends_at is None or lot.ends_at > local)


def is_over(lot: Lot, day: date) -> bool:
    """Return whether a lot's last day is before `day`."""
    return lot.expires_on is not None and lot.expires_on < day


def spendable(facts: MemberFacts, local: datetime) -> dict[str, int]:
    """Return what counts of each wallet at a local moment, a debt included."""
    return {
        wallet: sum(lot.amount for lot in held.lots if is_usable(lot, local))
        for wallet, held in facts.wallets.items()
    }


def held_by(facts: MemberFacts) -> Held:
    """Return a member's lots by wallet and name."""
    return {name: {lot.lot: lot for lot in one.lots} for name, one in facts.wallets.items()}


def wallets_of(held: Mapping[str, Mapping[str, Lot]]) -> dict[str, WalletFacts]:
    """Return the wallets of lots by wallet and name, empty lots left out."""
    return {name: WalletFacts([lot for lot in lots.values() if lot.amount]) for name, lots in held.items()}


def moved(lot: Lot, by: int) -> Lot:
    """Return a lot with so many points more."""
    return msgspec.structs.replace(lot, amount=lot.amount + by)


def added(measures: Mapping[str, int], more: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Return measures with what a receipt adds to them."""
    found = dict(measures)
    for key, amount in more:
        found[key] = found.get(key, 0) + amount
    return found


def counted(known: CountFacts | None, units: int, rewarded: int, day: date) -> CountFacts:
    """Return a count moved by `units`, of which `rewarded` were used up by rewards; a new day starts at 0."""
    known = known or CountFacts()
    today = known.today if known.day == day else 0
    return CountFacts(known.position + units - rewarded, day, today + units, known.lifetime + units)


def _spend(text: Text, held: Held, quote: Quote, local: datetime) -> Moves:
    moves: Moves = []
    for one in quote.wallets:
        lots = held.get(one.wallet, {})
        order = text.wallet[one.wallet].spend_order or setting(text.settings, "spend_order")
        usable = [lot for lot in lots.values() if is_usable(lot, local)]
        for name, part in taken_from(usable, one.redeem, order):
            moves.append((one.wallet, lots[name], part))
            lots[name] = moved(lots[name], -part)
    return moves


def _life(given: LotEarned | Give) -> tuple[date | None, date | None, datetime | None]:
    return (
        date.fromisoformat(given.active_from) if given.active_from else None,
        date.fromisoformat(given.expires_on) if given.expires_on else None,
        datetime.fromisoformat(given.ends_at) if given.ends_at else None,
    )


def _noted(history: Mapping[str, list[str]], quote: Quote) -> dict[str, list[str]]:
    found = dict(history)
    for one in quote.noted:
        found[one.rule] = [*found.get(one.rule, []), one.value][-HISTORY_KEPT:]
    return found
