"""What the lab asks of a program: a workload that acknowledges and a verify that looks after it.

The promise under test is always the same: *an acknowledged operation survives, whole; an operation
that was never attempted does not appear; nothing else is wrong*. `Tally.judge` decides it for
every tool.
"""

import importlib
import itertools
import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from agent.ledger.storage import Storage


class UnsupportedError(Exception):
    """This machine refuses the fault (no root, loop device or compiler); the message says why."""


class Folder(Storage, Protocol):
    """A ledger's storage that lies in a folder, real or recorded; lock and shared memory lie there too."""

    @property
    def folder(self) -> Path:
        """Return where it lies."""
        ...


@dataclass(frozen=True)
class Session:
    """Handed to a workload: which life this is, its chance, its length and where to make claims."""

    run: int
    rng: random.Random
    limit: int | None
    say: Callable[[str, str], None]

    def operations(self) -> Iterator[int]:
        """Count 1, 2, 3 … up to the limit, or for ever (the workload is then killed)."""
        return iter(range(1, self.limit + 1)) if self.limit else itertools.count(1)

    def attempt(self, operation: str) -> None:
        """Say that the operation is about to begin: from now on it may appear."""
        self.say("attempt", operation)

    def ack(self, operation: str) -> None:
        """Say that the operation is done: from now on it must appear."""
        self.say("ack", operation)


@dataclass(frozen=True)
class Report:
    """What a ledger shows afterwards: the operations wholly present, and anything that is wrong."""

    present: frozenset[str]
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """How far a ledger fell short of its claims; empty in all three parts when it kept its word."""

    lost: frozenset[str]
    invented: frozenset[str]
    problems: tuple[str, ...]

    def kinds(self) -> list[str]:
        """Name each shortcoming once, without its details."""
        named = [("lost acknowledgement", self.lost), ("invented operation", self.invented)]
        return [name for name, found in named if found] + sorted({p.split(":")[0] for p in self.problems})


@dataclass
class Tally:
    """Everything a workload claimed so far, over all its lives."""

    attempted: set[str] = field(default_factory=set)
    acked: set[str] = field(default_factory=set)

    def add(self, claims: Iterable[tuple[str, str]]) -> None:
        """Take in the claims of one life."""
        for kind, operation in claims:
            (self.acked if kind == "ack" else self.attempted).add(operation)

    def judge(self, report: Report) -> Verdict:
        """Hold the claims against what is there."""
        return Verdict(
            lost=frozenset(self.acked - report.present),
            invented=report.present - self.attempted,
            problems=report.problems,
        )

    def forget(self, operations: Iterable[str]) -> None:
        """Drop losses already reported, so that each is counted once."""
        self.acked.difference_update(operations)


@dataclass(frozen=True)
class Target:
    """A module with `workload(storage, session, **options)` and `verify(storage) -> Report`."""

    module: str
    options: Mapping[str, str]

    def work(self, storage: Folder, session: Session) -> None:
        """Run the workload; `options` choose a variant, such as a planted bug."""
        importlib.import_module(self.module).workload(storage, session, **self.options)

    def verify(self, storage: Folder) -> Report:
        """Open the ledger as the program does at start, and report what is there."""
        report: Report = importlib.import_module(self.module).verify(storage)
        return report
