"""Fail each file call of a ledger's life once, or for good, and verify what is left on the disk.

A first life counts the calls of each class; then one life a call, error and persistence.  Besides the usual
verdict there is one rule: after a failed sync nothing more is acknowledged, because the kernel marks the
lost pages clean and later syncs succeed without them.
"""

import errno
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from agent.errors import LoyaltyError
from tests.faultlab.contract import Session, Tally, Target
from tests.faultlab.crash_states import MEMORY
from tests.faultlab.disk_log import Op
from tests.faultlab.recorded import Fault, RecordedDisk
from tests.faultlab.storage import DirectoryStorage

ERRORS = {
    "open": (errno.EIO, errno.EACCES),
    "read": (errno.EIO,),
    "write": (errno.EIO, errno.ENOSPC),
    "sync": (errno.EIO,),
    "sync_directory": (errno.EIO,),
    "truncate": (errno.EIO,),
    "delete": (errno.EIO,),
    "rename": (errno.EIO, errno.ENOSPC),
}


@dataclass
class Outcome:
    """What the faults did."""

    runs: Counter[str] = field(default_factory=Counter)
    fired: int = 0
    acked: int = 0
    lost: int = 0
    failures: list[str] = field(default_factory=list)

    def add(self, other: "Outcome") -> None:
        """Take in what other faults did."""
        self.runs += other.runs
        self.fired += other.fired
        self.acked += other.acked
        self.lost += other.lost
        self.failures += other.failures


def io_faults(
    target: Target,
    *,
    operations: int,
    seed: int,
    limit: int = 300,
    every: int = 1,
    calls: tuple[str, ...] = tuple(ERRORS),
    tell: Callable[[Outcome], bool] = lambda _: False,
) -> Outcome:
    """Run the faults on the first `limit` calls of each class named, or every so-manieth of them.

    Stops early where `tell` says so.
    """
    outcome = Outcome()
    home = Path(tempfile.mkdtemp(prefix="iofaults-", dir=MEMORY if MEMORY.is_dir() else None)).resolve()
    try:
        _, counts, _ = _live(target, home / "0", operations=operations, seed=seed, fault=None)
        for fault in _faults(counts, calls, limit=limit, every=every):
            _run(target, home, fault, operations=operations, seed=seed, outcome=outcome)
            if tell(outcome):
                break
    finally:
        shutil.rmtree(home)
    return outcome


def _faults(counts: Counter[str], calls: tuple[str, ...], *, limit: int, every: int) -> Iterator[Fault]:
    for call in calls:
        for number in range(1, min(counts[call], limit) + 1, every):
            for error in ERRORS[call]:
                yield Fault(call, number, error)
                yield Fault(call, number, error, for_good=True)


def _run(target: Target, home: Path, fault: Fault, *, operations: int, seed: int, outcome: Outcome) -> None:
    root = home / "life"
    log, _, raised = _live(target, root, operations=operations, seed=seed, fault=fault)
    tally = Tally()
    tally.add((op.kind, op.name) for op in log if op.kind in {"attempt", "ack"})
    verdict = tally.judge(target.verify(DirectoryStorage(root)))
    kinds = verdict.kinds()
    outcome.runs[fault.call] += 1
    outcome.fired += any(op.kind == "fail" for op in log)
    outcome.acked += len(tally.acked)
    outcome.lost += len(verdict.lost)
    if acknowledged_after_failed_sync(log):
        kinds.append("acknowledged after a failed sync")
    if renamed_after_failed_sync(log):
        kinds.append("put to use after a failed sync")
    if raised is not None and not isinstance(raised, LoyaltyError):
        kinds.append(f"ended with {raised!r}, which is none of our errors")
    if kinds:
        outcome.failures.append(f"{fault}: {kinds} lost {sorted(verdict.lost)[:3]} {verdict.problems[:1]}")


def _live(
    target: Target, root: Path, *, operations: int, seed: int, fault: Fault | None
) -> tuple[list[Op], Counter[str], Exception | None]:
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir()
    raised: Exception | None = None
    with RecordedDisk(root, fault=fault) as disk:
        session = Session(0, Random(f"{seed}/0"), operations, lambda kind, name: disk.note(Op(kind, name)))
        try:
            target.work(disk, session)
        except Exception as failure:  # noqa: BLE001 - judged above: it must be one of ours
            raised = failure
        return disk.log, disk.counts, raised


def acknowledged_after_failed_sync(log: list[Op]) -> bool:
    """Tell whether an acknowledgement rests on bytes or names whose sync had failed.

    It may come after a failure if the log was synced before that: a checkpoint failed behind a commit.  A
    failed sync of the folder is forgiven when no name was waiting for it, or a later one succeeded; one of
    the witness, since a sale goes on without it; one of a directory on its way has a rule of its own.
    """
    waiting = failed = names_failed = is_durable = False
    for op in log:
        match op.kind:
            case "attempt":
                is_durable = False
            case "sync" if op.name.endswith("-wal"):
                is_durable = not failed
            case "create" | "delete" | "rename" if not op.name.startswith("witness"):
                waiting = True
            case "sync_directory":
                waiting = names_failed = False
            case "fail" if op.target == "sync" and not op.name.startswith(("witness", "members-")):
                failed = True
            case "fail" if op.target == "sync_directory":
                names_failed = waiting
            case "ack" if names_failed or (failed and not is_durable):
                return True
            case _:
                pass
    return False


def renamed_after_failed_sync(log: list[Op]) -> bool:
    """Tell whether a directory got its name though its bytes may be lost: they must be written once more."""
    spoiled: set[str] = set()
    for op in log:
        match op.kind:
            case "fail" if op.target == "sync" and op.name.startswith("members-"):
                spoiled.add(op.name)
            case "write" if op.offset == 0:
                spoiled.discard(op.name)
            case "rename" if op.name in spoiled:
                return True
            case _:
                pass
    return False
