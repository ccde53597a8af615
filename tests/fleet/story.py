"""What happened, a line an event: counted, hashed, and printed on request."""

import asyncio
from collections.abc import Callable
from hashlib import blake2b

DAY_S = 86_400


class Story:
    """Takes events down; two runs with one digest went alike."""

    def __init__(self, loop: asyncio.AbstractEventLoop, *, tell: Callable[[str], None] | None = None) -> None:
        self._loop = loop
        self._tell = tell
        self._hash = blake2b(digest_size=16)
        self.steps = 0
        self.wrong: list[str] = []
        """Broken promises, each with the step at which it was seen."""

    def event(self, who: str, what: str) -> None:
        """Take down one event."""
        self.steps += 1
        now_s = self._loop.time()
        line = f"{self.steps:06d} {int(now_s // DAY_S):03d}d {_clock_of(now_s)} {who:<11} {what}"
        self._hash.update(line.encode())
        if self._tell is not None:
            self._tell(line)

    def violated(self, rule: str, detail: str) -> None:
        """Take down a broken promise; the same one is told once."""
        line = f"{rule}: {detail} (step {self.steps})"
        self.event("!", line)
        self.wrong.append(line)

    def digest(self) -> str:
        """Return what tells this run from others."""
        return self._hash.hexdigest()


def _clock_of(now_s: float) -> str:
    rest = now_s % DAY_S
    return f"{int(rest // 3600):02d}:{int(rest // 60) % 60:02d}:{rest % 60:06.3f}"
