"""A store as it runs: head office, a pool and two members as processes, over sockets and real TLS."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import trustme

from scripts.replay.network import Line
from scripts.replay.pos import Connection, Pos

ROOT = Path(__file__).resolve().parents[2]
PROGRAMME = ROOT / "config" / "programmes" / "household-club.toml"
PATIENCE_S = 60.0


class StoreTill:
    """One till's folder, process and doors; its line to head office can be cut."""

    def __init__(self, store: "Store", name: str, pool: str) -> None:
        self.name, self._store = name, store
        self.folder = store.folder / name
        self.folder.mkdir()
        self.line = Line(store.office_port)
        self.config = self.folder / "loyalty-agent.toml"
        certificate = store.certificate(self.folder, name)
        self.config.write_text(f"""
[till]
store = "12"
till = "{name}"
currency = "USD"
[paths]
state = "{self.folder}/state"
run = "{self.folder}/run"
credentials = "{self.folder}/credentials"
[head_office]
url = "http://127.0.0.1:{self.line.port}"
[sync]
pull_interval_s = 0.2
online_wait_ms = 2000
[[numbers]]
kind = "card"
prefix = "299"
length = 13
check = "ean"
[pool]
{pool}
ca_file = "{store.folder}/store-ca.pem"
certificate = "{certificate}"
key = "{certificate}"
""")
        self.pos = Pos(self.folder / "run" / "pos.sock")
        self.sales = 0

    def start(self) -> None:
        """Start the daemon, and wait until it answers."""
        self._store.run(self.name, "agent.cli.till", "run", "--config", str(self.config))
        until(lambda: self.status() is not None, f"{self.name} to answer")

    def status(self) -> Any:
        """Ask the daemon how it stands, None while nobody answers."""
        door = Connection(self.folder / "run" / "admin.sock", timeout_s=5.0)
        try:
            door.request("GET", "/status")
            return json.loads(door.getresponse().read())
        except (OSError, ValueError):
            return None
        finally:
            door.close()

    def sell(self, card: str, amount_minor: int, *, redeem: int = 0) -> int:
        """Sell goods to whose card it is; return the points paid with."""
        status, known = self.pos.call("POST", "/v1/identifications", {"value": card, "entry_mode": "Scanned"})
        assert (status, known["result"]) == (200, "identified"), known
        self.sales += 1
        receipt = f"{self.name}-{os.getpid()}-{self.sales}"
        basket = {
            "receipt_id": receipt,
            "sold_at": time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime()),
            "store": "12",
            "till": self.name,
            "currency": "USD",
            "lines": [{"line": 1, "sku": "1", "group": "GROCERY", "amount_minor": amount_minor}],
            "instruments": [known["identification_id"]],
            "redeem": {"points": redeem} if redeem else {},
        }
        status, quote = self.pos.call("PUT", f"/v1/receipts/{receipt}/quote", basket)
        assert status == 200, quote
        tenders = [{"kind": "cash", "amount_minor": quote["due_minor"]}]
        answer = self.pos.until_done(
            "POST",
            f"/v1/receipts/{receipt}/commit",
            {"etag": quote["etag"], "basket": basket, "tenders": tenders},
        )
        return int(sum(one["redeem"] for one in answer["wallets"]))


class Store:
    """Head office and three tills; `close` ends every process that was started."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ca = trustme.CA()
        self._ca.cert_pem.write_to_path(folder / "store-ca.pem")
        self.office_port, self.pool_port = free_port(), free_port()
        self.office_config = folder / "headoffice.toml"
        self.office_config.write_text(
            f'[door]\nport = {self.office_port}\n[paths]\nstate = "{folder}/office"\n'
            '[placement]\npolicy = "whole_at_home"\nleast = 1\n'
        )
        listen = f'role = "pool"\nlisten = "127.0.0.1"\nport = {self.pool_port}\ninterface = "lo"'
        member = f'role = "member"\nurl = "https://127.0.0.1:{self.pool_port}"'
        self._processes: list[subprocess.Popen[bytes]] = []
        self.pool = StoreTill(self, "12-1", listen)
        self.members = [StoreTill(self, name, member) for name in ("12-2", "12-3")]

    @property
    def tills(self) -> list[StoreTill]:
        return [self.pool, *self.members]

    def start(self, members_csv: str) -> None:
        """Set everything up with the commands that people use, and start it."""
        path = self.folder / "members.csv"
        path.write_text(members_csv)
        self.office("member", "import", str(path))
        self.office("programme", "publish", str(PROGRAMME))
        self.run("office", "agent.cli.headoffice", "serve", "--config", str(self.office_config))
        until(lambda: answers(self.office_port), "head office")
        for till in self.tills:
            code = self.office("till", "add", "--store", "12", "--till", till.name).strip().split()[-1]
            command("agent.cli.till", "enrol", code, "--config", str(till.config))
            till.start()
        until_each(self.tills, lambda status: status["programme"], "to have news")
        until(lambda: len(self.pool.status()["pool"]["peers"]) == 2, "the pool to know its tills")
        until_each(self.members, lambda status: status["pool"]["online"], "to reach the pool")

    def settle(self) -> None:
        """Wait until head office has booked everything, and every till has heard of that."""
        until_each(self.tills, is_settled, "to settle")

    def office(self, *arguments: str) -> str:
        return command("agent.cli.headoffice", *arguments, "--config", str(self.office_config))

    def certificate(self, folder: Path, name: str) -> Path:
        """Issue a certificate of the store's authority, key and chain in one file."""
        path = folder / "till.pem"
        self._ca.issue_cert("127.0.0.1", common_name=name).private_key_and_cert_chain_pem.write_to_path(path)
        return path

    def run(self, name: str, module: str, *arguments: str) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self._processes.append(
                subprocess.Popen([sys.executable, "-m", module, *arguments], cwd=ROOT, stdout=log, stderr=log)
            )

    def close(self) -> None:
        for till in self.tills:
            till.pos.hang_up()
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(20)
            process.kill()
            process.wait()


def is_settled(status: Any) -> bool:
    ledger = status["ledger"]
    return bool(
        status["sync"]["online"] and ledger["backlog"] == 0 and ledger["booked"] == ledger["head_seq"]
    )


def until_each(tills: list[StoreTill], fact: Callable[[Any], Any], what: str) -> None:
    """Wait until the status of every till shows a fact."""
    for till in tills:
        until(lambda: fact(till.status()), f"{till.name} {what}")  # noqa: B023 - asked before the next one


def until(holds: Callable[[], Any], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline, f"waited {PATIENCE_S:.0f} s for {what}"
        time.sleep(0.05)


def command(module: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{arguments}: {done.stderr}{done.stdout}"
    return done.stdout


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
