"""Record a ledger's lives once, then start it in every state that a power cut could have left.

A life is recorded on a real folder with the production ledger in it (`recorded`); each state is laid out
in memory, started as the daemon starts, and verified.  A next life begins where a cut or a kill ended one.
"""

import hashlib
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.faultlab.contract import Session, Tally, Target
from tests.faultlab.disk_log import CrashState, Op, Search, crash_states
from tests.faultlab.recorded import RecordedDisk
from tests.faultlab.storage import DirectoryStorage

MEMORY = Path("/dev/shm")
"""States are many and small: they are laid out here where there is such a place."""
SURVIVORS_EVERY = 40


@dataclass
class Findings:
    """What an enumeration met."""

    states: int = 0
    distinct: int = 0
    failed: int = 0
    lost: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)
    operations: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Findings") -> None:
        """Take in what another enumeration met."""
        self.states += other.states
        self.distinct += other.distinct
        self.failed += other.failed
        self.lost += other.lost
        self.kinds += other.kinds
        self.examples = {**other.examples, **self.examples}
        self.operations += other.operations


@dataclass(frozen=True)
class Depth:
    """How much one seed looks at."""

    operations: int = 8
    lives: int = 2
    metadata: str = "journalled"
    samples: int = 6
    every: int = 1
    """Of the distinct states only so many are started: a bug that shows everywhere needs no more."""


def enumerate_crashes(
    target: Target, seed: int, depth: Depth, *, enough: Callable[[Findings], bool] = lambda _: False
) -> Findings:
    """Enumerate one seed: a life from an empty disk, then lives that begin in its crash states.

    Stops early where `enough` says so: a planted bug need be found only once.
    """
    findings, tally, chance = Findings(), Tally(), Random(seed)
    files: Mapping[str, bytes] = {}
    for life in range(depth.lives):
        log = record(target, seed=seed, run=life, limit=depth.operations, files=files)
        search = Search(metadata=depth.metadata, samples=depth.samples, seed=seed)
        survivors = _examine(target, log, search, findings, (files, tally), enough=enough, every=depth.every)
        if not survivors or enough(findings):
            break
        chosen = chance.choice(survivors)
        tally.add((op.kind, op.name) for op in log[: chosen.position + 1] if op.kind in {"attempt", "ack"})
        files = chosen.files
    return findings


def record(target: Target, *, seed: int, run: int, limit: int, files: Mapping[str, bytes]) -> list[Op]:
    """Run the workload on a recorded folder that begins with these files; half the lives end in a kill.

    After a kill the program starts again on what the kernel kept, and the log goes on: what was never
    synced may still vanish with the power.
    """
    chance = Random(f"{seed}/{run}/kill")
    kill_at = chance.randrange(1, limit + 1) if chance.random() < 0.5 else 0
    with _folder() as place, _folder() as again:
        _lay_out(place, files)
        with RecordedDisk(place) as disk:
            claims = _Claims(disk, kill_at, again)
            target.work(disk, Session(run, Random(f"{seed}/{run}"), limit, claims.say))
        if not disk.is_recording:
            with RecordedDisk(again, log=disk.log) as rest:
                later = Session(run + 50, Random(f"{seed}/{run}/2"), 2, _Claims(rest).say)
                target.work(rest, later)
        return disk.log


class _Claims:
    """Puts a life's claims into the log; at one acknowledgement the life is over, as a kill would have it."""

    def __init__(self, disk: RecordedDisk, kill_at: int = 0, again: Path | None = None) -> None:
        self._disk = disk
        self._left = kill_at
        self._again = again

    def say(self, kind: str, name: str) -> None:
        self._disk.note(Op(kind, name))
        self._left -= kind == "ack"
        if self._left == 0 and kind == "ack" and self._again is not None:
            _lay_out(self._again, self._disk.end())


def _examine(
    target: Target,
    log: list[Op],
    search: Search,
    findings: Findings,
    start: tuple[Mapping[str, bytes], Tally],
    *,
    enough: Callable[[Findings], bool],
    every: int,
) -> list[CrashState]:
    files, before = start
    acks = [op.name for op in log if op.kind == "ack"]
    attempts = [op.name for op in log if op.kind == "attempt"]
    findings.operations.update(name.split(":")[0] for name in acks)
    seen: set[tuple[int, bytes]] = set()
    survivors: list[CrashState] = []
    with _folder() as place:
        for state in crash_states(log, search, files):
            findings.states += 1
            key = (state.acked, digest(state.files))
            if key in seen:
                continue
            seen.add(key)
            if len(seen) % every:
                continue
            findings.distinct += 1
            tally = Tally(
                before.attempted.union(attempts[: state.attempted]), before.acked.union(acks[: state.acked])
            )
            _lay_out(place, state.files)
            verdict = tally.judge(target.verify(DirectoryStorage(place)))
            if kinds := verdict.kinds():
                findings.failed += 1
                findings.lost += len(verdict.lost)
                findings.kinds.update(kinds)
                where = f"seed {search.seed}, operation {state.position}, {state.how}"
                told = f"{where}: lost {sorted(verdict.lost)[:3]} {verdict.problems[:2]}"
                findings.examples.setdefault(kinds[0], told)
                if enough(findings):
                    return []
            elif len(seen) % SURVIVORS_EVERY == 0:
                survivors.append(state)
    return survivors


def digest(files: Mapping[str, bytes]) -> bytes:
    """Return what tells two disks apart."""
    total = hashlib.blake2b(digest_size=16)
    for name in sorted(files):
        total.update(f"{name}\0{len(files[name])}\0".encode())
        total.update(files[name])
    return total.digest()


@contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="crash-", dir=MEMORY if MEMORY.is_dir() else None)).resolve()
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def _lay_out(folder: Path, files: Mapping[str, bytes]) -> None:
    for leftover in folder.iterdir():
        leftover.unlink()
    for name, content in files.items():
        (folder / name).write_bytes(content)
