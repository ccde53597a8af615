"""A real till process and a real head office process with a proxy between that mistreats every fourth call.

A POS sells all the while.  After so many attempts the line is cut until the till has 10,000 entries to
send, then healed; they must drain within a minute.  At the end head office's segments and the till's
ledger are compared entry by entry, and once more with a head office that forgets what it acknowledged.
"""

import asyncio
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any, NamedTuple, Self

from agent.clock import SystemClock, random_id
from agent.errors import LedgerDamaged
from agent.headoffice.segments import Segments
from agent.ledger.ledger import open_ledger
from agent.sync.credentials import write_credentials
from scripts.benches.head_office import HeadOffice
from scripts.faulting.line import Run, hush
from scripts.faulting.till_process import TillProcess
from scripts.replay.seeded import card_number
from tests.chaos.chaos_proxy import FAULTS, ChaosProxy

BACKLOG, DRAIN_S = 10_000, 60.0
TEETH_ATTEMPTS = 60
PATIENCE_S = 120.0
MEMBERS = 200
"""Each receipt carries what its member owns, a lot a receipt: one member alone would make them huge."""
SOUND, FORGETFUL = "agent.cli.headoffice", "scripts.faulting.forgetful_office"
SOUND_CALLS = 40.0
"""Of 57 or so: a till that fails at every second call spends its time in pauses, up to half a minute each."""
CHAOS = {name: fault.weight for name, fault in FAULTS.items()} | {"none": SOUND_CALLS}
CUT, HEALED = {"refuse": 1.0}, {"none": 1.0}


class Outcome(NamedTuple):
    """What one run left behind."""

    attempts: int
    entries: int
    missing: int
    conflicting: int
    drained_s: float
    met: int


def run(count: int, seed: int) -> dict[str, Any]:
    """Make `count` calls through the proxy, then heal it; a bug at head office must be found."""
    told = Run("sync", seed)
    hush()
    backlog = BACKLOG if count >= BACKLOG // 2 else BACKLOG // 25
    outcome = asyncio.run(through_chaos(told, count, seed, backlog=backlog))
    told.say(f"{outcome.entries} entries, {backlog} of them drained in {outcome.drained_s:.1f} s once healed")
    bitten = asyncio.run(through_chaos(told, TEETH_ATTEMPTS, seed, backlog=0, forgetful=True))
    told.say(f"a forgetful head office lacks {bitten.missing} entries")
    teeth = bitten.missing > 0
    sound = not outcome.missing and not outcome.conflicting and 0 <= outcome.drained_s < DRAIN_S
    line = told.line(
        attempts=outcome.attempts,
        teeth=teeth,
        ok=teeth and sound and outcome.entries > 0,
        lost=outcome.missing,
        conflicting=outcome.conflicting,
    )
    return line | {
        "entries": outcome.entries,
        "drained_s": round(outcome.drained_s, 1),
        "outcomes": outcome.met,
    }


async def through_chaos(
    told: Run, count: int, seed: int, *, backlog: int, forgetful: bool = False
) -> Outcome:
    """Sell through the proxy, in processes: `count` calls, then `backlog` entries without a line."""
    with tempfile.TemporaryDirectory(prefix="loyalty-sync-") as place:
        folder = Path(place)
        module = FORGETFUL if forgetful else SOUND
        members = {f"m-{number}": card_number(number) for number in range(MEMBERS)}
        office = HeadOffice(folder / "office", members=members, till_count=1, module=module)
        write_credentials(folder / "till" / "credentials", office.tills[0])
        with office:
            async with ChaosProxy("127.0.0.1", office.port, seed=seed, weights=HEALED) as proxy:
                drained_s = await asyncio.to_thread(_sell_through, told, proxy, folder, (count, backlog))
                met = proxy.counts
        entries, missing, conflicting = _compare(folder)
    return Outcome(
        sum(met.values()), entries, missing, conflicting, drained_s, len(met.keys() & FAULTS.keys())
    )


def _sell_through(told: Run, proxy: ChaosProxy, folder: Path, wanted: tuple[int, int]) -> float:
    """Sell until calls and backlog are reached; return how long that then took to drain, -1: for ever."""
    count, backlog = wanted
    with TillProcess(folder / "till", f"http://127.0.0.1:{proxy.port}") as till, Sales(till) as sales:
        proxy.weights = CHAOS
        _until(lambda: len(proxy.met) >= count, told, lambda: f"{len(proxy.met)} calls")
        proxy.weights = CUT
        _until(lambda: till.backlog() >= backlog, told, lambda: f"backlog {till.backlog()}")
        sales.stop()
        proxy.weights = HEALED
        begun = time.monotonic()
        while time.monotonic() - begun < DRAIN_S:
            if till.is_frozen() or not till.backlog():
                return -1.0 if till.is_frozen() else time.monotonic() - begun
            time.sleep(0.05)
    return -1.0


def _until(holds: Callable[[], bool], told: Run, text: Callable[[], str]) -> None:
    """Wait for as long as something moves at all."""
    last, moved = "", time.monotonic()
    while not holds():
        if (now := text()) != last:
            last, moved = now, time.monotonic()
        assert time.monotonic() - moved < PATIENCE_S, f"stands still at {now}"
        told.tell(now)
        time.sleep(0.1)


def _compare(folder: Path) -> tuple[int, int, int]:
    """Return how many entries the till has, head office lacks, and both have differently."""
    ledger = open_ledger(folder / "till" / "state", clock=SystemClock(), new_id=random_id)
    try:
        ours = {seq: body for seq, body, _ in ledger.read.entries(0, 10**7)}
        incarnation = ledger.incarnation
    finally:
        ledger.close()
    try:
        segments = Segments(folder / "office" / "state" / "segments", for_writing=False)
        theirs = {one.seq: one.body for one in segments.entries(incarnation, 0)}
    except LedgerDamaged:
        return len(ours), len(ours), 0
    return (
        len(ours),
        len(ours.keys() - theirs.keys()),
        sum(ours.get(seq) != body for seq, body in theirs.items()),
    )


class Sales:
    """A POS that sells one receipt after the other, in a thread, until it is stopped."""

    def __init__(self, till: TillProcess) -> None:
        self._till = till
        self._stopping = False
        self._thread = threading.Thread(target=self._sell, daemon=True)
        self._chance = Random(1)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Finish the receipt in hand."""
        self._stopping = True
        self._thread.join(30)

    def _sell(self) -> None:
        number = 0
        while not self._stopping:
            number += 1
            receipt = f"r{number}"
            card = card_number(number % MEMBERS)
            told = self._till.call("POST", "/v1/identifications", {"value": card})
            lines = [{"line": 1, "sku": "milk", "amount_minor": self._chance.randrange(100, 9000)}]
            basket = {
                "receipt_id": receipt,
                "sold_at": SystemClock().now().isoformat(),
                "store": "1",
                "till": "1-1",
                "currency": "USD",
                "lines": lines,
                "instruments": [told["identification_id"]],
            }
            quote = self._till.call("PUT", f"/v1/receipts/{receipt}/quote", basket)
            paid = {"etag": quote.get("etag", ""), "basket": basket, "tenders": []}
            self._till.call("POST", f"/v1/receipts/{receipt}/commit", paid)
