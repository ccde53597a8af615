"""pay by catalogue: a points price for a unit of an article, whole units only."""

from fractions import Fraction

from agent.loyalty.language.verbs import Pay
from agent.loyalty.member import MemberFacts
from agent.loyalty.quote import Reason
from agent.loyalty.rules.pay import Purse, offline_left, pay_line
from agent.loyalty.standing.balance import usable_points
from agent.loyalty.walk.state import State
from agent.loyalty.walk.work import Proposal
from agent.loyalty.when.refusal import Refusal


class CatalogueWork:
    """Proposes whole units per line; all of them, or none, unless `all_or_nothing` is off.

    A refused request of all or nothing leads to one more walk without it, so no stage looks ahead: what
    `when.pays` promised for it is not given then.
    """

    def __init__(self, rule: str, word: Pay, purse: Purse, *, scope: int) -> None:
        self._rule = rule
        self._purse = purse
        self._scope = scope
        self._prices = word.catalogue
        self._is_whole = word.all_or_nothing is not False
        self._min_balance = word.min_balance or 0

    def propose(self, state: State) -> Proposal | Refusal:
        """Return how many units of each line the points buy."""
        member, wallet = state.member, self._purse.id
        assert member is not None, "who is unknown was refused before"
        if (earlier := state.points.asked.refused.get(self._rule)) is not None:
            return earlier.code, earlier.values
        units = self._units(state)
        if not any(units):
            return "nothing_in_scope", {"scope": state.scopes.names[self._scope]}
        already = state.redeemed.get(wallet, 0)
        asked = state.points.asked.requests.get(wallet, 0)
        balance = usable_points(member, wallet, state) - already
        wish = balance if asked == "max" else int(asked) - already
        if wish > 0:
            return self._bought(state, member, units, wish=min(wish, balance))
        if balance < max(self._least(state, units), self._min_balance - already):
            return self._bought(state, member, units, wish=balance)  # which says what they lack
        cost = self._cost(state, self._within(state, units, balance))
        state.payable[wallet] = max(state.payable.get(wallet, 0), already + cost)
        return "missing", {"what": "request", "wallet": wallet, "points": cost}

    def _bought(
        self, state: State, member: MemberFacts, units: list[int], *, wish: int
    ) -> Proposal | Refusal:
        wallet = self._purse.id
        cost, already = self._cost(state, units), state.redeemed.get(wallet, 0)
        balance = usable_points(member, wallet, state)
        allowed = offline_left(member, wallet, already, cost)
        least = self._least(state, units)
        why: Refusal | None = None
        if balance < self._min_balance or wish < least:
            lacking = max(self._min_balance - balance, least - max(0, wish))
            why = "missing", {"what": "points", "wallet": wallet, "points": lacking}
        elif allowed < least:
            why = "offline_limit", {"wallet": wallet, "points": least}
        if why is None:
            bought = self._within(state, units, min(wish, allowed))
            state.payable[wallet] = max(state.payable.get(wallet, 0), already + self._cost(state, bought))
            return Proposal(bought)
        if self._is_whole and state.points.asked.requests.get(wallet):
            state.points.refused[self._rule] = (wallet, Reason(self._rule, why[0], why[1]))
        return why

    def _units(self, state: State) -> list[int]:
        """Return the whole units of each line that have a points price and still cost money."""
        units = [0] * len(state.amounts)
        for at in state.lines_of(self._scope):
            if state.basket.lines[at].sku in self._prices and state.amounts[at] > state.paid_minor[at]:
                units[at] = int(units_with_price(state, at))
        return units

    def _price(self, state: State, at: int) -> int:
        return self._prices[state.basket.lines[at].sku]

    def _cost(self, state: State, units: list[int]) -> int:
        return sum(one * self._price(state, at) for at, one in enumerate(units) if one)

    def _least(self, state: State, units: list[int]) -> int:
        """Return the least points that buy anything: all of it, or the cheapest unit."""
        if self._is_whole:
            return self._cost(state, units)
        return min(self._price(state, at) for at, one in enumerate(units) if one)

    def _within(self, state: State, units: list[int], points: int) -> list[int]:
        """Return what `points` buy of them, line by line in the basket's order."""
        bought = [0] * len(units)
        for at, one in enumerate(units):
            if one:
                bought[at] = min(one, points // self._price(state, at))
                points -= bought[at] * self._price(state, at)
        return bought

    def apply(self, state: State, proposal: Proposal) -> None:
        """Let the points pay what is left of those units."""
        total, money = 0, 0
        for at, bought in enumerate(proposal.parts):
            if not bought:
                continue
            left = state.amounts[at] - state.paid_minor[at]
            part = (
                left
                if bought == units_with_price(state, at)
                else int(left * bought / units_with_price(state, at))
            )
            points = bought * self._price(state, at)
            pay_line(state, self._rule, self._purse, at, paid=(points, part))
            total, money = total + points, money + part
        wallet = self._purse.id
        state.redeemed[wallet] = state.redeemed.get(wallet, 0) + total
        state.explain(self._rule, "applied", wallet=wallet, points=total, amount_minor=money)


def units_with_price(state: State, at: int) -> Fraction:
    """Return the units of a line that still cost money: all but those that a rule gave for nothing."""
    return state.units[at] - state.free.get(at, 0)
