"""`loyalty-agent watch`: the same screens in a terminal, over the POS's socket."""

import os
import pty
import re
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from tests.daemon.test_run import ROOT
from tests.screen.stand import STRANGER, Stand
from tests.till.desk import CARD

COLOURS = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")
PATIENCE_S = 20.0


def watch(stand: Stand, *options: str) -> str:
    """Return what stands there now."""
    command = [sys.executable, "-m", "agent.cli.till", "watch", "--once", "--config", str(stand.agent.config)]
    done = subprocess.run(
        [*command, *options], cwd=ROOT, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_terminal_shows_what_the_page_shows(stand: Stand) -> None:
    stand.quote(stand.basket(stand.known(), redeem={"points": 300}))
    told = watch(stand, "--lang", "ru")
    for text in ("…0019 (13)", "Золотой", "1\N{NO-BREAK SPACE}250 баллов", "Списано", "300 баллов"):
        assert text in told
    assert "Скажите покупателю" in told
    customer = watch(stand, "--customer", "--lang", "fi")
    assert "Tervetuloa" in customer
    assert "Kerro asiakkaalle" not in customer


class Terminal:
    """The command in a pseudo-terminal, and everything it wrote."""

    def __init__(self, stand: Stand) -> None:
        self._master, slave = pty.openpty()
        command = [sys.executable, "-m", "agent.cli.till", "watch", "--lang", "en"]
        self.process = subprocess.Popen(
            [*command, "--config", str(stand.agent.config)],
            cwd=ROOT,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**os.environ, "TERM": "xterm", "COLUMNS": "80", "LINES": "40"},
        )
        os.close(slave)
        os.set_blocking(self._master, False)

    def until(self, *texts: str) -> str:
        """Wait until it has written these since the last wait; return all of that."""
        shown, deadline = "", time.monotonic() + PATIENCE_S
        while not all(text in shown for text in texts):
            assert time.monotonic() < deadline, shown
            try:
                shown += COLOURS.sub("", os.read(self._master, 65_536).decode(errors="replace"))
            except BlockingIOError:
                time.sleep(0.02)
        return shown

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._master)


@pytest.fixture
def terminal(stand: Stand) -> Iterator[Terminal]:
    one = Terminal(stand)
    yield one
    one.close()


def test_it_follows_the_till_and_outlives_it(stand: Stand, terminal: Terminal) -> None:
    terminal.until("Ready for a card")
    stand.rig.scan(CARD)
    terminal.until("1,250 points")
    stand.agent.processes[0].kill()
    terminal.until("the loyalty service does not answer")
    stand.start()
    terminal.until("Ready for a card")
    stand.rig.scan(STRANGER)
    assert "…0026 (13)" in terminal.until("Unknown card", "…0026 (13)")


def test_without_an_agent_it_says_how_to_start_one(stand: Stand) -> None:
    stand.agent.processes[0].kill()
    stand.agent.processes[0].wait()
    command = [sys.executable, "-m", "agent.cli.till", "watch", "--once", "--config", str(stand.agent.config)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode != 0
    assert "systemctl start loyalty-agent" in done.stderr
