"""What a compiled rule is: when it may speak, and what its verb proposes or does."""

from collections.abc import Collection, Sequence
from fractions import Fraction
from typing import Any, NamedTuple, Protocol

from agent.loyalty.numbers import Exact
from agent.loyalty.refusal import Condition, Refusal
from agent.loyalty.state import State
from agent.loyalty.taking import Taking


class Proposal(NamedTuple):
    """What a rule would earn on each line, in `den`ths, or do in numbers of its own."""

    parts: Sequence[int]
    den: int = 1

    @property
    def total(self) -> Exact:
        """The whole of it, by which `best` compares."""
        return self._exact(sum(self.parts))

    def lines(self) -> list[int]:
        """Return the positions for which it offers something."""
        return [at for at, part in enumerate(self.parts) if part]

    def share(self, at: int) -> Exact:
        """Return its part of a line."""
        return self._exact(self.parts[at])

    def only(self, lines: Collection[int]) -> "Proposal":
        """Return what is left of it when it is to keep to these lines."""
        return self._replace(parts=[part if at in lines else 0 for at, part in enumerate(self.parts)])

    def _exact(self, part: int) -> Exact:
        return part if self.den == 1 else Fraction(part, self.den)


Offer = Taking | Proposal


class Work(Protocol):
    """A verb at work; stages with groups ask for its offer first and apply what is left of it."""

    def propose(self, state: State) -> Offer | Refusal:
        """Return what it would do now, changing nothing, or why nothing."""

    def apply(self, state: State, proposal: Any) -> None:
        """Do what it offered, and say so in the state's reasons."""


class CompiledRule:
    """A rule ready to run."""

    __slots__ = ("checks", "exclusive", "group", "has_code", "id", "order", "stage", "work")

    def __init__(
        self, rule: str, stage: str, work: Work, checks: tuple[Condition, ...], order: tuple[int, str]
    ) -> None:
        self.id = rule
        self.stage = stage
        self.work = work
        self.checks = checks
        self.order = order
        self.group = ""
        self.exclusive = False
        self.has_code = False

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
