"""Rigs, listeners and running input threads for the drivers' tests."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from drivers.event import Driver
from drivers.input_thread import InputThread
from tests.drivers.listening import Listener
from tests.drivers.rigs import RIGS, PtyRig, Rig
from tests.parts import part_or_skip

MakeRig = Callable[[str], Rig]
Run = Callable[..., InputThread]


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture(params=sorted(RIGS))
def make_rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MakeRig]:
    """Make plugged-in rigs of the driver under test, each under a name of its own."""
    part, build = RIGS[request.param]
    with ExitStack() as made:

        def make(name: str) -> Rig:
            rig = build(tmp_path / name)
            part_or_skip(part, rig.plug)
            made.callback(rig.unplug)
            return rig

        yield make


@pytest.fixture
def rig(make_rig: MakeRig) -> Rig:
    return make_rig("desk")


@pytest.fixture
def pty_rig(tmp_path: Path) -> Iterator[PtyRig]:
    rig = PtyRig(tmp_path / "desk")
    part_or_skip("pty", rig.plug)
    yield rig
    rig.unplug()


@pytest.fixture
def run(listener: Listener) -> Iterator[Run]:
    """Start an input thread over the given drivers; it is stopped at the end of the test."""
    with ExitStack() as running:

        def start(*drivers: Driver) -> InputThread:
            thread = InputThread(drivers, listener.emit, time.monotonic_ns)
            thread.start()
            running.callback(thread.stop)
            return thread

        yield start
