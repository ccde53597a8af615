"""Ten thousand tills come back at once: `scripts/bench storm`.

Virtual time: head office's own admission decides and tills obey as their client does; what a request takes
is drawn.  Each till greets, then sends 28 batches one after the other, while its customers go on asking for
allowances; one core serves.  Ideal is the sum of all work: no order of it could be done sooner.
"""

import heapq
from collections import deque
from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

from agent.headoffice.admission import Admission, Lane, Ticket
from scripts.benches.figures import Line, line
from scripts.benches.storm_real import measure as measure_real

TILLS, BATCHES, ENTRIES = 10_000, 28, 500
TAKES_S = {Lane.QUICK: 0.001, Lane.HELLO: 0.001, Lane.BULK: 0.0015}
SPREAD = 0.3
TRIP_S = 0.04
CARD_EVERY_S = 60.0
RATIO, REJECTIONS, P99_MS = 1.05, 2.0, 250.0


def measure(folder: Path, tills: int = TILLS) -> list[Line]:
    """Return bench lines: simulated, then real connections against a real head office process."""
    storm = Storm(tills, seed=1)
    storm.run()
    p99_ms = 1000 * sorted(storm.quick_s)[len(storm.quick_s) * 99 // 100]
    return [
        line("storm_drained", storm.now_s, "all work, end to end", storm.work_s, unit="s", goal=RATIO),
        line("storm_rejections", storm.rejected / tills, "2 a till", REJECTIONS, unit="", goal=1.0),
        line("storm_allowance_p99", p99_ms, "250 ms", P99_MS, goal=1.0),
        *measure_real(folder),
    ]


class Storm:
    """The whole chain in one heap of events."""

    def __init__(self, tills: int, *, seed: int) -> None:
        self.now_s = self.work_s = 0.0
        self.rejected = 0
        self.quick_s: list[float] = []
        self._chance = Random(seed)
        self._admission = Admission(now_s=lambda: self.now_s, chance=self._chance)
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._number = count()
        self._begun: deque[Ticket] = deque()
        self._is_busy = False
        self._then: dict[Ticket, Callable[[], None]] = {}
        self._left = [BATCHES] * tills
        self._waiting = tills
        for till in range(tills):
            self._at(self._chance.random(), partial(self._greet, till))
            self._at(self._chance.expovariate(1 / CARD_EVERY_S), partial(self._card, till))

    def run(self) -> None:
        """Go on until every till has sent everything."""
        while self._waiting:
            self.now_s, _, act = heapq.heappop(self._events)
            act()

    def _at(self, after_s: float, act: Callable[[], None]) -> None:
        heapq.heappush(self._events, (self.now_s + after_s, next(self._number), act))

    def _greet(self, till: int) -> None:
        def welcomed() -> None:
            slot_s = self._admission.slot_s(f"push {till}", self._left[till] * ENTRIES, ENTRIES)
            self._at(TRIP_S + slot_s, partial(self._push, till))

        self._ask(Lane.HELLO, f"hello {till}", welcomed, again=partial(self._greet, till))

    def _push(self, till: int) -> None:
        def acknowledged() -> None:
            self._left[till] -= 1
            if self._left[till]:
                self._at(TRIP_S, partial(self._push, till))
            else:
                self._waiting -= 1

        backlog = (self._left[till] - 1) * ENTRIES
        again = partial(self._push, till)
        self._ask(Lane.BULK, f"push {till}", acknowledged, again=again, entries=ENTRIES, backlog=backlog)

    def _card(self, till: int) -> None:
        asked_s = self.now_s
        self._ask(Lane.QUICK, "", lambda: self.quick_s.append(self.now_s - asked_s), again=None)
        self._at(self._chance.expovariate(1 / CARD_EVERY_S), partial(self._card, till))

    def _ask(
        self,
        lane: Lane,
        caller: str,
        then: Callable[[], None],
        *,
        again: Callable[[], None] | None,
        **more: Any,
    ) -> None:
        answer = self._admission.arrive(lane, caller, **more)
        if isinstance(answer, Ticket):
            self._then[answer] = then
            self._serve()
        elif again is None:
            self.quick_s.append(float("inf"))  # a customer does not come again
        else:
            self.rejected += 1
            self._at(TRIP_S + answer.after_s, again)

    def _serve(self) -> None:
        while (ticket := self._admission.next()) is not None:
            self._begun.append(ticket)
        if self._begun and not self._is_busy:
            self._is_busy = True
            ticket = self._begun.popleft()
            takes_s = TAKES_S[ticket.lane] * self._chance.uniform(1 - SPREAD, 1 + SPREAD)
            self.work_s += takes_s
            self._at(takes_s, partial(self._served, ticket))

    def _served(self, ticket: Ticket) -> None:
        self._is_busy = False
        self._admission.finish(ticket)
        self._then.pop(ticket)()
        self._serve()
