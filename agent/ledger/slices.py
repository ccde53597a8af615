"""The journal verified a slice at a time while nobody sells: what a start has no time for.

A start checks the tail; this goes through all of it, over a connection of its own, and begins anew a
day later.  What it finds is shown, and `ledger verify` then says everything.
"""

from typing import Any

from agent.clock import Clock
from agent.errors import LedgerDamaged
from agent.journal.chain import genesis
from agent.ledger.compaction import base_of
from agent.ledger.database import Connection, SqliteError
from agent.ledger.verify import walk

SLICE = 500
"""Entries a step: some 10 ms."""
AGAIN_S = 86_400.0


class IdleCheck:
    """How far the journal has been verified since the start; `step` belongs to one thread at a time."""

    def __init__(self, db: Connection, incarnation: str, clock: Clock) -> None:
        self._db = db
        self._incarnation = incarnation
        self._clock = clock
        self._seq, self._hash = 0, genesis(incarnation)
        self._done_s: float | None = None
        self._rounds = 0
        self.problem = ""

    def step(self) -> bool:
        """Verify the next slice; say whether there is more to do now."""
        if self.problem or self._is_resting():
            return False
        count = 0
        try:
            base = base_of(self._db, self._incarnation)
            if self._seq < base.seq:  # what was next has been let go meanwhile
                self._seq, self._hash = base
            for seq, row_hash, _, says in walk(self._db, self._incarnation, self._seq, self._hash, SLICE):
                if says is not None:
                    self.problem = f"{says.where}: {says.says}; {says.remedy}"
                    return False
                self._seq, self._hash, count = seq, row_hash, count + 1
        except (
            SqliteError,
            TypeError,
            ValueError,
            RecursionError,
            LedgerDamaged,
        ) as failure:  # torn values, torn text
            self.problem = f"the journal cannot be read after entry {self._seq}: {failure}"
            return False
        if count == SLICE:
            return True
        self._rounds, self._done_s = self._rounds + 1, self._clock.monotonic_s()
        return False

    def as_json(self) -> dict[str, Any]:
        """Return how far it is: the last entry verified, how often all of it was, and what is wrong."""
        return {"verified_seq": self._seq, "rounds": self._rounds, "problem": self.problem}

    def close(self) -> None:
        """Close the connection."""
        self._db.close()

    def _is_resting(self) -> bool:
        """Tell whether all was verified less than a day ago; after that it begins anew."""
        if self._done_s is None:
            return False
        if self._clock.monotonic_s() - self._done_s < AGAIN_S:
            return True
        self._seq, self._hash, self._done_s = 0, genesis(self._incarnation), None
        return False
