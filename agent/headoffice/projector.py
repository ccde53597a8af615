"""The projector: one thread that books what intake received, and sets stock aside between batches."""

import threading
from collections.abc import Callable

import structlog

from agent.errors import LedgerReadOnly
from agent.headoffice.booking import Judge, book_all
from agent.headoffice.erasing import journal_pending
from agent.headoffice.following import Following
from agent.headoffice.office import Office
from agent.headoffice.owing import settle
from agent.headoffice.placement import carry_out

log = structlog.get_logger()
IDLE_S = 1.0
"""How long a missed wake-up or a full disk is waited for."""


class Projector:
    """Books in the background until stopped; what a stop leaves is booked at the next start."""

    def __init__(
        self,
        office: Office,
        judge: Judge,
        *,
        on_failure: Callable[[], None],
        following: Following | None = None,
    ) -> None:
        self._office = office
        self._judge = judge
        self._following = following
        self._on_failure = on_failure
        self._news = threading.Event()
        self._stopping = False
        self._is_first = True
        self._thread = threading.Thread(target=self._run, name="projector", daemon=True)
        self.failure: BaseException | None = None

    def start(self) -> None:
        """Begin booking."""
        self._thread.start()

    def wake(self) -> None:
        """Say that something was received; callable from any thread."""
        self._news.set()

    def stop(self, timeout_s: float = 10.0) -> None:
        """Finish the batch in hand and end."""
        self._stopping = True
        self._news.set()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        try:
            while not self._stopping:
                self._news.clear()
                self.book()
                self._news.wait(IDLE_S)
        except BaseException as failure:  # a server that only receives would look well: it ends with booking
            self.failure = failure
            log.exception("booking failed")
            self._on_failure()

    def book(self) -> None:
        """Book all that was received; a disk that refuses is tried again at the next call."""
        try:
            if erased := journal_pending(self._office):
                log.info("members erased", count=erased)
            count = book_all(self._office.store, self._office.segments, self._judge)
            while not self._stopping and (placed := self._place()):
                log.debug("stock looked at", count=placed)
                count += book_all(self._office.store, self._office.segments, self._judge)
            if (count or self._is_first) and (paid := settle(self._office)):
                log.info("debts looked at", count=paid)
            self._is_first = False
        except LedgerReadOnly as failure:
            log.error("books not writable", detail=str(failure))  # noqa: TRY400 - the sentence says it all
            return
        if count:
            log.debug("entries booked", count=count)

    def _place(self) -> int:
        """Carry out some of what a command ordered, else place for some whose points changed."""
        ordered = carry_out(self._office)
        return ordered if ordered or self._following is None else self._following.place_some()
