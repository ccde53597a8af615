"""Clock and identifiers as arguments: production asks the machine, tests and replays bring their own."""

import secrets
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the wall time (may jump) and a monotonic time (never does)."""

    def now(self) -> datetime:
        """Return the wall time, in UTC."""
        ...

    def monotonic_s(self) -> float:
        """Return seconds since some fixed moment; only differences mean anything."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Return the system's wall time, in UTC."""
        return datetime.now(UTC)

    def monotonic_s(self) -> float:
        """Return the system's monotonic time in seconds."""
        return time.monotonic()


def random_id() -> str:
    """Return 32 hex characters nobody can guess: the production source of identifiers."""
    return secrets.token_hex(16)
