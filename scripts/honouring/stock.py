"""Where a member's points lie: free at head office, in a store's pool or in its tills.  Production decides.

Placement, its parts and the pool's choice are the functions that head office and pool run.  An account is
numbers here, not lots: points of this programme never end, so no lot is better than another.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple

from agent.headoffice.placing import Policy, parts, points_to_place
from agent.ledger.lending import Lendable
from agent.pool.decisions import to_lend
from agent.sync.allowance import EVERYTHING, MOST_LOANS

POOL = "pool"
Place = tuple[int, str]
"""A store, and its pool or one of its tills: whoever holds allowances of head office."""


class Shops(NamedTuple):
    """How stores keep stock: with a pool, or in their tills."""

    has_pool: bool
    tills: int

    def holders(self) -> list[str]:
        """Return who keeps the stock of any store."""
        return [POOL] if self.has_pool else [str(till) for till in range(self.tills)]

    def holder(self, store: int, till: int) -> Place:
        """Return from whom a till of a store has what it spends."""
        return store, POOL if self.has_pool else str(till)


class Placed(NamedTuple):
    """What one plan did: whether it gave stock, and whether something came home from elsewhere."""

    gave: bool
    took: bool


class Account:
    """One member's points: `free` ones, and allowances (amounts) by place."""

    def __init__(self) -> None:
        self.free = 0
        self.placed: dict[Place, list[int]] = {}

    def copy(self, other: "Account") -> "Account":
        """Return another account that stands as this one does when the line is cut."""
        other.free = self.free
        other.placed = {place: list(amounts) for place, amounts in self.placed.items()}
        return other

    @property
    def balance(self) -> int:
        """All that head office owes the member."""
        return self.free + sum(map(sum, self.placed.values()))

    def at(self, place: Place) -> list[int]:
        """Return what a sale may spend there: a pool lends a few of its allowances, a till has its own."""
        amounts = self.placed.get(place, [])
        return [amount for _, amount in _loans(amounts)] if place[1] == POOL else list(amounts)

    def spend(self, place: Place, points: int) -> None:
        """Spend points that lie at a place; the rest of a loan goes home to the allowance it came of."""
        amounts = self.placed.get(place, [])
        order = [at for at, _ in _loans(amounts)] if place[1] == POOL else range(len(amounts))
        for at in list(order):
            part = min(amounts[at], points)
            amounts[at] -= part
            points -= part
        assert points == 0, "more than lay there"
        self._tidy(place)

    def spend_online(self, place: Place, points: int) -> None:
        """Spend with head office there: what lies here first, then free points, then what is recalled."""
        here = min(points, sum(self.at(place)))
        self.spend(place, here)
        if points - here > self.free:
            self.recall(but=place)
        if points - here > self.free:
            self.recall()
        self.free -= points - here

    def recall(self, *, but: Place | None = None) -> None:
        """Take home what lies elsewhere than at `but`."""
        for place in [one for one in self.placed if one != but]:
            self.free += sum(self.placed.pop(place))

    def place(
        self, policy: Policy, member: str, home: int | None, holders: list[str], *, part: int
    ) -> Placed:
        """Do what one plan does: what lies elsewhere is wanted back, and free by the next plan."""
        elsewhere, points = [place for place in self.placed if place[0] != home], 0
        coming = sum(sum(self.placed[place]) for place in elsewhere)
        if home is not None:
            at_home = self.balance - self.free - coming
            points = points_to_place(policy, balance=self.balance, free=self.free, at_home=at_home)
            if points:
                for holder, some in parts(points, holders, member=member, least=part):
                    self.placed.setdefault((home, holder), []).append(some)
                    self.free -= some
        for place in elsewhere:
            self.free += sum(self.placed.pop(place))
        return Placed(bool(points), coming > 0)

    def _tidy(self, place: Place) -> None:
        if place in self.placed:
            self.placed[place] = [one for one in self.placed[place] if one]


def _loans(amounts: list[int]) -> Iterator[tuple[int, int]]:
    """Yield which allowances a pool lends one after the other at a card read, and how much of each."""
    lendable = [Lendable(at, [("all", amount)]) for at, amount in enumerate(amounts) if amount]
    for _ in range(MOST_LOANS):
        loan = to_lend(lendable, EVERYTHING, 1)
        if loan is None:
            return
        yield loan.number, sum(points for _, points in loan.lots)
        lendable = [one for one in lendable if one.number != loan.number]


class Homes:
    """The store each member visited most in the last days, as of a night."""

    def __init__(self, days: int) -> None:
        self._days = timedelta(days=days)
        self._seen: defaultdict[str, deque[tuple[date, int]]] = defaultdict(deque)

    def note(self, member: str, day: date, store: int) -> None:
        """Note a visit."""
        self._seen[member].append((day, store))

    def of(self, member: str, day: date) -> int | None:
        """Return the home on the night before `day`; of equal ones the one seen last, as the books do it."""
        seen = self._seen[member]
        while seen and seen[0][0] < day - self._days:
            seen.popleft()
        counts = Counter(store for _, store in seen)
        last = {store: at for at, store in seen}
        return min(counts, key=lambda one: (-counts[one], -last[one].toordinal(), str(one)), default=None)
