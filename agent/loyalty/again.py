"""When one walk through the stages is not enough, and what the next one is asked.

No stage looks ahead.  So what a later stage decides for an earlier one is a new question: a catalogue
payment that was refused is not asked for again, a tier that takes effect at once is in force, points of
this very receipt may be spent where the programme says so.  Each can happen once, so it ends.
"""

from agent.loyalty.points import Asked
from agent.loyalty.programme import Text
from agent.loyalty.state import State
from agent.loyalty.tiers import TierTable
from agent.loyalty.words import setting

LAST_TRY = 3


class Rounds:
    """The settings of a programme that ask for another walk."""

    def __init__(self, text: Text, tiers: TierTable) -> None:
        self._tiers = tiers
        self._spendable: tuple[str, ...] = ()
        if setting(text.settings, "same_receipt_points") == "spendable":
            self._spendable = tuple(name for name, word in text.wallet.items() if word.activates is None)

    def next(self, state: State) -> Asked | None:
        """Return the question after this walk, None if it was the last one."""
        asked = state.points.asked
        if state.points.refused:
            gone = {wallet for wallet, _ in state.points.refused.values()}
            left = {name: wish for name, wish in asked.requests.items() if name not in gone}
            reasons = {rule: reason for rule, (_, reason) in state.points.refused.items()}
            return asked.again(requests=left, refused={**asked.refused, **reasons})
        if (tier := self._risen(state)) is not None:
            return asked.again(tier=tier)
        return self._spending_own(state)

    def _risen(self, state: State) -> str | None:
        if not self._tiers.any_at_once:
            return None
        added = {one.measure: one.amount for one in self._tiers.measured(state)}
        after = self._tiers.effective(state.member, state.day, added)
        return after if self._tiers.rises_at_once(state.points.asked.tier, after) else None

    def _spending_own(self, state: State) -> Asked | None:
        """Try with all that would be earned, then with what is earned beside that; else with none.

        Paying with points lowers what is earned, so the second sum is one that the receipt really earns.
        """
        asked = state.points.asked
        wallets = [name for name in self._spendable if asked.requests.get(name)]
        if not wallets or asked.extra_tries >= LAST_TRY:
            return None
        earned = {name: state.points.earned.get(name, 0) for name in wallets}
        if asked.extra_tries < LAST_TRY - 1:
            is_new = earned != {name: asked.extra.get(name, 0) for name in wallets}
            return asked.again(extra=earned, extra_tries=asked.extra_tries + 1) if is_new else None
        if all(earned[name] >= asked.extra.get(name, 0) for name in wallets):
            return None
        return asked.again(extra={}, extra_tries=LAST_TRY)
