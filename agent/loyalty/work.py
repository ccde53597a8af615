"""What a compiled rule is: when it may speak, and what its verb proposes or does."""

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple, Protocol

from agent.loyalty.conditions import Condition, Refusal
from agent.loyalty.numbers import Exact
from agent.loyalty.state import Rest, State


class Proposal(NamedTuple):
    """What a rule would take off or earn on each line, in `den`ths; `rests` are unrounded rests after it."""

    parts: Sequence[int]
    rests: Sequence[Rest] | None = None
    den: int = 1

    @property
    def total(self) -> Exact:
        """The whole of it, by which `best` compares."""
        return self.share(sum(self.parts))

    def share(self, part: int) -> Exact:
        """Return a part as an exact number."""
        return part if self.den == 1 else Fraction(part, self.den)


class Work(Protocol):
    """A verb at work; stages with groups propose first and apply what is left of it."""

    def propose(self, state: State) -> Proposal | Refusal:
        """Return what it would do now, changing nothing, or why nothing."""

    def apply(self, state: State, proposal: Proposal) -> None:
        """Do it, and say so in the state's reasons."""


class CompiledRule:
    """A rule ready to run."""

    __slots__ = ("checks", "exclusive", "group", "id", "order", "stage", "work")

    def __init__(
        self, rule: str, stage: str, work: Work, checks: tuple[Condition, ...], *, priority: int = 0
    ) -> None:
        self.id = rule
        self.stage = stage
        self.work = work
        self.checks = checks
        self.order = (-priority, rule)
        self.group = ""
        self.exclusive = False

    def refusal(self, state: State) -> Refusal | None:
        """Return why the rule may not speak here, None if it may.

        "Missing" speaks when nothing else fails: the cashier must not ask for 3.00 more in vain.
        """
        missing: Refusal | None = None
        for check in self.checks:
            why = check(state)
            if why is None:
                continue
            if why[0] != "missing":
                return why
            missing = why if missing is None else ("missing", {"what": "condition"})
        return missing
