"""A till of its own for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.till.desk import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    one = Desk(tmp_path)
    yield one
    one.ledger.close()
