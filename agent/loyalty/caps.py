"""How often a rule may serve one member, a day or ever, and how often everybody together.

What all members share (`max_total`) head office counts; a till spends the slice it was given, which the
facts hold as "total:RULE".
"""

from typing import NamedTuple

from agent.loyalty.member import CountFacts
from agent.loyalty.programme import Rule
from agent.loyalty.quote import Counted
from agent.loyalty.refusal import Condition, Refusal
from agent.loyalty.state import State


class Caps(NamedTuple):
    """The caps of one rule; None: no such cap."""

    rule: str
    per_day: int | None = None
    per_member: int | None = None
    total: int | None = None

    @property
    def is_any(self) -> bool:
        """Whether the rule has any of them."""
        return self.per_day is not None or self.per_member is not None or self.total is not None

    def refusal(self, state: State, size: int = 1) -> Refusal | None:
        """Return why the rule may serve no more, None if it may; a reward takes `size` units."""
        held = counted(state, self.rule)
        if self.per_day is not None and today(state, held) >= self.per_day:
            return "cap_reached", {"max_per_day": self.per_day}
        if self.per_member is not None and held.lifetime // size >= self.per_member:
            return "cap_reached", {"max_per_member": self.per_member}
        left = self.left(state)
        return ("cap_reached", {"max_total": self.total}) if left is not None and left <= 0 else None

    def left(self, state: State) -> int | None:
        """Return what this till's slice still allows, None where it has none or the rule needs none."""
        if self.total is None or state.member is None:
            return None
        slice_ = state.member.counts.get(f"total:{self.rule}")
        return slice_.position if slice_ is not None else None

    def is_unsure(self, state: State) -> bool:
        """Return whether only head office can tell that there is one left."""
        return self.total is not None and self.left(state) is None


def is_capped_at_once(rule: Rule) -> bool:
    """Return whether a rule's caps stand before it: gifts other than free goods look after their own."""
    return rule.give is None or rule.give.free is not None


def caps_of(name: str, rule: Rule) -> Caps:
    """Return a rule's caps."""
    return Caps(name, rule.max_per_day, rule.max_per_member, rule.max_total)


def cap_condition(caps: Caps) -> Condition:
    """Return the condition that a rule which gives at once is not used up.

    A discount cannot be taken back later: where nobody knows that one is left, it is not given.
    """

    def check(state: State) -> Refusal | None:
        if state.member is None:
            return "not_identified", {}
        return ("offline_limit", {}) if caps.is_unsure(state) else caps.refusal(state)

    return check


def counted_uses(state: State, capped: list[Caps]) -> list[Counted]:
    """Return one use of each capped rule that applied."""
    return [
        Counted(one.rule, 1, 1, 1)
        for one in capped
        if one.rule in state.reasons and state.reasons[one.rule].code == "applied"
    ]


def counted(state: State, rule: str) -> CountFacts:
    """Return where the member stands on a rule."""
    held = state.member.counts.get(rule) if state.member is not None else None
    return held or CountFacts()


def today(state: State, held: CountFacts) -> int:
    """Return what was counted on the receipt's day."""
    return held.today if held.day == state.day else 0
