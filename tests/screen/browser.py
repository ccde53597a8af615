"""A real browser: Debian's Chromium, driven by Playwright, looked over by axe."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from scripts.faulting.beside import packages
from tests.devicelab.debian import need
from tests.parts import MissingPart

CHROMIUM = "/usr/bin/chromium"
#: Tests and tills' containers run as root, where Chromium has no sandbox; /dev/shm may be small there.
OPTIONS = ("--no-sandbox", "--disable-dev-shm-usage", "--autoplay-policy=no-user-gesture-required")


def chromium() -> str:
    """Return Debian's Chromium; install it as root.

    Raises:
        MissingPart: it is not to be had.
    """
    need(CHROMIUM)
    return CHROMIUM


def playwright() -> None:
    """Put Playwright and axe, which lie beside the tests' own packages, where imports find them.

    Raises:
        MissingPart: they cannot be installed here.
    """
    try:
        folder = str(packages("browser"))
    except (OSError, subprocess.SubprocessError) as failure:
        raise MissingPart(f"scripts/locks/browser.txt cannot be installed: {failure}") from None
    if folder not in sys.path:
        sys.path.append(folder)


@contextmanager
def browsing(executable: str) -> Iterator[Any]:
    """Give a browser; its own download is never asked for."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - it was put there just now

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=executable, args=list(OPTIONS))
        try:
            yield browser
        finally:
            browser.close()


def violations(page: Any) -> list[str]:
    """Return what axe has against a page as it stands: rule, help and the first place."""
    from axe_playwright_python.sync_playwright import Axe  # noqa: PLC0415 - as above

    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {one['help']} at {one['nodes'][0]['html'][:120]}" for one in found]
