"""An asyncio loop whose time does not pass but jumps: to the next thing that is due, at once.

Production code runs on it unchanged.  Nothing waits for a socket and no second thread exists, so the order
of everything follows from the program and its seed.
"""

import asyncio
import selectors
import traceback
from asyncio import Future
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


class NothingDueError(Exception):
    """The program waits for something that nobody will bring about."""


class _Leap(selectors.SelectSelector):
    """Selects nothing, and lets the time until the next timer have passed."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise NothingDueError("every task waits, and no timer is set")
        if timeout > 0:
            self.now_s += timeout
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """Runs callbacks in the order of their times; `faults` holds what they raised and nobody took."""

    def __init__(self) -> None:
        self._leap = _Leap()
        super().__init__(self._leap)
        self._clock_resolution = 1e-6  # after months a float tells no nanoseconds any more
        self.faults: list[str] = []
        self.set_exception_handler(self._take_down)

    def time(self) -> float:
        """Return the virtual seconds since the loop was made."""
        return self._leap.now_s

    def run_in_executor(  # type: ignore[override]
        self,
        executor: Any,  # noqa: ARG002 - there is none
        func: Callable[..., T],
        *args: Any,
    ) -> "Future[T]":
        """Run a function at once: what production does on a worker thread takes no virtual time."""
        future: Future[T] = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as failure:  # noqa: BLE001 - it belongs to whoever awaits the call
            future.set_exception(failure)
        return future

    def _write_to_self(self) -> None:
        """Wake nobody: there is no other thread that the loop could be waiting beside."""

    def _take_down(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        failure = context.get("exception")
        where = "".join(traceback.format_exception(failure)[-3:]) if failure is not None else ""
        self.faults.append(f"{context.get('message')}: {where}")
