"""Rigs, listeners and running reader threads for the drivers' tests."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from drivers.event import Driver
from drivers.threads import ReaderThreads
from tests.drivers.guest_run import BOOT
from tests.drivers.listening import Listener
from tests.drivers.rigs import BENCHES, PtyRig, Rig
from tests.parts import part_or_skip

if TYPE_CHECKING:
    from drivers.card_reader import CardReader

MakeRig = Callable[[str], Rig]
Run = Callable[..., ReaderThreads]


def pytest_collection_finish(session: pytest.Session) -> None:
    """Let the guest boot while other tests run."""
    is_wanted = any(item.path.name == "test_guest.py" for item in session.items)
    if is_wanted and not session.config.option.collectonly:
        BOOT.begin()


def pytest_sessionfinish() -> None:
    """Leave no guest behind."""
    BOOT.end()


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture(params=sorted(BENCHES))
def make_rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MakeRig]:
    """Make plugged-in rigs of the driver under test, each under a name of its own."""
    part, build = BENCHES[request.param]
    bench = part_or_skip(part, lambda: build(tmp_path))

    def make(name: str) -> Rig:
        rig = bench.rig(name)
        part_or_skip(part, rig.plug)
        return rig

    yield make
    bench.close()


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
    """Start the threads of the given drivers; they are stopped at the end of the test."""
    with ExitStack() as running:

        def start(*drivers: Driver | CardReader) -> ReaderThreads:
            threads = ReaderThreads(drivers, listener.emit, time.monotonic_ns)
            threads.start()
            running.callback(threads.stop)
            return threads

        yield start
