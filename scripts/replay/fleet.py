"""Start a head office and its tills as real processes, set up with the commands that people use."""

import csv
import datetime as dt
import http.client
import json
import os
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from scripts.replay.clock import ReceiptClock, Window
from scripts.replay.network import Line
from scripts.replay.pos import Connection
from scripts.replay.receipts import coupons
from scripts.replay.scanner import Scanner
from scripts.replay.seeded import card_number
from scripts.replay.station import Station

ROOT = Path(__file__).resolve().parents[2]
PROGRAMME = ROOT / "config" / "programmes" / "household-club.toml"
START_S = 60.0
COUPON_LIFE = dt.timedelta(days=30)
"""From the day on which the data says it was redeemed; when it was sent the data does not say."""


@dataclass(slots=True)
class TillProcess:
    """One running till."""

    name: str
    folder: Path
    config: Path
    scanner: Scanner
    process: subprocess.Popen[bytes] | None = None


class Fleet:
    """Everything that runs; `work` keeps configuration, state and logs; `bug` is planted in the tills."""

    def __init__(self, work: Path, clock: ReceiptClock, *, tills: int, bug: str = "") -> None:
        self.work = work
        self._bug = bug
        self.clock = clock
        self.office_config = work / "headoffice.toml"
        self._office_port = _free_port()
        self._certificate, self._key = _throw_away_certificate(work)
        self._office: subprocess.Popen[bytes] | None = None
        self.line = Line(self._office_port)
        self.tills = [self._make_till(number) for number in range(1, tills + 1)]

    def start(self, households: list[int]) -> list[Station]:
        """Set everything up and start it; return the open checkouts."""
        self._write_office_config()
        self._import_members(households)
        self.office("programme", "publish", str(PROGRAMME))
        self._office = self._run("office", "scripts.replay.office_process", self.office_config)
        _until(lambda: _answers(self._office_port), "head office")
        for till in self.tills:
            store = _store_of(till.name)
            code = self.office("till", "add", "--store", store, "--till", till.name).strip().split()[-1]
            self.agent("enrol", code, "--config", str(till.config))
            self.start_till(till)
        window = Window()
        stations = [
            Station(
                till.name,
                _store_of(till.name),
                till.folder / "run" / "pos.sock",
                scanner=till.scanner,
                clock=self.clock,
                window=window,
            )
            for till in self.tills
        ]
        for till in self.tills:
            _until(lambda till=till: self._has_news(till), f"news at {till.name}")
        for station in stations:
            station.start()
        return stations

    def start_till(self, till: TillProcess) -> None:
        """Start one till's daemon and wait until it answers."""
        till.process = self._run(
            till.name, "scripts.replay.till_process", till.config, *filter(None, [self._bug])
        )
        _until(lambda: self.status(till) is not None, till.name)

    def status(self, till: TillProcess) -> dict[str, Any] | None:
        """Ask one till how it stands, None while nobody answers."""
        connection = Connection(till.folder / "run" / "admin.sock", timeout_s=5.0)
        try:
            connection.request("GET", "/status")
            answer: dict[str, Any] = json.loads(connection.getresponse().read())
        except (OSError, http.client.HTTPException, json.JSONDecodeError):
            return None
        finally:
            connection.close()
        return answer

    def settle(self) -> None:
        """Wait until every till has sent everything and head office's answer to it has come back."""
        for till in self.tills:
            _until(lambda till=till: self._is_settled(till), f"{till.name} to settle", 120)

    def stop(self) -> None:
        """Stop everything, gently first."""
        processes = [till.process for till in self.tills] + [self._office]
        for process in processes:
            if process is not None and process.poll() is None:
                process.terminate()
        for process in processes:
            if process is not None:
                try:
                    process.wait(20)
                except subprocess.TimeoutExpired:
                    process.kill()

    def office(self, *arguments: str) -> str:
        """Run a command of head office; return what it printed.

        Raises:
            RuntimeError: it failed.
        """
        return _command("agent.cli.headoffice", *arguments, "--config", str(self.office_config))

    def agent(self, *arguments: str) -> str:
        """Run a command of a till; return what it printed."""
        return _command("agent.cli.till", *arguments)

    def _has_news(self, till: TillProcess) -> bool:
        status = self.status(till)
        return status is not None and status["programme"] is not None and status["sync"]["cursor"] > 0

    def _is_settled(self, till: TillProcess) -> bool:
        status = self.status(till)
        if status is None:
            return False
        ledger = status["ledger"]
        return bool(
            status["sync"]["online"] and ledger["backlog"] == 0 and ledger["booked"] == ledger["head_seq"]
        )

    def _make_till(self, number: int) -> TillProcess:
        name = f"till-{number}"
        folder = self.work / name
        folder.mkdir(parents=True)
        scanner = Scanner()
        config = folder / "loyalty-agent.toml"
        config.write_text(f"""
[till]
store = "{_store_of(name)}"
till = "{name}"
currency = "USD"
[paths]
state = "{folder}/state"
run = "{folder}/run"
credentials = "{folder}/credentials"
[head_office]
url = "https://127.0.0.1:{self.line.port}"
ca_file = "{self._certificate}"
[sync]
pull_interval_s = 0.5
[[device]]
name = "scanner"
driver = "serial_scanner"
port = "{scanner.port}"
[[numbers]]
kind = "card"
prefix = "299"
length = 13
check = "ean"
""")
        return TillProcess(name, folder, config, scanner)

    def _write_office_config(self) -> None:
        self.office_config.write_text(f"""
[door]
host = "127.0.0.1"
port = {self._office_port}
certificate = "{self._certificate}"
key = "{self._key}"
[paths]
state = "{self.work}/office"
""")

    def _import_members(self, households: list[int]) -> None:
        path = self.work / "members.csv"
        with path.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["member", "card", "voucher", "voucher_id", "voucher_from", "voucher_until"])
            for household in households:
                writer.writerow([f"m{household}", card_number(household), "", "", "", ""])
            for number, one in enumerate(coupons(households), start=1):
                until = one.redeemed_on + COUPON_LIFE
                dates = (one.redeemed_on.isoformat(), until.isoformat())
                writer.writerow([f"m{one.household}", "", "coupon", f"c{number}-{one.upc}", *dates])
        self.office("member", "import", str(path))

    def _run(self, name: str, module: str, config: Path, *more: str) -> subprocess.Popen[bytes]:
        log = (self.work / f"{name}.log").open("ab")
        return subprocess.Popen(
            [sys.executable, "-m", module, str(config), str(self.work / "clock"), *more],
            cwd=ROOT,
            stdout=log,
            stderr=log,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )


def _store_of(till: str) -> str:
    """Two tills a store."""
    return f"store-{(int(till.rpartition('-')[2]) + 1) // 2}"


def _command(module: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{module} {' '.join(arguments[:3])} ended with {done.returncode}: {done.stderr}")
    return done.stdout


def _until(holds: Any, what: str, seconds: float = START_S) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise RuntimeError(f"waited {seconds:.0f} s for {what}")
        time.sleep(0.05)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _throw_away_certificate(folder: Path) -> tuple[Path, Path]:
    """Make a certificate for 127.0.0.1 that is its own authority, for this run alone."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "head office of the demo")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=2))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(_loopback())]), critical=False)
        .sign(key, hashes.SHA256())
    )
    certificate_path, key_path = folder / "office.pem", folder / "office.key"
    certificate_path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    key_path.chmod(0o600)
    return certificate_path, key_path


def _loopback() -> Any:
    import ipaddress  # noqa: PLC0415

    return ipaddress.ip_address("127.0.0.1")
