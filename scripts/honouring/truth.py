"""The independent count: what each member earned and was handed out, kept from the receipts alone.

It knows nothing of allowances, pools, tills or caps; points handed out beyond what a member owned are
overspent, whoever decided it.
"""

from collections import Counter
from collections.abc import Hashable


class Truth:
    """What members own: one count for the life online, one for each cut that they live through."""

    def __init__(self) -> None:
        self._owned: Counter[str] = Counter()
        self._cut: dict[str, tuple[Hashable, int]] = {}
        self._lost: dict[tuple[str, Hashable], int] = {}

    def online(self, member: str, *, earned: int, redeemed: int) -> None:
        """Count a receipt of the life without cuts."""
        self._owned[member] += earned - redeemed
        self._note(member, "online", self._owned[member])

    def owned(self, member: str, cut: Hashable) -> int:
        """Return what a member owns in this cut; it begins with what was owned before."""
        known = self._cut.get(member)
        if known is None or known[0] != cut:
            self._cut[member] = known = (cut, self._owned[member])
        return known[1]

    def offline(self, member: str, cut: Hashable, *, earned: int, redeemed: int) -> None:
        """Count a receipt of a cut."""
        left = self.owned(member, cut) - redeemed
        self._note(member, cut, left)
        self._cut[member] = (cut, left + earned)

    def balance(self, member: str) -> int:
        """Return what a member owns in the life without cuts."""
        return self._owned[member]

    @property
    def overspent(self) -> int:
        """All points handed out that nobody owned, at the worst moment of each member and cut."""
        return sum(self._lost.values())

    @property
    def worst_cut(self) -> int:
        """The most of them in one cut."""
        cuts: Counter[Hashable] = Counter()
        for (_, cut), lost in self._lost.items():
            cuts[cut] += lost
        return max(cuts.values(), default=0)

    def _note(self, member: str, cut: Hashable, left: int) -> None:
        if left < 0:
            self._lost[member, cut] = max(self._lost.get((member, cut), 0), -left)
