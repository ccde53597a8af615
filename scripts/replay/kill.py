"""Kill running tills while they sell: `scripts/faults kill` ends real daemons with SIGKILL at random moments.

The POS behaves as written for it: it repeats a commit until it is answered and asks what became of a
receipt.  At the end each receipt that it holds an answer for must be at head office, once.
"""

import shutil
import tempfile
import threading
import time
from pathlib import Path
from random import Random
from typing import Any

from scripts.replay.clock import ReceiptClock
from scripts.replay.compare import compare
from scripts.replay.fleet import Fleet
from scripts.replay.receipts import households, sales
from scripts.replay.seeded import choices

TILLS = 2
TEETH_KILLS = 12
LONGEST_LIFE_S = 0.8
ENDLESS = 20_000


class Killer:
    """Ends one till after another at random moments, and starts it again at once."""

    def __init__(self, fleet: Fleet, kills: int, seed: int) -> None:
        self._fleet = fleet
        self._kills = kills
        self._chance = Random(seed)
        self.done = 0
        self.failure: Exception | None = None
        self._thread = threading.Thread(target=self._work, name="killer", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    @property
    def is_working(self) -> bool:
        """Whether kills are still to come."""
        return self._thread.is_alive()

    def _work(self) -> None:
        try:
            while self.done < self._kills:
                till = self._fleet.tills[self.done % len(self._fleet.tills)]
                time.sleep(self._chance.uniform(0.05, LONGEST_LIFE_S))
                if till.process is not None:
                    till.process.kill()
                    till.process.wait()
                self.done += 1
                self._fleet.start_till(till)
                if self.done % 10 == 0:
                    print(f"kills {self.done} of {self._kills}", flush=True)
        except Exception as failure:  # noqa: BLE001 - told in the outcome, and the run fails
            self.failure = failure


def run(*, count: int, seed: int) -> dict[str, Any]:
    """Sell while tills are killed, then with a bug that must be found; return the line of a fault run."""
    begun = time.monotonic()
    figures, faults = _killed(count, seed)
    for fault in faults[:10]:
        print(f"wrong: {fault}")
    wrong = figures["lost"] or figures["duplicated"] or figures["differences"]
    teeth = _bug_is_found(seed)
    return {
        "name": "kill",
        "attempts": count,
        "receipts": figures["receipts"],
        "lost": figures["lost"],
        "duplicated": figures["duplicated"],
        "overspent": 0,
        "half_applied": 0,
        "undetected": 0,
        "conflicting": figures["differences"],
        "teeth": teeth,
        "skipped": None,
        "seed": seed,
        "seconds": round(time.monotonic() - begun, 1),
        "ok": teeth and not faults and not wrong and figures["receipts"] > 0,
    }


def _bug_is_found(seed: int) -> bool:
    """Answer the POS before the commit is done: a kill must show receipts that are gone."""
    figures, faults = _killed(TEETH_KILLS, seed, bug="late-commit")
    print(f"with answers before the commit: {figures['lost']} lost, {len(faults)} faults", flush=True)
    return bool(figures["lost"] or faults)


def _killed(kills: int, seed: int, *, bug: str = "") -> tuple[dict[str, Any], list[str]]:
    work = Path(tempfile.mkdtemp(prefix="loyalty-kill-"))
    fleet = Fleet(work, ReceiptClock(work / "clock"), tills=TILLS, bug=bug)
    try:
        figures, faults = _sell(fleet, kills, seed)
    finally:
        fleet.stop()
    if bug or not faults:
        shutil.rmtree(work)
    else:
        print(f"kept in {work}")
    return figures, faults


def _sell(fleet: Fleet, kills: int, seed: int) -> tuple[dict[str, Any], list[str]]:
    chosen = households(500)
    queue = sales(chosen, ENDLESS)
    first = next(queue)
    fleet.clock.follow(first.sold_at)
    stations = fleet.start(chosen)
    killer = Killer(fleet, kills, seed)
    killer.start()
    for sale in queue:
        if not killer.is_working:
            break
        stations[sale.store % TILLS].serve(sale, choices(seed, sale.basket_id))
    done = {station.name: station.finish() for station in stations}
    fleet.settle()
    outcome = compare(fleet, done, sold_s=0, lag_s=0)
    faults = outcome.faults if killer.failure is None else [*outcome.faults, str(killer.failure)]
    return outcome.figures, faults
