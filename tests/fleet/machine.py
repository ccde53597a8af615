"""What every machine of the fleet has: a disk, a clock that may be wrong, and programs that die with it."""

import asyncio
from collections.abc import Coroutine
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, TypeVar

from tests.fleet.chain import FIRST_MORNING
from tests.fleet.disk import Disk
from tests.fleet.mount import FleetVfs

T = TypeVar("T")


class DownError(Exception):
    """The machine is down, or went down before it answered."""


class MachineClock:
    """The loop's time as a machine tells it: `ahead_s` is how wrong its wall clock is."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.ahead_s = 0.0

    def now(self) -> datetime:
        """Return the wall time as this machine believes it."""
        return FIRST_MORNING + timedelta(seconds=self._loop.time() + self.ahead_s)

    def monotonic_s(self) -> float:
        """Return the loop's own time, which never jumps."""
        return self._loop.time()


class Machine:
    """A computer that can be killed or lose power; subclasses start their program in `_boot`."""

    def __init__(self, name: str, place: Path, vfs: FleetVfs, *, chance: Random) -> None:
        self.name = name
        self.chance = chance
        self.loop = asyncio.get_running_loop()
        self.clock = MachineClock(self.loop)
        self.is_up = False
        self.disk = Disk(place, vfs, on_cut=self._cut)
        self._tasks: set[asyncio.Task[Any]] = set()

    @property
    def is_alive(self) -> bool:
        """Whether it can still say anything: a cut in the middle of a call ends it at once."""
        return self.is_up and not self.disk.dead

    def start(self) -> None:
        """Boot, if the machine is down."""
        if not self.is_up and not self.disk.dead:
            self.is_up = self._boot() and not self.disk.dead

    def go(self, work: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
        """Run something that ends when the machine does."""
        task = self.loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def kill(self) -> None:
        """End the program at once; what the kernel holds stays on the disk."""
        self.disk.kill()
        self._down()

    def lose_power(self) -> str:
        """Stop everything at once, and forget what was not synced; say what of it stayed."""
        how = self.disk.lose_power(self.chance)
        self._down()
        return how

    def was_cut(self, how: str) -> None:
        """Hear that the power went at a disk call; what of the unsynced stayed is told."""

    def _cut(self) -> None:
        # In the middle of a call of SQLite's: what is open is closed when that has unwound.
        self.loop.call_soon(self._fuse_blown)

    def _fuse_blown(self) -> None:
        if self.disk.dead:
            self.was_cut(self.lose_power())

    def _down(self) -> None:
        self.is_up = False
        for task in list(self._tasks):
            task.cancel()
        self._tasks.clear()
        self._abandon()
        self.disk.revive()

    def _boot(self) -> bool:
        """Start the program; say whether it runs."""
        raise NotImplementedError

    def _abandon(self) -> None:
        raise NotImplementedError
