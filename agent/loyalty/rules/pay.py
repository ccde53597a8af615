"""pay: points or stored value as a tender, in whole blocks and minor units, shared over the scope's lines."""

from dataclasses import dataclass
from math import lcm

from agent.loyalty.language.programme import Wallet
from agent.loyalty.language.verbs import Pay
from agent.loyalty.member import MemberFacts
from agent.loyalty.numbers import exact, share_out
from agent.loyalty.quote import Paid, Spent
from agent.loyalty.standing.balance import is_past, short_of, usable_points
from agent.loyalty.walk.state import State
from agent.loyalty.walk.taking import Taking
from agent.loyalty.walk.work import Proposal
from agent.loyalty.when.refusal import Refusal


@dataclass(frozen=True, slots=True)
class Purse:
    """A wallet as paying sees it: `num` minor units of money for `den` smallest points.

    `is_discount` (setting points_are): points lower the price instead of paying it, as some laws want.
    """

    id: str
    num: int
    den: int
    is_value: bool = False
    is_discount: bool = False

    @classmethod
    def of(cls, name: str, words: Wallet, *, minor: int, points_are: str) -> "Purse":
        """Read a wallet's words; a unit of stored value is a minor unit of money."""
        if words.kind == "stored_value":
            return cls(name, 1, 1, is_value=True)
        value = exact(words.value) * minor / 10**words.scale
        return cls(name, value.numerator, value.denominator, is_discount=points_are == "discount")


class PayWork:
    """Limits in the order of the programme text: asked, usable, share, max, due, offline, blocks."""

    def __init__(self, rule: str, word: Pay, purse: Purse, *, scope: int, minor: int) -> None:
        self._rule = rule
        self._purse = purse
        self._wallet = purse.id
        self._scope = scope
        self._step = lcm(word.block or 1, purse.den)
        self._min_balance = word.min_balance or 0
        self._max = None if word.max is None else int(exact(word.max) * minor)
        self._share = None if word.max_share is None else exact(word.max_share)
        self._into = word.into
        self._confirm = word.confirm

    def propose(self, state: State) -> Proposal | Refusal:
        """Return the points to pay with, as the only part."""
        member = state.member
        assert member is not None, "who is unknown was refused before"
        if self._into and state.basket.event != self._into:
            return "missing", {"what": "event"}
        already = state.redeemed.get(self._wallet, 0)
        balance = usable_points(member, self._wallet, state)
        if balance - already < self._step or balance < self._min_balance:
            return self._too_few(state, member, balance, already)
        most = (balance - already) // self._step * self._step
        if not self._into:
            lines = state.lines_of(self._scope)
            if not lines:
                return "nothing_in_scope", {"scope": state.scopes.names[self._scope]}
            room = self._money(state, lines) * self._purse.den // self._purse.num
            most = min(balance - already, room) // self._step * self._step
        allowed = min(most, offline_left(member, self._wallet, already, most) // self._step * self._step)
        state.payable[self._wallet] = max(state.payable.get(self._wallet, 0), already + allowed)
        return self._asked(state, already, most=most, allowed=allowed)

    def _asked(self, state: State, already: int, *, most: int, allowed: int) -> Proposal | Refusal:
        if most <= 0:
            return "cap_reached", {"wallet": self._wallet}
        if allowed <= 0:
            return "offline_limit", {"wallet": self._wallet, "points": most}
        asked = state.points.asked.requests.get(self._wallet, 0)
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
        gross = amount + (sum(state.points.by_points[at] for at in lines) if self._purse.is_discount else 0)
        spent = paid + gross - amount
        share = gross if self._share is None else int(gross * self._share)
        limits = [share - spent, amount - paid, state.due()]
        if self._max is not None:
            limits.append(self._max)
        return max(0, min(limits))

    def _too_few(self, state: State, member: MemberFacts, balance: int, already: int) -> Refusal:
        facts = member.wallets.get(self._wallet)
        past = [lot for lot in (facts.lots if facts else []) if lot.amount > 0 and is_past(lot, state)]
        if balance <= 0 and past:
            day = max(lot.expires_on or state.day for lot in past)
            points = sum(lot.amount for lot in past if (lot.expires_on or state.day) == day)
            return "points_expired", {"wallet": self._wallet, "points": points, "day": day.isoformat()}
        lacking = max(self._min_balance - balance, self._step - (balance - already))
        return short_of(member, self._wallet, lacking, state)

    def apply(self, state: State, proposal: Proposal) -> None:
        """Pay: money over the lines by what is left of them, points in the same shares."""
        points = int(proposal.parts[0])
        money = points * self._purse.num // self._purse.den
        values: dict[str, object] = {"wallet": self._wallet, "points": points, "amount_minor": money}
        state.redeemed[self._wallet] = state.redeemed.get(self._wallet, 0) + points
        if self._into:
            state.points.spent.append(Spent(self._rule, self._wallet, points, money, self._into))
            values["into"] = self._into
        else:
            left = [0] * len(state.amounts)
            for at in state.lines_of(self._scope):
                left[at] = state.amounts[at] - state.paid_minor[at]
            parts = share_out(money, left, left)
            for at, (part, units) in enumerate(zip(parts, share_out(points, parts), strict=True)):
                if part:
                    pay_line(state, self._rule, self._purse, at, paid=(units, part))
        state.explain(self._rule, "applied", **values)
        if self._confirm:
            state.points.confirm.append(state.reasons[self._rule])


def pay_line(state: State, rule: str, purse: Purse, at: int, *, paid: tuple[int, int]) -> None:
    """Let `paid` (points, minor units) pay a part of the line, or lower its price."""
    points, money = paid
    if purse.is_discount:
        state.take_off(rule, Taking({at: money}))
        state.paid[at].append(Paid(purse.id, points, 0))
    else:
        state.paid[at].append(Paid(purse.id, points, money))
        state.paid_minor[at] += money
    by_kind = state.points.by_value if purse.is_value else state.points.by_points
    by_kind[at] += money


def offline_left(member: MemberFacts, wallet: str, already: int, most: int) -> int:
    """Return how many points may still be spent here: the till's allowance, or `most` where none caps it."""
    limit = member.wallets[wallet].usable_offline if wallet in member.wallets else None
    return most if limit is None else max(0, limit - already)
