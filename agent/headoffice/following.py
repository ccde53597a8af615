"""Placement follows booking: members whose points changed are planned again soon, in the serving process.

A member's turn comes when nothing of theirs was booked for `after_s` seconds: what was recalled for a sale
that still runs is not sent home meanwhile, and a sale's entries make one allowance.  Turns that a stop
forgets, and what time alone changes, are the night's.
"""

import heapq
from datetime import timedelta
from itertools import takewhile
from typing import NamedTuple

from agent.config.headoffice import Placement
from agent.headoffice import stock
from agent.headoffice.office import Office
from agent.headoffice.placement import plan_for
from agent.headoffice.recalling import recall
from agent.headoffice.store import placements, tills
from agent.headoffice.store.settings import change

AT_ONCE = 50
"""Members looked at between two batches of booking, in one transaction and one flush."""
MOST_TURNS = 100_000
"""About 20 MB; more are not kept in memory: the books know who else changed."""
REST_S = 3600.0
"""A member is given stock once in so long: a till whose clock runs ahead gives it back each time."""


class _Turn(NamedTuple):
    due_s: float
    version: int
    member: str


class Following:
    """Places what booking changed; belongs to the thread that books."""

    def __init__(self, office: Office, config: Placement) -> None:
        self._office = office
        self._config = config
        self._noticed = change(office.store)
        self._turns: list[_Turn] = []
        self._placed: dict[str, float] = {}

    def place_some(self) -> int:
        """Place and recall for members whose turn it is, some at a time; return how many those were.

        Raises:
            LedgerReadOnly: nothing can be set aside now; their turn comes again.
        """
        self._notice()
        now_s = self._office.clock.monotonic_s()
        if not self._turns or tills.behind(self._office.store):
            return 0
        due: list[_Turn] = []
        while self._turns and self._turns[0].due_s <= now_s and len(due) < AT_ONCE:
            due.append(heapq.heappop(self._turns))
        if not due:
            return 0
        try:
            self._place(due, now_s)
        except BaseException:
            for turn in due:
                heapq.heappush(self._turns, turn)
            raise
        return len(due)

    def _notice(self) -> None:
        """Give a turn to everybody who changed since the last look."""
        now_s = self._office.clock.monotonic_s()
        room = MOST_TURNS - len(self._turns)
        for row in placements.changed_since(self._office.store, self._noticed, room):
            rested_s = self._placed.get(row["member"], -REST_S) + REST_S
            due_s = max(now_s + self._config.after_s, rested_s)
            heapq.heappush(self._turns, _Turn(due_s, row["version"], row["member"]))
            self._noticed = row["version"]

    def _place(self, due: list[_Turn], now_s: float) -> None:
        current = placements.versions_of(self._office.store, [turn.member for turn in due])
        # Whoever changed again has a later turn.
        members = [turn.member for turn in due if current.get(turn.member) == turn.version]
        if not members:
            return
        planned = plan_for(self._office, self._config, members)
        if planned.orders:
            stock.place(self._office, planned.orders, honour=timedelta(days=self._config.honour_days))
        if planned.recalls:
            with self._office.store.writing():
                recall(self._office.store, planned.recalls)
        self._rest({order.member for order in planned.orders}, now_s)

    def _rest(self, members: set[str], now_s: float) -> None:
        """Let members rest who were given stock; those placed longest ago stand first."""
        for member in members:
            self._placed.pop(member, None)
            self._placed[member] = now_s
        rested = list(takewhile(lambda one: self._placed[one] + REST_S <= now_s, self._placed))
        for member in rested:
            del self._placed[member]


def following(office: Office, config: Placement) -> Following | None:
    """Return what places after bookings, None where the configuration leaves it to the night."""
    return Following(office, config) if config.policy != "none" and config.after_s else None
