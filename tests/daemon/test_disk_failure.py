"""A disk that fails once under the real daemon: no further answer, and the next start has them all."""

import http.client
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.daemon.test_run import BASKET, ROOT, Agent, call

FAILING_SYNC = 30
"""The start makes about fifteen, each sale one."""
EX_IOERR = 74


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Agent]:
    one = Agent(tmp_path)
    yield one
    one.stop()


def sell_until_it_ends(agent: Agent) -> list[tuple[str, Any]]:
    answered = []
    for number in range(1, 100):
        receipt = f"1-1-78-{number}"
        try:
            status, answer = call(
                agent.pos,
                "POST",
                f"/v1/receipts/{receipt}/commit",
                {"basket": {**BASKET, "receipt_id": receipt}},
            )
        except (OSError, http.client.HTTPException):
            break
        assert status in {200, 503}
        if status == 200:
            answered.append((receipt, answer))
    return answered


def test_after_a_failed_sync_the_daemon_ends_and_the_next_start_has_all_it_answered(agent: Agent) -> None:
    command = [sys.executable, "-m", "tests.daemon.failing_till", str(agent.config), str(FAILING_SYNC)]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={"NOTIFY_SOCKET": str(agent.folder / "notify"), "PATH": "/usr/bin:/bin"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    agent.processes.append(process)
    agent.await_message("READY=1")
    answered = sell_until_it_ends(agent)
    assert process.wait(30) == EX_IOERR
    assert 0 < len(answered) < FAILING_SYNC
    agent.start()
    agent.await_message("READY=1")
    for receipt, answer in answered:
        assert call(agent.pos, "GET", f"/v1/receipts/{receipt}") == (200, answer)
