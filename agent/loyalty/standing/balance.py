"""What a wallet can pay at this instant: lots that have begun and not ended."""

from agent.loyalty.member import Lot, MemberFacts
from agent.loyalty.walk.state import State
from agent.loyalty.when.refusal import Refusal


def usable_points(member: MemberFacts, wallet: str, state: State) -> int:
    """Return what the wallet's lots of this day come to; a debt takes from it, below zero is none."""
    facts = member.wallets.get(wallet)
    lots = facts.lots if facts is not None else ()
    extra = state.points.asked.extra.get(wallet, 0)
    return max(0, sum(lot.amount for lot in lots if is_usable(lot, state)) + extra)


def short_of(member: MemberFacts, wallet: str, lacking: int, state: State) -> Refusal:
    """Return that so many points are missing, or in how many days they become usable by themselves."""
    facts = member.wallets.get(wallet)
    coming = 0
    for day, points in sorted(
        (lot.active_from, lot.amount)
        for lot in (facts.lots if facts is not None else ())
        if lot.active_from is not None and lot.active_from > state.day and lot.amount > 0
    ):
        coming += points
        if coming >= lacking:
            days = (day - state.day).days
            return "missing", {"what": "days", "wallet": wallet, "points": coming, "days": days}
    return "missing", {"what": "points", "wallet": wallet, "points": lacking}


def is_usable(lot: Lot, state: State) -> bool:
    """Return whether the lot is spendable at the evaluation's instant."""
    return not is_past(lot, state) and (lot.active_from is None or lot.active_from <= state.day)


def is_past(lot: Lot, state: State) -> bool:
    """Return whether the lot has ended: after its last day, or at its instant."""
    if lot.ends_at is not None and lot.ends_at <= state.local:
        return True
    return lot.expires_on is not None and lot.expires_on < state.day
