"""The money of a line that earns points and counts as spent: the settings decide what is left out of it."""

from collections.abc import Mapping

from agent.loyalty.state import State
from agent.loyalty.tax import tax_of
from agent.loyalty.words import setting


class EarnBase:
    """The settings of earning, read once; by default amounts after discounts less what points pay."""

    def __init__(self, settings: Mapping[str, str]) -> None:
        self._before_discounts = setting(settings, "earn_discounts") == "before"
        self._without_tax = setting(settings, "earn_tax") == "excl"
        self._point_paid = setting(settings, "earn_point_paid")
        self._without_value = setting(settings, "earn_stored_value_paid") == "excluded"
        self._fixed_shrinks = setting(settings, "fixed_tax") == "discounted"
        self._is_discount = setting(settings, "points_are") == "discount"

    def of(self, state: State) -> list[int]:
        """Return each line's earning money, in minor units, never below zero; worked out once all is paid."""
        points = state.points
        if points.earning is None:
            points.earning = [self._line(state, at) for at in range(len(state.amounts))]
            if self._point_paid == "whole_receipt" and any(points.by_points):
                points.earning = [0] * len(state.amounts)
        return points.earning

    def _line(self, state: State, at: int) -> int:
        points = state.points
        by_points = points.by_points[at]
        amount = state.amounts[at] + (by_points if self._is_discount else 0)
        if self._before_discounts:
            amount = state.basket.lines[at].amount_minor
        if self._without_tax:
            amount -= tax_of(state.basket.lines[at], amount, fixed_shrinks=self._fixed_shrinks) or 0
        if self._point_paid == "excluded":
            amount -= by_points
        if self._without_value:
            amount -= points.by_value[at]
        return max(0, amount)
