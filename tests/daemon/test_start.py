"""What a start imports before the POS is answered: every library there is time a shop waits for."""

import re
import subprocess
import sys
from pathlib import Path

from agent.clock import SystemClock, random_id
from agent.ledger.ledger import open_ledger

ROOT = Path(__file__).resolve().parents[2]
LATER = {"agent.daemon.connection", "agent.sync.client", "agent.sync.loop", "httpx", "starlette.applications"}
"""Imported, but not before the doors are open."""
NEVER = {"pygments", "rich.console", "sqlite_utils", "watchfiles.main"}
IMPORTED = re.compile(r"^import time:.*\| +(\S+)$", re.MULTILINE)


def test_the_network_and_the_web_framework_are_imported_after_the_till_is_ready(tmp_path: Path) -> None:
    open_ledger(tmp_path / "state", clock=SystemClock(), new_id=random_id).close()
    config = tmp_path / "loyalty-agent.toml"
    config.write_text(
        f'[till]\nstore="1"\ntill="1-1"\ncurrency="EUR"\n[paths]\nstate="{tmp_path}/state"\n'
        f'run="{tmp_path}/run"\ncredentials="{tmp_path}/credentials"\n'
    )
    command = [
        sys.executable, "-X", "importtime", "-m", "agent.cli.till", "run", "--config", str(config)
    ]  # fmt: skip
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    told = ""
    try:
        assert process.stdout is not None
        for line in process.stdout:
            told += line
            if "not connected" in line:
                process.terminate()
    finally:
        process.kill()
        process.communicate()
    before, ready, after = told.partition("agent ready")
    assert ready, told
    assert set(IMPORTED.findall(before)) & (LATER | NEVER) == set()
    assert set(IMPORTED.findall(after)) >= LATER
