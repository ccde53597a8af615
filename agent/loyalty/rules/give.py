"""give: a lot, a voucher, stored value, a benefit or a ticket, once a receipt or for every full card."""

from agent.loyalty.language.programme import Rule, Text
from agent.loyalty.member import MemberFacts
from agent.loyalty.numbers import QUANTITY, share_out, whole_parts
from agent.loyalty.quote import Counted, Spent
from agent.loyalty.rules.gifts import gift_of
from agent.loyalty.rules.pay import offline_left
from agent.loyalty.standing.balance import short_of, usable_points
from agent.loyalty.standing.caps import Caps, caps_of, counted, today
from agent.loyalty.walk.state import State
from agent.loyalty.walk.work import Proposal
from agent.loyalty.when.refusal import Refusal


class GiveWork:
    """Proposes [units counted, rewards]; a rule without a count gives once a receipt."""

    def __init__(self, rule: str, word: Rule, scope: int, text: Text) -> None:
        assert word.give is not None
        self._rule = rule
        self._scope = scope
        self._count = word.count
        self._of = word.count.of if word.count else ""
        scale = text.decimals(self._of.removeprefix("earned:")) if self._of.startswith("earned:") else 0
        self._size = word.count.size * 10**scale if word.count else 1
        self._in_receipt = word.count is not None and word.count.in_ == "receipt"
        self._gift = gift_of(word.give, text)
        caps = caps_of(rule, word)
        guards = (caps.per_day, word.count.guard_per_day if word.count else None)
        self._per_day = min((guard for guard in guards if guard is not None), default=None)
        self._caps: Caps = caps._replace(per_day=None)
        self._per_receipt = word.max_per_receipt
        self._is_counted = (word.count is not None and not self._in_receipt) or self._caps.is_any
        self._is_counted = self._is_counted or self._per_day is not None

    def propose(self, state: State) -> Proposal | Refusal:
        """Return how far the rule moves and how many rewards that makes."""
        assert state.member is not None, "who is unknown was refused before"
        units = sum(self._units(state).values()) if self._count else 1
        if units <= 0 or (self._scope and not state.lines_of(self._scope)):
            return "nothing_in_scope", {}
        held = counted(state, self._rule)
        if self._per_day is not None:
            units = min(units, self._per_day - today(state, held))
            if units <= 0:
                return "cap_reached", {"max_per_day": self._per_day}
        if (why := self._caps.refusal(state, self._size) or self._unpaid(state, state.member)) is not None:
            return why
        position = 0 if self._in_receipt else held.position
        rewards = (position + units) // self._size - position // self._size if self._count else 1
        limits = [self._per_receipt, self._caps.left(state)]
        if self._caps.per_member is not None:
            limits.append(self._caps.per_member - held.lifetime // self._size)
        return Proposal([units, min([rewards, *(one for one in limits if one is not None)])])

    def _units(self, state: State) -> dict[int, int]:
        """Return what each line counts; -1 stands for the receipt itself."""
        lines = state.lines_of(self._scope)
        if self._of == "visits":
            return {-1: 1} if lines else {}
        if self._of == "units":
            parts = [int(state.units[at] * QUANTITY) for at in lines]
            return dict(zip(lines, whole_parts(parts, QUANTITY, sum(parts) // QUANTITY), strict=True))
        wallet, points = self._of.removeprefix("earned:"), state.points
        earned = {
            at: sum(one.points for one in points.earned_lines[at] if one.wallet == wallet) for at in lines
        }
        if not self._scope:
            earned[-1] = points.earned.get(wallet, 0) - sum(earned.values())
        return earned

    def _unpaid(self, state: State, member: MemberFacts) -> Refusal | None:
        """Return what is lacking of the gift's cost, in points that are there and not spent yet."""
        gift = self._gift
        if not gift.cost:
            return None
        already = state.redeemed.get(gift.cost_wallet, 0)
        lacking = gift.cost - (usable_points(member, gift.cost_wallet, state) - already)
        if lacking > 0:
            return short_of(member, gift.cost_wallet, lacking, state)
        if offline_left(member, gift.cost_wallet, already, gift.cost) < gift.cost:
            return "offline_limit", {"wallet": gift.cost_wallet, "points": gift.cost}
        return None

    def apply(self, state: State, proposal: Proposal) -> None:
        """Hand it out, pay what it costs, and count."""
        units, rewards = int(proposal.parts[0]), int(proposal.parts[1])
        values: dict[str, object] = {}
        position = counted(state, self._rule).position
        if self._is_counted:
            state.counts.append(self._counted(state, units, rewards, position))
        if self._count is not None:
            reached = (0 if self._in_receipt else position) + units
            values = {
                "units": units,
                "position": reached % self._size,
                "missing": self._size - reached % self._size,
            }
            if self._of.startswith("earned:"):
                values["counts"] = self._of.removeprefix("earned:")
        if rewards:
            gift = self._gift
            provisional = bool(gift.cost) or self._caps.is_unsure(state)
            given = gift.handed_out(self._rule, state, provisional=provisional)
            state.gives.extend([given] * rewards)  # each voucher is a thing of its own
            values |= {"kind": gift.kind, "name": gift.name, "amount": rewards * gift.amount}
            if gift.cost:
                spent = Spent(self._rule, gift.cost_wallet, gift.cost)
                state.points.spent.append(spent)
                state.redeemed[spent.wallet] = state.redeemed.get(spent.wallet, 0) + spent.points
        state.explain(self._rule, "applied", **values)

    def _counted(self, state: State, units: int, rewards: int, position: int) -> Counted:
        by_line = self._units(state) if self._count is not None else {}
        shares = share_out(min(units, sum(by_line.values())), list(by_line.values()))
        lines = [
            (state.basket.lines[at].line, share)
            for at, share in zip(by_line, shares, strict=True)
            if at >= 0 and share
        ]
        return Counted(self._rule, units, rewards, self._size, position, lines)
