"""give: a lot for an event, a voucher, or a voucher for every full stamp card (`count`)."""

from agent.loyalty.days import after, life
from agent.loyalty.member import CountFacts
from agent.loyalty.numbers import exact
from agent.loyalty.programme import Rule, Text
from agent.loyalty.quote import Counted, Give
from agent.loyalty.refusal import Refusal
from agent.loyalty.state import State
from agent.loyalty.work import Proposal


class GiveWork:
    """Proposes [units counted, rewards]; a rule without a count gives once a receipt."""

    def __init__(self, rule: str, word: Rule, scope: int, text: Text, *, wallet: str) -> None:
        self._rule = rule
        self._scope = scope
        self._count = word.count
        guards = (word.max_per_day, word.count.guard_per_day if word.count else None)
        self._per_day = min((guard for guard in guards if guard is not None), default=None)
        self._cap = word.max_per_receipt
        lot, voucher = (word.give.lot, word.give.voucher) if word.give else (None, None)
        self._kind = "lot" if lot is not None else "voucher"
        self._name = wallet if lot is not None else voucher or ""
        self._life = (lot.expires or text.wallet[wallet].expires) if lot else text.voucher[self._name].life
        self._activates = text.wallet[wallet].activates if lot else None
        self._amount = int(exact(str(lot.points)) * 10 ** text.wallet[wallet].scale) if lot else 1

    def propose(self, state: State) -> Proposal | Refusal:
        """Return how far the rule moves and how many rewards that makes."""
        if state.member is None:
            return "not_identified", {}
        facts = state.member.counts.get(self._rule) or CountFacts()
        units = 1
        if self._count is not None:
            units = self._units(state)
            if not units:
                return "nothing_in_scope", {}
        if self._per_day is not None:
            units = min(units, self._per_day - (facts.today if facts.day == state.day else 0))
            if units <= 0:
                return "cap_reached", {"max_per_day": self._per_day}
        if self._count is None:
            return Proposal([units, 1])
        size = self._count.size
        rewards = (facts.position + units) // size - facts.position // size
        return Proposal([units, rewards if self._cap is None else min(rewards, self._cap)])

    def _units(self, state: State) -> int:
        lines = state.lines_of(self._scope)
        if self._count is not None and self._count.of == "visits":
            return 1 if lines else 0
        return int(sum(state.units[at] for at in lines))

    def apply(self, state: State, proposal: Proposal) -> None:
        """Hand it out, and count."""
        units, rewards = int(proposal.parts[0]), int(proposal.parts[1])
        values: dict[str, object] = {}
        if self._count is not None or self._per_day is not None:
            size = self._count.size if self._count else 1
            state.counts.append(Counted(self._rule, units, rewards, size))
            facts = state.member.counts.get(self._rule) if state.member else None
            position = (facts.position if facts else 0) + units
            if self._count is not None:
                values = {"units": units, "position": position % size, "missing": size - position % size}
        if rewards:
            state.gives.extend([self._gift(state)] * rewards)  # each voucher is a thing of its own
            values |= {"kind": self._kind, "name": self._name, "amount": rewards * self._amount}
        state.explain(self._rule, "applied", **values)

    def _gift(self, state: State) -> Give:
        last, instant = life(state.local, self._life)
        start = None if self._activates is None else after(state.day, self._activates)
        return Give(
            self._rule,
            self._kind,
            self._name,
            self._amount,
            last.isoformat() if last else None,
            start.isoformat() if start else None,
            instant.isoformat() if instant else None,
        )
