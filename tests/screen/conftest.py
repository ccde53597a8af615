"""A browser for each file that asks for one, a till of its own for each test."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.parts import part_or_skip
from tests.screen.browser import browsing, chromium, playwright
from tests.screen.counter import Counter
from tests.screen.screens import Screens
from tests.screen.stand import Stand


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    # No longer: while Playwright runs, it has the thread's event loop, and others want one of their own.
    part_or_skip("playwright", playwright)
    with browsing(part_or_skip("chromium", chromium)) as one:
        yield one


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    one = part_or_skip("pty", lambda: Stand(tmp_path))
    yield one
    one.close()


@pytest.fixture
def screens(browser: Any, stand: Stand) -> Iterator[Screens]:
    one = Screens(browser, stand)
    yield one
    one.close()


@pytest.fixture
def counter(tmp_path: Path) -> Iterator[Counter]:
    one = Counter(tmp_path)
    one.know_member(1250)
    one.allow(1000)
    yield one
    one.ledger.close()
