"""What every fault run says: how far it is, and one line at its end."""

import logging
import time
from typing import Any

import structlog

EVERY_S = 5.0
NOTHING = dict.fromkeys(("lost", "duplicated", "overspent", "half_applied", "undetected", "conflicting"), 0)


def hush() -> None:
    """Let the agent tell faults of its own and nothing else: thousands of calls would drown the rest."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))


class Run:
    """One named run: its clock, its progress, its last line."""

    def __init__(self, name: str, seed: int) -> None:
        self._name = name
        self._seed = seed
        self._begun = self._told = time.monotonic()

    def tell(self, text: str) -> None:
        """Print how far it is, every few seconds."""
        if time.monotonic() - self._told >= EVERY_S:
            self._told = time.monotonic()
            self.say(text)

    def say(self, text: str) -> None:
        """Print something at once."""
        print(f"{self._name}: {text}", flush=True)

    def line(
        self, *, attempts: int, teeth: bool | None, ok: bool, skipped: str | None = None, **figures: int
    ) -> dict[str, Any]:
        """Return the last line; figures that do not apply are 0."""
        return {
            "name": self._name,
            "attempts": attempts,
            **NOTHING,
            **figures,
            "teeth": teeth,
            "skipped": skipped,
            "seed": self._seed,
            "seconds": round(time.monotonic() - self._begun, 1),
            "ok": ok,
        }

    def skip(self, reason: object) -> dict[str, Any]:
        """Return the line of a run that this machine refuses."""
        self.say(f"skipped: {reason}")
        return self.line(attempts=0, teeth=None, ok=False, skipped=str(reason))
