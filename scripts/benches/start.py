"""A till's cold start with six million members: `scripts/bench start`.

From the program's start to its first answer, which is whose a typed card is, with the till's files out of
the page cache; beside it an empty Python.  Also what the process holds in memory then, and a while later
when head office's part is imported too.
"""

import http.client
import json
import os
import resource
import secrets
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agent.clock import SystemClock, random_id
from agent.headoffice.store.directory_file import Listed, write_directory
from agent.journal.directory import file_name
from agent.ledger.directory import Directory
from agent.ledger.ledger import open_ledger
from agent.sync.announced import ProgrammeNews
from agent.sync.credentials import Credentials, Enrolment, write_credentials
from scripts.benches.directory import CURSOR, FLEET_KEY, MEMBERS, listed
from scripts.benches.figures import Line, line
from scripts.benches.quote_server import ROOT, club_text

ROUNDS = 7
SETTLED_S = 6.0
DEADLINE_S = 60.0
TICKS = os.sysconf("SC_CLK_TCK")


def measure(folder: Path, members: int = MEMBERS) -> list[Line]:
    """Return bench lines; making the members' file takes a minute and a gigabyte."""
    config = make_till(folder, listed(members), club_text())
    ours, cpu, empty, empty_cpu, resident, later = [], [], [], [], [], []
    for turn in range(ROUNDS):
        _drop_from_cache(folder / "state")
        begun = time.perf_counter()
        process = start(config)
        try:
            first_answer(folder / "run" / "pos.sock", f"299{turn * 7919 % members:010d}")
            ours.append((time.perf_counter() - begun) * 1000)
            cpu.append(_cpu_ms(process.pid))
            resident.append(_resident_mib(process.pid))
            if turn == ROUNDS - 1:
                time.sleep(SETTLED_S)
                later.append(_resident_mib(process.pid))
        finally:
            process.terminate()
            process.wait(20)
        begun, before = time.perf_counter(), _children_cpu_ms()
        subprocess.run([sys.executable, "-c", "pass"], check=True)
        empty.append((time.perf_counter() - begun) * 1000)
        empty_cpu.append(_children_cpu_ms() - before)
    return [
        line("start_first_answer", statistics.median(ours), "300 ms", 300.0, goal=1.0),
        line("start_beside_python", min(ours), "an empty Python", min(empty)),
        line("start_cpu", min(cpu), "an empty Python, CPU time", min(empty_cpu)),
        line("start_rss", max(resident), "60 MiB", 60.0, unit="MiB", goal=1.0),
        line("start_rss_settled", max(later), "60 MiB", 60.0, unit="MiB", goal=1.0),
    ]


def make_till(folder: Path, members: Iterable[Listed], programme: bytes, more: str = "") -> Path:
    """Make an enrolled till's files: credentials, a ledger with a programme, the directory."""
    state = folder / "state"
    ledger = open_ledger(state, clock=SystemClock(), new_id=random_id)
    try:
        write_directory(state / file_name(CURSOR), CURSOR, members)
        news = ProgrammeNews("household-club", 1, "0" * 64, b"")
        ledger.write(lambda tx: tx.store_programme(programme, news)).result()
        ledger.write(lambda tx: tx.use_directory(CURSOR)).result()
        ledger.put_directory(Directory(state / file_name(CURSOR)))
    finally:
        ledger.close()
    with socket.socket() as closed:  # an address where nobody answers
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    enrolment = Enrolment("1-1", "1", url, secrets.token_hex(32))
    write_credentials(folder / "credentials", Credentials(enrolment, Ed25519PrivateKey.generate(), FLEET_KEY))
    config = folder / "loyalty-agent.toml"
    config.write_text(
        f'[till]\nstore="1"\ntill="1-1"\ncurrency="USD"\n[head_office]\nurl="{url}"\n'
        f'[paths]\nstate="{state}"\nrun="{folder}/run"\ncredentials="{folder}/credentials"\n'
        '[[numbers]]\nkind="card"\nprefix="299"\nlength=13\ncheck="none"\n' + more
    )
    return config


def start(config: Path) -> "subprocess.Popen[bytes]":
    """Start the daemon."""
    command = [sys.executable, "-m", "agent.cli.till", "run", "--config", str(config)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)


def first_answer(door: Path, card: str) -> None:
    """Call until somebody answers, as a POS does whose agent is starting."""
    body = json.dumps({"value": card, "entry_mode": "Manual"})
    deadline = time.monotonic() + DEADLINE_S
    while True:
        connection = http.client.HTTPConnection("localhost")
        connection.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.sock.connect(str(door))
            connection.request("POST", "/v1/identifications", body)
            response = connection.getresponse()
            told = response.read()
        except OSError:
            assert time.monotonic() < deadline, "the till does not start"
            time.sleep(0.002)
            continue
        finally:
            connection.close()
        assert (response.status, json.loads(told).get("result")) == (200, "identified"), told
        return


def _drop_from_cache(state: Path) -> None:
    for path in state.iterdir():
        if path.is_file():
            descriptor = os.open(path, os.O_RDONLY)
            os.fdatasync(descriptor)
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(descriptor)


def _cpu_ms(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / TICKS


def _children_cpu_ms() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (used.ru_utime + used.ru_stime) * 1000


def _resident_mib(process: int) -> float:
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024
