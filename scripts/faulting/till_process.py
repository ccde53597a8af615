"""One real till process at a folder and an address of head office, and a POS's calls to it."""

import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Self

from scripts.benches.quote_server import ROOT
from scripts.replay.pos import Gone, Pos

START_S = 60.0


class TillProcess:
    """Runs inside `with`; its credentials lie in `folder`/credentials already."""

    def __init__(self, folder: Path, url: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._config = folder / "loyalty-agent.toml"
        self._config.write_text(
            f'[till]\nstore = "1"\ntill = "1-1"\ncurrency = "USD"\n'
            f'[paths]\nstate = "{folder}/state"\nrun = "{folder}/run"\ncredentials = "{folder}/credentials"\n'
            f'[head_office]\nurl = "{url}"\ndeadline_s = 0.5\n'
            "[sync]\npull_interval_s = 0.2\nonline_wait_ms = 20\n"
            '[[numbers]]\nkind = "card"\nprefix = "299"\nlength = 13\ncheck = "ean"\n'
        )
        self._pos = Pos(folder / "run" / "pos.sock")
        self._admin = Pos(folder / "run" / "admin.sock")
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        """Start it; it is there when it has a programme and knows its members."""
        command = [sys.executable, "-m", "agent.cli.till", "run", "--config", str(self._config)]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
        deadline = time.monotonic() + START_S
        while not self._is_ready():
            if time.monotonic() > deadline:
                self.__exit__()
                raise AssertionError("the till does not start")
            time.sleep(0.1)
        return self

    def __exit__(self, *_: object) -> None:
        """Stop it, gently first."""
        assert self._process is not None
        self._pos.hang_up()
        self._admin.hang_up()
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def call(self, method: str, path: str, body: Any) -> dict[str, Any]:
        """Make one call as the POS."""
        status, answer = self._pos.call(method, path, body)
        assert status == 200, answer
        return answer

    def backlog(self) -> int:
        """Return how many entries head office has not acknowledged."""
        return int(self._admin.call("GET", "/status")[1]["ledger"]["backlog"])

    def is_frozen(self) -> bool:
        """Tell whether it stopped spending because its journal and head office's disagree."""
        return bool(self._admin.call("GET", "/status")[1]["ledger"]["frozen"])

    def _is_ready(self) -> bool:
        try:
            status = self._admin.call("GET", "/status")[1]
        except Gone:
            return False
        return bool(status["programme"]) and status["sync"]["cursor"] > 0
