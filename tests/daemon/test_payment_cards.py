"""Payment cards go through a real till that talks to a real head office; their digits are nowhere afterwards.

Looked at: logs, ledger, every other file of till and head office, what went over the line in both directions,
the event stream, the answers to the POS, the status, and what a crash prints. Ours goes the same way first.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import tty
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts.replay.pos import EventStream
from tests.daemon.test_run import BASKET, ROOT, Agent, call
from tests.drivers.loyalty_numbers import card_number
from tests.drivers.payment_numbers import ALL_PANS
from tests.parts import MissingPart, part_or_skip

NUMBER = card_number(7)
SHAPES = ("{pan}", "%B{pan}^DOE/JANE^2512101?;{pan}=2512101?", "]C0{pan}")
MEMBERS = f"member,card,wallet,balance\nm-1,{NUMBER},points,500\n"
PROGRAMME = ROOT / "config" / "programmes" / "household-club.toml"
PATIENCE_S = 30


class Tap:
    """A line to head office that keeps everything that passes, in both directions, unencrypted."""

    def __init__(self, target_port: int) -> None:
        self.kept = bytearray()
        self._target_port = target_port
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port = self._door.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._door.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._door.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self._target_port))
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=self._pump, args=(one, other), daemon=True).start()

    def _pump(self, one: socket.socket, other: socket.socket) -> None:
        with one, other:
            try:
                while data := one.recv(65_536):
                    self.kept += data
                    other.sendall(data)
            except OSError:
                return


class House:
    """A till with a scanner and a stripe reader, and its head office behind a tapped line."""

    def __init__(self, folder: Path) -> None:
        (folder / "office").mkdir()
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self._office_config = folder / "office" / "headoffice.toml"
        self._office_config.write_text(
            f'[door]\nhost = "127.0.0.1"\nport = {port}\n[paths]\nstate = "{folder}/office/state"\n'
        )
        (folder / "office" / "members.csv").write_text(MEMBERS)
        self.office("member", "import", str(folder / "office" / "members.csv"))
        self.office("programme", "publish", str(PROGRAMME))
        log = (folder / "office" / "log").open("wb")
        self._serving = subprocess.Popen(
            [sys.executable, "-m", "agent.cli.headoffice", "serve", "--config", str(self._office_config)],
            cwd=ROOT,
            stdout=log,
            stderr=log,
        )
        log.close()
        until(lambda: answers(port))
        self.tap = Tap(port)
        self.readers = [os.openpty() for _ in range(2)]
        for _, slave in self.readers:
            tty.setraw(slave)
        self.agent = Agent(folder, self._till_config())
        code = self.office("till", "add", "--store", "1", "--till", "1-1").split()[-1]
        run("agent.cli.till", "enrol", code, "--config", str(self.agent.config))

    def is_ready(self) -> bool:
        """Say whether head office answers and both readers are read: the POS is served before either."""
        status = call(self.agent.admin, "GET", "/status")[1]
        states = [device["state"] for device in status["devices"]]
        return status["sync"]["online"] and states == ["enabled"] * 2

    def _till_config(self) -> str:
        ports = [os.ttyname(slave) for _, slave in self.readers]
        devices = "".join(
            f'[[device]]\nname="{name}"\ndriver="serial_scanner"\nport="{port}"\nidle_ms=5000\nstripe={stripe}\n'
            for name, port, stripe in zip(("scanner", "stripe"), ports, ("false", "true"), strict=True)
        )
        return (
            f'[head_office]\nurl="http://127.0.0.1:{self.tap.port}"\n[sync]\npull_interval_s=0.2\n{devices}'
            '[[numbers]]\nkind="card"\nprefix="299"\nlength=13\ncheck="ean"\n'
        )

    def office(self, *words: str) -> str:
        return run("agent.cli.headoffice", *words, "--config", str(self._office_config))

    def swipe(self, reader: int, text: str) -> None:
        os.write(self.readers[reader][0], text.encode() + b"\r")

    def close(self) -> None:
        self.agent.stop()
        self._serving.terminate()
        self._serving.wait(20)
        self.tap.close()
        for pair in self.readers:
            for end in pair:
                os.close(end)


def run(module: str, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", module, *words], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    def prepare() -> House:
        try:
            for end in os.openpty():
                os.close(end)
        except OSError as why:
            raise MissingPart(f"no pseudo-terminal: {why}") from why
        return House(tmp_path)

    one = part_or_skip("pty", prepare)
    yield one
    one.close()


def swipe_everything(house: House, events: EventStream) -> list[dict[str, Any]]:
    """Swipe every number in every shape at both readers; return what the cashier was told of each."""
    told: list[dict[str, Any]] = []
    for pan in ALL_PANS:
        for shape in SHAPES:
            for reader in (0, 1):
                house.swipe(reader, shape.format(pan=pan))
                refused = events.next(frozenset({"card.refused", "card.read"}))
                assert refused is not None
                told.append(refused)
    return told


def hand_over_everything(house: House) -> list[Any]:
    """Type every number into the POS, at every place where a cashier may; return all answers."""
    answers: list[Any] = []
    for at, pan in enumerate(ALL_PANS):
        answers.append(call(house.agent.pos, "POST", "/v1/identifications", {"value": pan}))
        receipt = f"1-1-78-{at}"
        basket = BASKET | {"receipt_id": receipt, "instruments": [pan]}
        answers.append(call(house.agent.pos, "PUT", f"/v1/receipts/{receipt}/quote", basket))
        tenders = [{"kind": "card", "amount_minor": 1050, "reference": pan}]
        commit = {"basket": basket, "tenders": tenders, "identification": pan}
        answers.append(call(house.agent.pos, "POST", f"/v1/receipts/{receipt}/commit", commit))
    return answers


def files_below(folder: Path) -> list[Path]:
    return [file for file in folder.rglob("*") if file.is_file()]


@pytest.mark.long
def test_no_digit_of_a_payment_card_stays_anywhere(house: House, tmp_path: Path) -> None:
    process = house.agent.start()
    house.agent.await_message("READY=1")
    until(house.is_ready)
    events = EventStream(house.agent.pos)
    events.open()
    house.swipe(0, NUMBER)
    seen = events.next(frozenset({"member.identified"}))
    told = swipe_everything(house, events)
    answers = hand_over_everything(house)
    commit = {"basket": BASKET | {"note": NUMBER}}
    assert call(house.agent.pos, "POST", "/v1/receipts/1-1-77-1/commit", commit)[0] == 200
    until(lambda: call(house.agent.admin, "GET", "/status")[1]["ledger"]["backlog"] == 0)
    status = call(house.agent.admin, "GET", "/status")
    events.close()
    process.send_signal(signal.SIGABRT)
    printed = "".join(process.communicate(timeout=20))

    assert seen is not None
    assert seen["result"] == "identified"
    assert [one["reason"] for one in told] == ["payment_card"] * len(ALL_PANS) * len(SHAPES) * 2
    assert all(status == 200 for status, _ in answers[2::3]), "a paid receipt is never refused"
    places = {
        "events": json.dumps([seen, *told]).encode(),
        "answers": json.dumps([answers, status]).encode(),
        "log and crash": printed.encode(),
        "the line": bytes(house.tap.kept),
        **{
            str(file.relative_to(tmp_path)): file.read_bytes()
            for file in tmp_path.rglob("*")
            if file.is_file()
        },
    }
    found = [
        (place, pan)
        for place, data in places.items()
        for pan in ALL_PANS
        if pan.encode() in data or pan[4:].encode() in data
    ]
    assert found == []
    assert "read refused" in printed
    assert "Fatal Python error: Aborted" in printed
    assert b"/push" in places["the line"], "the tap hears what is sent"
    assert any(b"1-1-78-0" in data for place, data in places.items() if place.startswith("state/")), (
        "the ledger"
    )
    assert NUMBER.encode() in places["office/members.csv"], "the search finds what is there"
