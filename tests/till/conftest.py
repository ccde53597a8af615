"""A till of its own for each test, and its door."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.till.api import build_app
from tests.till.desk import Desk
from tests.till.serving import Door, served_on_socket

COUNTS = {"reads": 1, "refused": 0, "dropped": 0, "lost": 0}
DEVICES = [{"device": "scanner", "state": "enabled", "detail": "", **COUNTS}]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    one = Desk(tmp_path)
    yield one
    one.ledger.close()


@pytest.fixture
def door(desk: Desk, tmp_path: Path) -> Iterator[Door]:
    """The till's door as the daemon opens it."""
    with served_on_socket(build_app(desk.checkout, lambda: DEVICES), tmp_path) as one:
        yield one
