"""pay: points as a tender, in whole blocks and minor units, shared over the lines of the wallet's scope."""

from math import lcm

from agent.loyalty.member import Lot, MemberFacts
from agent.loyalty.numbers import exact, share_out
from agent.loyalty.programme import Wallet
from agent.loyalty.quote import Paid
from agent.loyalty.refusal import Refusal
from agent.loyalty.state import State
from agent.loyalty.verbs import Pay
from agent.loyalty.work import Proposal


class PayWork:
    """Limits in the order of the programme text: asked, usable, share, max, due, offline, blocks."""

    def __init__(self, rule: str, word: Pay, wallet: str, facts: Wallet, *, scope: int, minor: int) -> None:
        self._rule = rule
        self._wallet = wallet
        self._scope = scope
        value = exact(facts.value) * minor / 10**facts.scale
        self._num, self._den = value.numerator, value.denominator
        self._step = lcm(word.block or 1, self._den)
        self._min_balance = word.min_balance or 0
        self._max = None if word.max is None else int(exact(word.max) * minor)
        self._share = None if word.max_share is None else exact(word.max_share)

    def propose(self, state: State) -> Proposal | Refusal:
        """Return the points to pay with, as the only part."""
        member = state.member
        if member is None:
            return "not_identified", {}
        already = state.redeemed.get(self._wallet, 0)
        balance = usable_points(member, self._wallet, state)
        if balance - already <= 0 or balance < self._min_balance:
            return self._too_few(state, member, balance)
        lines = state.lines_of(self._scope)
        if not lines:
            return "nothing_in_scope", {"scope": state.scopes.names[self._scope]}
        room = self._money(state, lines) * self._den // self._num
        most = min(balance - already, room) // self._step * self._step
        offline = member.wallets[self._wallet].usable_offline
        allowed = most if offline is None else max(0, min(most, offline - already)) // self._step * self._step
        state.payable[self._wallet] = max(state.payable.get(self._wallet, 0), already + allowed)
        return self._asked(state, already, most=most, allowed=allowed)

    def _asked(self, state: State, already: int, *, most: int, allowed: int) -> Proposal | Refusal:
        if most <= 0:
            return "cap_reached", {"wallet": self._wallet}
        if allowed <= 0:
            return "offline_limit", {"wallet": self._wallet, "points": most}
        asked = state.basket.redeem.get(self._wallet, 0)
        wish = allowed if asked == "max" else min(int(asked) - already, allowed)
        points = wish // self._step * self._step
        if points > 0:
            return Proposal([points])
        if wish > 0:
            return "missing", {"what": "points", "wallet": self._wallet, "points": self._step - wish}
        return "missing", {"what": "request", "wallet": self._wallet, "points": allowed}

    def _money(self, state: State, lines: tuple[int, ...]) -> int:
        """Return the most this rule may pay, in minor units."""
        amount = sum(state.amounts[at] for at in lines)
        paid = sum(state.paid_minor[at] for at in lines)
        share = amount if self._share is None else int(amount * self._share)
        limits = [share - paid, amount - paid, state.due()]
        if self._max is not None:
            limits.append(self._max)
        return max(0, min(limits))

    def _too_few(self, state: State, member: MemberFacts, balance: int) -> Refusal:
        facts = member.wallets.get(self._wallet)
        past = [lot for lot in (facts.lots if facts else []) if lot.amount > 0 and _is_past(lot, state)]
        if balance <= 0 and past:
            day = max(lot.expires_on or state.day for lot in past)
            points = sum(lot.amount for lot in past if (lot.expires_on or state.day) == day)
            return "points_expired", {"wallet": self._wallet, "points": points, "day": day.isoformat()}
        lacking = max(self._min_balance, self._step) - max(balance, 0)
        return "missing", {"what": "points", "wallet": self._wallet, "points": max(lacking, 1)}

    def apply(self, state: State, proposal: Proposal) -> None:
        """Pay: money over the lines by what is left of them, points in the same shares."""
        points = int(proposal.parts[0])
        money = points * self._num // self._den
        left = [0] * len(state.amounts)
        for at in state.lines_of(self._scope):
            left[at] = state.amounts[at] - state.paid_minor[at]
        parts = share_out(money, left, left)
        for at, (part, units) in enumerate(zip(parts, share_out(points, parts), strict=True)):
            if part:
                state.paid[at].append(Paid(self._wallet, units, part))
                state.paid_minor[at] += part
        state.redeemed[self._wallet] = state.redeemed.get(self._wallet, 0) + points
        state.explain(self._rule, "applied", wallet=self._wallet, points=points, amount_minor=money)


def usable_points(member: MemberFacts, wallet: str, state: State) -> int:
    """Return what the wallet's lots of this day come to; a debt takes from it, below zero is none."""
    facts = member.wallets.get(wallet)
    if facts is None:
        return 0
    return max(0, sum(lot.amount for lot in facts.lots if is_usable(lot, state)))


def is_usable(lot: Lot, state: State) -> bool:
    """Return whether the lot is spendable at the evaluation's instant."""
    return not _is_past(lot, state) and (lot.active_from is None or lot.active_from <= state.day)


def _is_past(lot: Lot, state: State) -> bool:
    if lot.ends_at is not None and lot.ends_at <= state.local:
        return True
    return lot.expires_on is not None and lot.expires_on < state.day
