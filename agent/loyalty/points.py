"""The points side of one evaluation: what was asked of it, which tier holds, what its stages noted."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from agent.loyalty.basket import Basket
from agent.loyalty.quote import Earned, Reason, Spent


@dataclass(slots=True)
class Asked:
    """The question behind one walk through the stages; a walk may lead to another question, never back.

    `requests` are the redemptions still asked for, `refused` the reasons of those that were not granted,
    `extra` points of this very receipt that may be spent on it, `tier` the one in force.
    """

    requests: Mapping[str, Any]
    draw: int = 0
    tier: str = ""
    refused: dict[str, Reason] = field(default_factory=dict)
    extra: dict[str, int] = field(default_factory=dict)
    extra_tries: int = 0

    def again(self, **changes: Any) -> "Asked":
        """Return the same question with something changed."""
        return replace(self, **changes)


class PointsNotes:
    """What pay, earn and give note for the stages after them; made for one walk."""

    def __init__(self, basket: Basket, asked: Asked) -> None:
        lines = basket.lines
        self.asked = asked
        self.is_live = False
        self.by_points = [0] * len(lines)
        self.by_value = [0] * len(lines)
        self.spent: list[Spent] = []
        self.confirm: list[Reason] = []
        self.refused: dict[str, tuple[str, Reason]] = {}
        self.visits: dict[str, int] = {}
        self.earning: list[int] | None = None
        self.earned_lines: list[list[Earned]] = [[] for _ in lines]
        self.earned: dict[str, int] = {}
