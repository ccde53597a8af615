"""Single bits flipped in a ledger at rest: what changed a row is seen by verifying, every time."""

import tempfile
from pathlib import Path
from random import Random
from typing import Any

from agent.ledger.database import connect
from agent.ledger.first_run import NAME
from agent.ledger.verify import Problem, VerifyReport, verify
from scripts.faulting.line import Run
from tests.faultlab.bit_flips import Outcome, Verify, bit_flips
from tests.faultlab.contract import Session
from tests.faultlab.storage import DirectoryStorage
from tests.ledger_target import workload

OPERATIONS = 60
TEETH_FLIPS = 300


def run(*, count: int, seed: int) -> dict[str, Any]:
    """Flip so many bits; then a verify that trusts integrity_check must be found."""
    run = Run("bit-flips", seed)

    def tell(outcome: Outcome) -> bool:
        run.tell(f"{outcome.flips} of {count}, {outcome.mattered} mattered, {outcome.undetected} unseen")
        return False

    outcome = flips(count, seed, verify, tell)
    run.say(
        f"{outcome.mattered} of {outcome.flips} mattered, {outcome.undetected} unseen {dict(outcome.tables)}"
    )
    for example in outcome.examples[:5]:
        run.say(example)
    teeth = flips(TEETH_FLIPS, seed, trusting, lambda one: one.undetected > 0).undetected > 0
    ok = teeth and not outcome.undetected and outcome.mattered > 0
    return run.line(attempts=outcome.flips, undetected=outcome.undetected, teeth=teeth, ok=ok)


def flips(count: int, seed: int, verify: Verify, tell: Any = lambda _: False) -> Outcome:
    """Flip bits of a ledger that has seen every operation."""
    with tempfile.TemporaryDirectory(prefix="flips-") as home:
        clean, work = Path(home, "clean"), Path(home, "work")
        clean.mkdir()
        work.mkdir()
        workload(DirectoryStorage(clean), Session(0, Random(seed), OPERATIONS, lambda *_: None))
        return bit_flips(clean / NAME, work, flips=count, seed=seed, verify=verify, tell=tell)


def trusting(folder: Path) -> VerifyReport:
    """Verify as one would that knows SQLite alone: the planted bug."""
    db = connect(folder / NAME, read_only=True)
    try:
        said = str(db.execute("PRAGMA integrity_check").fetchone()[0])
    except Exception as failure:  # noqa: BLE001 - whatever it says, it was seen
        said = str(failure)
    finally:
        db.close()
    return VerifyReport("", 0, [] if said == "ok" else [Problem("file", said, "")])
