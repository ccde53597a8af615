"""A head office process with a planted bug: every tenth batch is acknowledged and never written.

`python -m scripts.faulting.forgetful_office serve --config FILE`; what `scripts/faults sync` must find out.
"""

import sys
from functools import cached_property
from pathlib import Path

from agent.clock import SystemClock
from agent.config.headoffice import load_headoffice
from agent.headoffice import serve
from agent.headoffice.office import Office
from agent.headoffice.segments import Segments
from agent.sync.wire import Push

FORGETS_EACH = 10


class ForgetfulSegments(Segments):
    """Counts a batch as received that it did not write."""

    _seen = 0

    def append(self, push: Push, raw: bytes, accepted_ms: int) -> None:
        """Write a batch, mostly."""
        self._seen += 1
        segment = self._segments.get(push.incarnation)
        if segment is not None and self._seen % FORGETS_EACH == 0:
            segment.seq = push.first_seq + len(push.entries) - 1
            segment.hash = push.last_hash
            return
        super().append(push, raw, accepted_ms)


class ForgetfulOffice(Office):
    """An office with such segments."""

    @cached_property
    def segments(self) -> Segments:
        """The received journals."""
        return ForgetfulSegments(self.state / "segments", for_writing=True)


if __name__ == "__main__":
    sys.exit(serve.run(load_headoffice(Path(sys.argv[-1])), clock=SystemClock(), open_office=ForgetfulOffice))
