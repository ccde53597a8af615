"""A real head office process on loopback, and as many enrolled tills as a figure needs."""

import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agent.clock import SystemClock
from agent.headoffice import tills
from agent.headoffice.member_import import import_members
from agent.headoffice.office import Office
from agent.headoffice.publish import publish
from agent.sync.credentials import Credentials, Enrolment
from agent.sync.wire import Enrolled, EnrolRequest
from scripts.benches.quote_server import ROOT

CLUB = ROOT / "config" / "programmes" / "household-club.toml"
START_S = 60.0


class HeadOffice:
    """Set up in `folder` with the program's own functions; runs as a process inside `with`."""

    def __init__(
        self, folder: Path, *, members: dict[str, str], till_count: int, module: str = "agent.cli.headoffice"
    ) -> None:
        """Make it; `members` gives each one's card number, tills are called 1-1, 1-2 and so on.

        `module` is what runs: the fault lab has one with a bug in it.
        """
        folder.mkdir(parents=True)
        self._folder = folder
        self._module = module
        self.port = free_port()
        self.config = folder / "headoffice.toml"
        self.config.write_text(
            f'[door]\nhost = "127.0.0.1"\nport = {self.port}\n[paths]\nstate = "{folder}/state"\n'
            '[placement]\npolicy = "whole_at_home"\n'  # as it ships
        )
        office = Office(folder / "state", SystemClock(), serving=True)
        try:
            publish(office, CLUB.read_bytes(), name=CLUB.name)
            import_members(office, _csv(members), name="members.csv")
            self.tills = [self._enrolled(office, f"1-{number + 1}") for number in range(till_count)]
        finally:
            office.close()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where tills call."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The process that serves."""
        assert self._process is not None
        return self._process.pid

    def __enter__(self) -> Self:
        """Start it and wait until its door is open."""
        command = [sys.executable, "-m", self._module, "serve", "--config", str(self.config)]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
        deadline = time.monotonic() + START_S
        while not _answers(self.port):
            assert time.monotonic() < deadline, "head office does not start"
            time.sleep(0.05)
        return self

    def __exit__(self, *_: object) -> None:
        """Stop it, gently first."""
        assert self._process is not None
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _enrolled(self, office: Office, name: str) -> Credentials:
        key = Ed25519PrivateKey.generate()
        code = tills.add_till(office, "1", name)
        told = tills.enrol(office, EnrolRequest(code, key.public_key().public_bytes_raw()))
        assert isinstance(told, Enrolled)
        return Credentials(
            Enrolment(name, told.store, self.url, told.publisher_key.hex()), key, told.fleet_key
        )


def free_port() -> int:
    """Return a port of the loopback address that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _csv(members: dict[str, str]) -> str:
    lines = ["member,card,wallet,balance,expires_on"]
    lines += [f"{member},{card},points,500,2199-12-31" for member, card in members.items()]
    return "\n".join(lines) + "\n"


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
