"""The example of a kiosk: its page opens the customer's screen, and its unit is one that systemd takes."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from tests.parts import MissingPart, part_or_skip
from tests.screen.stand import TOKEN, Stand

KIOSK = Path(__file__).resolve().parents[2] / "config" / "kiosk"


def test_its_page_opens_the_screen_and_the_token_is_in_no_address(browser: Any, stand: Stand) -> None:
    page = stand.agent.folder / "customer.html"
    text = (KIOSK / "customer.html").read_text(encoding="utf-8")
    page.write_text(text.replace("8470", str(stand.port)).replace("TOKEN", TOKEN), encoding="utf-8")
    tab = browser.new_page()
    tab.goto(page.as_uri())
    tab.get_by_text("Welcome! Please show your card").wait_for()
    assert tab.evaluate("location.href") == f"http://127.0.0.1:{stand.port}/customer"
    tab.close()


def systemd_analyze() -> str:
    """Return systemd's own check.

    Raises:
        MissingPart: there is none here.
    """
    found = shutil.which("systemd-analyze")
    if found is None:
        raise MissingPart("there is no systemd-analyze here")
    return found


def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    program = part_or_skip("systemd", systemd_analyze)
    unit = tmp_path / "loyalty-screen@customer.service"
    text = (KIOSK / "loyalty-screen@.service").read_text(encoding="utf-8")
    unit.write_text(text.replace("/usr/bin/chromium", "/bin/true"), encoding="utf-8")
    told = subprocess.run(
        [program, "--user", "verify", str(unit)],
        env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (told.returncode, told.stderr) == (0, "")
