"""The production ledger under the fault lab: a till's life, and what a start finds after it.

Option `bug` names a planted one of `tests/faultlab/mutants.py`.
"""

from agent.clock import random_id
from agent.errors import LedgerError
from agent.ledger.ledger import Ledger, open_ledger
from agent.ledger.storage import Storage
from agent.ledger.verify import verify as verify_ledger
from agent.ledger.writer import LogPlan
from tests.faultlab.contract import Folder, Report, Session
from tests.faultlab.mutants import MUTANTS
from tests.ledger_operations import CountingClock, Till, present

PLANS = {
    "small": LogPlan(grown_bytes=16 * 4096, checkpoint_after=3, checkpoint_at_latest=5),
    "rare": LogPlan(grown_bytes=16 * 4096, checkpoint_after=10_000, checkpoint_at_latest=10_000),
    "each": LogPlan(grown_bytes=16 * 4096, checkpoint_after=1, checkpoint_at_latest=1),
    "production": LogPlan(),
}
"""A small log wraps around often; with rare checkpoints only the sync of a commit makes it durable.
With one after each commit every receipt is filed at once, and none is answered from memory.
"""
BUG_PLANS = {"repeat-is-new": "each"}


def workload(storage: Folder, session: Session, *, bug: str = "", plan: str = "small") -> None:
    """Open the ledger as the daemon does and work until the limit, a failure, or the end of the process."""
    ledger = opened(storage, bug=bug, plan=PLANS[BUG_PLANS.get(bug, plan)])
    try:
        till = Till(ledger, session.rng, session.run)
        for number in session.operations():
            name, change = till.next(number)
            session.attempt(name)
            ledger.write(change).result()
            session.ack(name)
            if name.startswith(("post", "burn")) and session.rng.random() < 0.2:
                till.repeat(change)
    finally:
        ledger.close()


def opened(storage: Folder, *, bug: str = "", plan: LogPlan) -> Ledger:
    """Open the production ledger in this folder, with a planted bug or none."""
    place: Storage = MUTANTS[bug](storage)
    return open_ledger(storage.folder, clock=CountingClock(), new_id=random_id, storage=place, plan=plan)


def verify(storage: Folder) -> Report:
    """Start as the daemon does, look at every operation, close, and let `ledger verify` look at all of it."""
    try:
        ledger = opened(storage, plan=LogPlan(grown_bytes=0))
    except LedgerError as refused:
        return Report(frozenset(), (f"refused: {refused}",))
    try:
        problems = [f"frozen: {reason}"] if (reason := ledger.read.frozen()) else []
        names, wrong = present(ledger)
    finally:
        ledger.close()
    problems += wrong
    problems += [f"verify: {one.where} {one.says}" for one in verify_ledger(storage.folder).problems]
    return Report(frozenset(names), tuple(problems))
