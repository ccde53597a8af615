"""Collect what the input thread emits, and wait for it without polling."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

from drivers.event import CardRead, DeviceStatus, Event, ReadRefused

PATIENCE_S = 30.0  # only how long a failing test waits; a passing one never does


class Listener:
    """The receiving end: `emit` goes to the thread, the rest to the test."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._changed = threading.Condition()

    def emit(self, event: Event) -> None:
        with self._changed:
            self.events.append(event)
            self._changed.notify_all()

    def wait_until(self, is_true: Callable[[], bool], patience_s: float = PATIENCE_S) -> None:
        with self._changed:
            assert self._changed.wait_for(is_true, patience_s), (
                f"still waiting; seen so far: {self.events[-20:]}"
            )

    def wait_for_state(self, state: str, device: str = "desk", patience_s: float = PATIENCE_S) -> None:
        self.wait_until(lambda: self.state(device) == state, patience_s)

    def wait_for_values(self, *values: str, patience_s: float = PATIENCE_S) -> None:
        self.wait_until(lambda: len(self.values()) >= len(values), patience_s)
        assert self.values() == list(values)

    def wait_for_reads(self, count: int) -> None:
        self.wait_until(lambda: sum(not isinstance(event, DeviceStatus) for event in self.events) >= count)

    def state(self, device: str = "desk") -> str | None:
        states = self.statuses(device)
        return states[-1].state if states else None

    def statuses(self, device: str = "desk") -> list[DeviceStatus]:
        return [event for event in self.events if isinstance(event, DeviceStatus) and event.device == device]

    def values(self, device: str | None = None) -> list[str]:
        return [
            event.value
            for event in self.events
            if isinstance(event, CardRead) and device in {None, event.device}
        ]

    def reasons(self) -> list[str]:
        return [event.reason for event in self.events if isinstance(event, ReadRefused)]


def open_descriptors() -> int:
    """Count this process's descriptors."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def resident_bytes() -> int:
    """Give this process's resident memory."""
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def seconds_since(start_ns: int) -> float:
    """Measure real time from a monotonic start."""
    return (time.monotonic_ns() - start_ns) / 1e9
