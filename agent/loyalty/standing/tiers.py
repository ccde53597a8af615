"""Tiers: which one a member's measures reach, how long it stays, and what a receipt adds to them.

Everything is derived from the measures at the receipt's local day, so till and head office agree without
telling one another; a tier that head office grants counts if it is the higher one.
"""

import math
from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

from agent.loyalty.language.programme import Text, Tier
from agent.loyalty.language.words import setting
from agent.loyalty.member import MemberFacts
from agent.loyalty.numbers import Exact, exact
from agent.loyalty.quote import Measured
from agent.loyalty.standing.measures import Sums, Window
from agent.loyalty.walk.earn_base import EarnBase
from agent.loyalty.walk.state import State
from agent.loyalty.when.scopes import ScopeCompiler

THOUSAND = 1000
"""Units of goods are measured in thousandths."""
REFERRAL = "referral"
"""The act that counts as a friend."""


class CompiledTier(NamedTuple):
    """A tier ready to be measured; `least` is in the measure's own units."""

    id: str
    word: Tier
    window: Window
    scope: int
    least: Exact
    is_over: bool
    downgrade: str
    is_at_once: bool

    def reached(self, sums: Sums, end: date) -> bool:
        """Return whether the window that ends on a day reaches the tier."""
        total = self.window.total(sums, end)
        return total > self.least if self.is_over else total >= self.least

    def holds(self, sums: Sums, day: date) -> bool:
        """Return whether the tier holds on a day: reached, or reached earlier and kept so long."""
        if self.reached(sums, day):
            return True
        known = self.window.days(sums)
        if self.downgrade == "never":
            return any(self.reached(sums, one) for one in known if one <= day)
        if self.word.until == "measure":
            return False
        first = date(day.year - (self.word.until == "next_year_end"), 1, 1)
        return any(self.reached(sums, one) for one in known if first <= one <= day)


class NextTier(NamedTuple):
    """A tier that is near, and what is missing of its measure, in the measure's own units (more than 0)."""

    id: str
    word: Tier
    missing: int


class TierTable:
    """The tiers of a programme, lowest first."""

    def __init__(self, text: Text, scopes: ScopeCompiler) -> None:
        self._minor = 10**text.programme.minor_digits
        self._base = EarnBase(text.settings)
        made = [self._compiled(name, word, text, scopes) for name, word in text.tier.items()]
        self.tiers = sorted(made, key=lambda one: (one.least, one.is_over, one.id))
        self.rank = {one.id: at for at, one in enumerate(self.tiers)}
        self.any_at_once = any(one.is_at_once for one in self.tiers)
        self._stepped = next((one for one in self.tiers if one.downgrade == "one_step"), None)

    def _compiled(self, name: str, word: Tier, text: Text, scopes: ScopeCompiler) -> CompiledTier:
        factor = {"spend": self._minor, "units": THOUSAND}.get(word.measure, 1)
        if word.measure.startswith("earned:"):
            factor = 10 ** text.decimals(word.measure.removeprefix("earned:"))
        settings = text.settings
        return CompiledTier(
            name,
            word,
            Window(name, word.window),
            scopes.number(word.scope),
            exact(str(word.over or word.at_least or "0")) * factor,
            word.over is not None,
            word.downgrade or setting(settings, "downgrade"),
            (word.takes_effect or setting(settings, "takes_effect")) == "this_receipt",
        )

    def effective(self, facts: MemberFacts | None, day: date, added: Sums | None = None) -> str:
        """Return the tier in force on a day, `added` to the facts; a granted one counts if it is higher."""
        if facts is None:
            return ""
        granted = self.rank.get(facts.tier, -1)
        if not self.tiers:
            return facts.tier
        sums: Mapping[str, int] = facts.measures
        if added:
            sums = {**sums, **{key: sums.get(key, 0) + amount for key, amount in added.items()}}
        earned = self._stepping(sums, day) if self._stepped else self._best(sums, day)
        rank = max(granted, earned)
        return self.tiers[rank].id if rank >= 0 else facts.tier

    def _best(self, sums: Sums, day: date) -> int:
        return next((at for at in range(len(self.tiers) - 1, -1, -1) if self.tiers[at].holds(sums, day)), -1)

    def _stepping(self, sums: Sums, day: date) -> int:
        """Walk the calendar periods from the first known: who loses a tier steps down one at a time."""
        assert self._stepped is not None
        current = -1
        first = min((one for tier in self.tiers for one in tier.window.days(sums)[:1]), default=day)
        for end in self._stepped.window.periods(first, day):
            current = max(self._best_by(sums, end), self._below(current))
        return max(self._best(sums, day), self._below(current))

    def _best_by(self, sums: Sums, end: date) -> int:
        """Return the best tier of a past period; a lifetime's sum is known for today only."""
        dated = (at for at, one in enumerate(self.tiers) if one.word.window != "lifetime")
        return max((at for at in dated if self.tiers[at].holds(sums, end)), default=-1)

    def _below(self, rank: int) -> int:
        if rank < 0:
            return -1
        return {"one_step": rank - 1, "never": rank}.get(self.tiers[rank].downgrade, -1)

    def measured(self, state: State) -> list[Measured]:
        """Return what this receipt adds to each tier's measure; nobody's receipt adds nothing."""
        if state.member is None:
            return []
        found = []
        for tier in self.tiers:
            parts, rest = self._parts(tier, state)
            lines = [(state.basket.lines[at].line, part) for at, part in parts.items() if part]
            if amount := sum(part for _, part in lines) + rest:
                found.append(Measured(tier.window.key(state.day), amount, lines))
        return found

    def next_after(self, state: State, current: str, added: Sums) -> NextTier | None:
        """Return the tier above the `current` one, if what this receipt has `added` brings it near.

        Near is: as much again as this receipt adds reaches it.
        """
        above = self.rank.get(current, -1) + 1
        if state.member is None or above >= len(self.tiers):
            return None
        tier, sums = self.tiers[above], state.member.measures
        brings = added.get(tier.window.key(state.day), 0)
        total = tier.window.total(sums, state.day) + brings
        missing = math.floor(tier.least - total) + 1 if tier.is_over else math.ceil(tier.least - total)
        return NextTier(tier.id, tier.word, missing) if missing <= brings else None

    def _parts(self, tier: CompiledTier, state: State) -> tuple[dict[int, int], int]:
        """Return each line's part of a measure and what belongs to the receipt as a whole."""
        lines = state.lines_of(tier.scope)
        match tier.word.measure:
            case "spend":
                earning = self._base.of(state)
                return {at: earning[at] for at in lines}, 0
            case "units":
                return {at: int(state.units[at] * THOUSAND) for at in lines}, 0
            case "receipts":
                return {}, 1 if lines else 0
            case "friends":
                return {}, 1 if state.basket.event == REFERRAL else 0
            case earned:
                return _earned(earned.removeprefix("earned:"), tier.scope, lines, state)

    def rises_at_once(self, before: str, after: str) -> bool:
        """Return whether the new tier is a higher one that takes effect on the receipt that reaches it."""
        rank = self.rank.get(after, -1)
        return rank > self.rank.get(before, -1) and self.tiers[rank].is_at_once


def _earned(wallet: str, scope: int, lines: Sequence[int], state: State) -> tuple[dict[int, int], int]:
    """Return each line's points and, of a measure of everything, those that no line holds."""
    by_line = [sum(one.points for one in line if one.wallet == wallet) for line in state.points.earned_lines]
    rest = state.points.earned.get(wallet, 0) - sum(by_line) if scope == 0 else 0
    return {at: by_line[at] for at in lines}, rest
