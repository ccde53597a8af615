"""Fill the disk under a selling till: it refuses, loses nothing, and heals when there is room."""

import os
import random
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from agent.errors import LedgerReadOnly
from agent.ledger.ledger import Ledger
from tests.faultlab.contract import Tally, UnsupportedError
from tests.faultlab.storage import DirectoryStorage
from tests.ledger_operations import Till
from tests.ledger_target import PLANS, opened, verify

REFUSALS = 51
SMALLEST_KIB, LARGEST_KIB, HEALED = 64, 800, "16m"
LONGEST = 2000
PADDING = 1200
"""Bytes of padding files, so that the disk is never full at the same byte of a page."""


@dataclass
class Outcome:
    """What full disks did."""

    attempts: int = 0
    acked: int = 0
    refused: int = 0
    lost: int = 0
    failures: list[str] = field(default_factory=list)


def full_disks(
    *, attempts: int, seed: int, bug: str = "", tell: Callable[[Outcome], bool] = lambda _: False
) -> Outcome:
    """Sell on disks of random sizes until they refused often, make room, and sell on.

    Raises:
        UnsupportedError: this machine mounts no small disk.
    """
    chance, outcome = random.Random(seed), Outcome()
    for number in range(attempts):
        with _small_disk(chance.randrange(SMALLEST_KIB, LARGEST_KIB)) as place:
            (place / "padding").write_bytes(bytes(chance.randrange(PADDING)))
            _fill(place, random.Random(f"{seed}/{number}"), bug, outcome)
        outcome.attempts += 1
        if tell(outcome):
            break
    return outcome


@contextmanager
def _small_disk(kib: int) -> Iterator[Path]:
    if os.geteuid() != 0:
        raise UnsupportedError("mounting a small disk needs root")
    with tempfile.TemporaryDirectory(prefix="full-") as folder:
        made = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={kib}k", "tmpfs", folder], check=False, capture_output=True
        )
        if made.returncode:
            raise UnsupportedError(f"this machine mounts no tmpfs: {made.stderr.decode().strip()}")
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", folder], check=True)


def _fill(place: Path, chance: random.Random, bug: str, outcome: Outcome) -> None:
    tally, ledger = Tally(), None
    try:
        ledger = opened(DirectoryStorage(place), bug=bug, plan=PLANS["small"])
    except LedgerReadOnly:
        outcome.refused += 1  # not even the empty ledger fits
    if ledger is not None:
        _sell(ledger, Till(ledger, chance, 0), tally, outcome)
    subprocess.run(["mount", "-o", f"remount,size={HEALED}", place], check=True)
    ledger = ledger or opened(DirectoryStorage(place), bug=bug, plan=PLANS["small"])
    till, refused = Till(ledger, chance, 1), outcome.refused
    _sell(ledger, till, tally, outcome, most=5)
    ledger.close()
    verdict = tally.judge(verify(DirectoryStorage(place)))
    outcome.lost += len(verdict.lost)
    if outcome.refused > refused:
        outcome.failures.append("it went on refusing when there was room")
    if verdict.kinds():
        outcome.failures.append(f"{verdict.kinds()} lost {sorted(verdict.lost)[:3]} {verdict.problems[:2]}")


def _sell(ledger: Ledger, till: Till, tally: Tally, outcome: Outcome, *, most: int = LONGEST) -> None:
    refused = 0
    for number in range(1, most + 1):
        name, change = till.next(number)
        tally.add([("attempt", name)])
        try:
            ledger.write(change).result()
        except LedgerReadOnly:
            till.undo(name)
            refused += 1
            if refused >= REFUSALS:
                break
            continue
        except Exception as failure:  # noqa: BLE001 - what was acknowledged is not there to go on with
            outcome.failures.append(f"{name} ended with {failure!r}")
            break
        tally.add([("ack", name)])
        outcome.acked += 1
    outcome.refused += refused
