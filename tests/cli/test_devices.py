"""`loyalty-agent devices …` as store IT uses it, against a real serial line."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.drivers.loyalty_numbers import card_number
from tests.drivers.rigs import PtyRig
from tests.parts import part_or_skip

ROOT = Path(__file__).resolve().parents[2]
NUMBER = card_number(4711)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[PtyRig]:
    rig = PtyRig(tmp_path / "scanner")
    part_or_skip("pty", rig.plug)
    yield rig
    rig.unplug()


@pytest.fixture
def config(rig: PtyRig, tmp_path: Path) -> Path:
    path = tmp_path / "loyalty-agent.toml"
    path.write_text(
        f"""
        [till]
        store = "12"
        till = "12-3"
        currency = "EUR"
        [paths]
        run = "{tmp_path}"
        [[device]]
        name = "scanner"
        driver = "serial_scanner"
        port = "{rig.link}"
        idle_ms = 5000
        [[numbers]]
        kind = "card"
        prefix = "299"
        length = 13
        """,
        encoding="utf-8",
    )
    return path


def start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-u", "-m", "agent.cli.till", "devices", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def until_enabled(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    assert any("enabled" in line for line in iter(process.stdout.readline, ""))


def test_test_says_that_a_scan_arrives_and_not_which_number(rig: PtyRig, config: Path) -> None:
    with start("test", "scanner", "--config", str(config)) as command:
        until_enabled(command)
        rig.scan(NUMBER)
        out, err = command.communicate(timeout=30)
    assert command.returncode == 0, err
    assert "read a card, 13 characters" in out
    assert NUMBER not in out


def test_test_fails_when_nothing_arrives(rig: PtyRig, config: Path) -> None:
    with start("test", "scanner", "--wait", "0.5", "--config", str(config)) as command:
        command.communicate(timeout=30)
    assert command.returncode == 1


def test_a_recording_replays_with_another_number(rig: PtyRig, config: Path, tmp_path: Path) -> None:
    tape = tmp_path / "tape.jsonl"
    with start("record", "scanner", str(tape), "--wait", "3", "--config", str(config)) as command:
        scan = threading.Timer(2.0, rig.scan, [NUMBER])
        scan.start()
        _, err = command.communicate(timeout=30)
    assert command.returncode == 0, err
    decoded = subprocess.run(
        [sys.executable, "-m", "agent.cli.till", "decode", str(tape), "--json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    (answer,) = [json.loads(line) for line in decoded.stdout.splitlines()]
    assert (answer["kind"], answer["value"] == NUMBER) == ("card", False)
    assert NUMBER.encode().hex() not in tape.read_text("utf-8")


def test_a_reader_that_is_not_configured_is_named_with_those_that_are(rig: PtyRig, config: Path) -> None:
    with start("test", "stripe", "--config", str(config)) as command:
        _, err = command.communicate(timeout=30)
    assert command.returncode == 78
    assert "scanner" in err


def test_identify_answers_in_json_whatever_is_plugged_in() -> None:
    with start("identify", "--json") as command:
        out, err = command.communicate(timeout=30)
    assert command.returncode in {0, 1}, err
    assert isinstance(json.loads(out), list)


def test_list_and_watch_show_what_the_running_agent_reads_and_no_number(
    rig: PtyRig, config: Path, tmp_path: Path
) -> None:
    text = config.read_text("utf-8").replace("[paths]", f'[paths]\nstate = "{tmp_path}/state"')
    config.write_text(text, encoding="utf-8")
    agent = subprocess.Popen(
        [sys.executable, "-m", "agent.cli.till", "run", "--config", str(config)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with agent:
        try:
            assert agent.stdout is not None
            assert any("agent ready" in line for line in agent.stdout)
            with start("watch", "--config", str(config)) as watching:
                assert watching.stdout is not None
                threading.Thread(target=scan_until_seen, args=(rig, watching), daemon=True).start()
                shown = (line for line in watching.stdout if not line.startswith("device.up"))
                seen = [next(shown) for _ in range(2)]
                watching.terminate()
                watching.communicate()
            with start("list", "--json", "--config", str(config)) as listing:
                (row,) = json.loads(listing.communicate(timeout=30)[0])
        finally:
            agent.terminate()
            agent.communicate(timeout=30)
    assert seen[0].startswith("card.read device=scanner masked=")
    assert NUMBER not in "".join(seen)
    assert (row["device"], row["state"]) == ("scanner", "enabled")
    assert row["reads"] >= 1


def scan_until_seen(rig: PtyRig, watching: subprocess.Popen[str]) -> None:
    """A person scans again until the screen shows it: the watcher may not listen yet."""
    for serial in range(60):
        if watching.poll() is not None:
            return
        rig.scan(card_number(4711 + serial))
        time.sleep(0.5)
