"""The daemon as systemd runs it: a process of its own, its doors, its signals, its exit codes."""

import http.client
import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
BASKET = {
    "receipt_id": "1-1-77-1",
    "sold_at": "2026-11-24T12:00:00+02:00",
    "store": "1",
    "till": "1-1",
    "currency": "EUR",
    "lines": [{"line": 1, "sku": "1", "amount_minor": 1050}],
}


class Door(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=10)
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self.path))


def call(path: Path, method: str, where: str, body: Any = None) -> tuple[int, Any]:
    door = Door(path)
    try:
        door.request(method, where, None if body is None else json.dumps(body))
        answer = door.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        door.close()


class Agent:
    """One daemon under test, with the datagrams it sends to its service manager."""

    def __init__(self, folder: Path, extra: str = "", *, module: str = "agent.cli.till") -> None:
        self.folder = folder
        self.module = module
        self.config = folder / "loyalty-agent.toml"
        self.config.write_text(
            f'[till]\nstore="1"\ntill="1-1"\ncurrency="EUR"\n[paths]\nstate="{folder}/state"\n'
            f'run="{folder}/run"\ncredentials="{folder}/credentials"\n{extra}'
        )
        self.manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.manager.bind(str(folder / "notify"))
        self.manager.settimeout(30)
        self.pos = folder / "run" / "pos.sock"
        self.admin = folder / "run" / "admin.sock"
        self.processes: list[subprocess.Popen[str]] = []

    def start(self) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-m", self.module, "run", "--config", str(self.config)],
            cwd=ROOT,
            env={
                "NOTIFY_SOCKET": str(self.folder / "notify"),
                "PATH": "/usr/bin:/bin",
                "PYTHONFAULTHANDLER": "1",  # a crash prints what it can
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.processes.append(process)
        return process

    def await_message(self, start: str) -> str:
        while True:
            message = self.manager.recv(4096).decode()
            if message.startswith(start):
                return message

    def stop(self) -> None:
        for process in self.processes:
            process.kill()
            process.communicate()
        self.manager.close()


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Agent]:
    one = Agent(tmp_path)
    yield one
    one.stop()


def test_a_till_sells_before_it_is_enrolled_and_before_any_programme(agent: Agent) -> None:
    process = agent.start()
    agent.await_message("READY=1")
    assert call(agent.pos, "GET", "/v1/hello")[1]["mode"] == "offline"
    status, quote = call(agent.pos, "PUT", "/v1/receipts/1-1-77-1/quote", BASKET)
    assert (status, quote["due_minor"]) == (200, 1050)
    commit = {"etag": quote["etag"], "basket": BASKET, "tenders": [{"kind": "cash", "amount_minor": 1050}]}
    status, first = call(agent.pos, "POST", "/v1/receipts/1-1-77-1/commit", commit)
    assert (status, first["state"]) == (200, "committed")
    assert call(agent.pos, "POST", "/v1/receipts/1-1-77-1/commit", commit) == (200, first)
    assert call(agent.admin, "GET", "/status")[1]["ledger"]["head_seq"] == first["seq"]
    deadline = time.monotonic() + 15
    while not (checked := call(agent.admin, "GET", "/status")[1]["ledger"]["idle_check"])["rounds"]:
        assert time.monotonic() < deadline, "the idle till verifies nothing"
        time.sleep(0.1)
    assert checked == {"verified_seq": first["seq"], "rounds": 1, "problem": ""}
    stands = call(agent.admin, "GET", "/status")[1]
    assert (stands["worst_offline_loss"], stands["ledger"]["let_go"]) == ({}, 0)
    assert stands["ledger"]["file_bytes"] >= 2 * 1024 * 1024
    assert 0 <= stands["ledger"]["oldest_unsent_age_s"] < 60
    process.send_signal(signal.SIGTERM)
    agent.await_message("STOPPING=1")
    assert process.wait(20) == 0


def test_a_receipt_committed_before_a_kill_is_recalled_after_it(agent: Agent) -> None:
    process = agent.start()
    agent.await_message("READY=1")
    first = call(agent.pos, "POST", "/v1/receipts/1-1-77-1/commit", {"basket": BASKET})[1]
    process.kill()
    process.wait()
    again = agent.start()
    agent.await_message("READY=1")
    assert call(agent.pos, "GET", "/v1/receipts/1-1-77-1") == (200, first)
    again.send_signal(signal.SIGTERM)
    assert again.wait(20) == 0


def test_a_second_daemon_on_the_same_ledger_leaves_with_a_sentence(agent: Agent) -> None:
    agent.start()
    agent.await_message("READY=1")
    second = subprocess.run(
        [sys.executable, "-m", "agent.cli.till", "run", "--config", str(agent.config)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert second.returncode == 74
    assert "ledger_busy" in second.stdout
    assert call(agent.pos, "GET", "/v1/hello")[0] == 200


def test_a_refused_configuration_ends_with_78_and_all_its_mistakes(tmp_path: Path) -> None:
    agent = Agent(tmp_path, extra='[synk]\n[log]\nlevel = "loud"\n')
    process = agent.start()
    _, told = process.communicate(timeout=30)
    agent.stop()
    assert process.returncode == 78
    assert "/synk" in told
    assert "/log/level" in told


def test_a_reload_keeps_a_broken_configuration_out_and_says_so(agent: Agent) -> None:
    process = agent.start()
    agent.await_message("READY=1")
    agent.config.write_text("[till\n")
    process.send_signal(signal.SIGHUP)
    agent.await_message("RELOADING=1")
    assert "refused" in agent.await_message("READY=1")
    problems = call(agent.admin, "GET", "/status")[1]["problems"]
    assert any("not_toml" in problem or "refused" in problem for problem in problems)


def test_the_watchdog_is_fed_while_the_loop_answers(agent: Agent) -> None:
    agent.start()
    agent.await_message("READY=1")
    began = time.monotonic()
    agent.await_message("WATCHDOG=1")
    assert time.monotonic() - began < 30
