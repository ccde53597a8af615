"""Admission: who is served now, who waits a moment, and who is told when to come again.

Head office keeps one number a lane: the end of the work it has promised.  A till that greets with a
backlog, or comes when too many wait, gets the time at that end and moves it on by what its backlog will
take as measured.  So ten thousand tills that come back at once are spread over exactly the time they need.
Pure: no clock, no chance, no thread of its own; it holds no more than one request and one promise a till.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from random import Random

RUNNERS = 4
LONGEST_SLOT_S = 900.0
SOON_S = 0.5
"""A slot nearer than this is none: the queue takes it."""
MOST_WAITING = 4096
MOST_WORK_S = 30.0
"""What one promise may take, whatever backlog was told."""
DUPLICATE_S = 1.0
LEARNING = 0.05
"""How much of a new measurement counts."""
LARGE_ENTRIES = 100
"""From so many entries on, a batch tells what an entry takes; a smaller one tells what a request does."""


class Lane(IntEnum):
    """What a request waits behind; the lower the number, the sooner it is served."""

    QUICK = 0
    """A customer waits: allowances, whose card."""
    HELLO = 1
    BULK = 2
    """Batches and pages of news."""


LONGEST_WAIT_S = {Lane.QUICK: 0.2, Lane.HELLO: 2.0, Lane.BULK: 2.0}
"""How long a request may be expected to wait; a till hangs up after 10 s, and its work would be wasted."""


@dataclass(slots=True, eq=False)
class Ticket:
    """One request that was let in; a named `caller` has only one of them at a time."""

    lane: Lane
    caller: str
    entries: int
    cost_s: float
    begun_s: float = -1.0
    """When it began to run; below 0 it still waits."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Not now: come again in so many seconds."""

    after_s: float


class Admission:
    """Decides for one process; `now_s` is monotonic seconds."""

    def __init__(self, *, now_s: Callable[[], float], chance: Random, runners: int = RUNNERS) -> None:
        self._now_s = now_s
        self._chance = chance
        # A lane starts work only while fewer than so many run: one runner is always left for who cannot wait.
        self._may_run = {Lane.QUICK: runners, Lane.HELLO: runners - 1, Lane.BULK: runners - 2}
        self._waiting: dict[Lane, deque[Ticket]] = {lane: deque() for lane in Lane}
        self._waiting_s = dict.fromkeys(Lane, 0.0)
        self._callers: set[str] = set()
        self._running = 0
        self._end_s = dict.fromkeys(Lane, 0.0)
        self._promised: dict[Lane, dict[str, float]] = {lane: {} for lane in Lane}
        self._finished_s = 0.0
        self._request_s = dict.fromkeys(Lane, 0.0005)
        self._entry_s = 0.000_001

    def arrive(self, lane: Lane, caller: str, entries: int = 0, backlog: int = 0) -> Ticket | Refused:
        """Let a request with so many entries in to wait, or say when to come again.

        `backlog` is how many entries the caller will still have after this; a refusal promises time for them.
        """
        if caller and caller in self._callers:
            return Refused(DUPLICATE_S * (1 + self._chance.random()))
        cost_s = self._cost_s(lane, entries)
        waiting = self._waiting[lane]
        is_full = self._waiting_s[lane] + cost_s > LONGEST_WAIT_S[lane] or len(waiting) >= MOST_WAITING
        if waiting and is_full:
            batches = backlog // entries if entries else 0
            work_s = cost_s + batches * self._request_s[lane] + backlog * self._entry_s
            return Refused(self._promise(lane, caller, work_s) + self._chance.random())
        ticket = Ticket(lane, caller, entries, cost_s)
        if caller:
            self._callers.add(caller)
        self._waiting_s[lane] += cost_s
        waiting.append(ticket)
        return ticket

    def next(self) -> Ticket | None:
        """Return the request that runs now, if one waits and may."""
        for lane, waiting in self._waiting.items():
            if waiting and self._running < self._may_run[lane]:
                ticket = waiting.popleft()
                self._waiting_s[lane] = self._waiting_s[lane] - ticket.cost_s if waiting else 0.0
                self._running += 1
                ticket.begun_s = self._now_s()
                return ticket
        return None

    def finish(self, ticket: Ticket) -> None:
        """Count a request as done, and learn what one takes; one that never ran gave up waiting."""
        self._callers.discard(ticket.caller)
        lane, now_s = ticket.lane, self._now_s()
        if ticket.begun_s < 0:
            self._waiting[lane].remove(ticket)
            self._waiting_s[lane] -= ticket.cost_s
            return
        self._running -= 1
        # While some wait, the time between two ends is what one takes, however many run side by side.
        took_s = now_s - max(self._finished_s, ticket.begun_s)
        self._finished_s = now_s
        if ticket.entries < LARGE_ENTRIES:
            self._request_s[lane] += LEARNING * (took_s - self._request_s[lane])
        else:
            an_entry_s = max(0.0, took_s - self._request_s[lane]) / ticket.entries
            self._entry_s += LEARNING * (an_entry_s - self._entry_s)

    def slot_s(self, caller: str, backlog: int, batch: int) -> float:
        """Promise `caller` the time for its backlog; return in how many seconds that begins, 0 for now."""
        if not backlog:
            return 0.0
        batches = -(-backlog // batch)
        work_s = batches * self._request_s[Lane.BULK] + backlog * self._entry_s
        ahead_s = self._promise(Lane.BULK, caller, work_s)
        return ahead_s + self._chance.random() if ahead_s > SOON_S else 0.0

    def _promise(self, lane: Lane, caller: str, work_s: float) -> float:
        """Move the end of promised work on; return how far away it was.

        Who holds a promise that has not come yet is told the same again: repeating a greeting, or lying
        about a backlog, must not push everybody else away.
        """
        now_s, promised = self._now_s(), self._promised[lane]
        while promised and (first := next(iter(promised.items())))[1] <= now_s:
            del promised[first[0]]
        if caller in promised:
            return promised[caller] - now_s
        begin_s = max(self._end_s[lane], now_s + self._waiting_s[lane])
        if begin_s - now_s > LONGEST_SLOT_S:
            return LONGEST_SLOT_S
        self._end_s[lane] = begin_s + min(work_s, MOST_WORK_S)
        if caller:
            promised[caller] = begin_s
        return begin_s - now_s

    def _cost_s(self, lane: Lane, entries: int) -> float:
        return self._request_s[lane] + entries * self._entry_s
