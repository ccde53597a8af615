"""The commands and the running server, as processes: set up, serve over TLS, sync a till, pull, stop."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from click.testing import CliRunner, Result

from agent.cli.headoffice import main
from agent.errors import Rejected, Unreachable
from agent.sync.client import Client, ClientSettings
from agent.sync.enrol import enrol
from agent.sync.wire import (
    Acknowledged,
    Allowance,
    AllowanceAnswer,
    AllowanceRequest,
    Delta,
    HelloAnswer,
    Pull,
    PullAnswer,
    PushAnswer,
    Welcome,
)
from tests.headoffice.till_end import PROGRAMME, TillEnd, basket

ROOT = Path(__file__).resolve().parents[2]
MEMBERS = "member,card,wallet,balance\nm-1,2990000000017,points,500\n"


def run(config: Path, *words: str) -> Result:
    return CliRunner().invoke(main, [*words, "--config", str(config)])


def told(config: Path, *words: str) -> Any:
    result = run(config, *words, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration with a throw-away authority's certificate, on a free port."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    certificate = authority.issue_cert("127.0.0.1")
    certificate.private_key_pem.write_to_path(str(tmp_path / "office.key"))
    for number, blob in enumerate(certificate.cert_chain_pems):
        blob.write_to_path(str(tmp_path / "office.pem"), append=number > 0)
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]
    path = tmp_path / "office.toml"
    path.write_text(
        f'[door]\nport = {port}\ncertificate = "{tmp_path}/office.pem"\nkey = "{tmp_path}/office.key"\n'
        f'[paths]\nstate = "{tmp_path}/state"\n'
    )
    return path


@pytest.fixture
def ready(config: Path) -> Path:
    """A head office with a programme and a member."""
    (config.parent / "household-club.toml").write_bytes(PROGRAMME)
    (config.parent / "members.csv").write_text(MEMBERS)
    assert run(config, "init").exit_code == 0
    assert run(config, "programme", "publish", str(config.parent / "household-club.toml")).exit_code == 0
    assert run(config, "member", "import", str(config.parent / "members.csv")).exit_code == 0
    return config


@pytest.fixture
def server(ready: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The server as systemd starts it: it reports when it is ready."""
    address = str(ready.parent / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(address)
        manager.settimeout(30)
        process = subprocess.Popen(
            [sys.executable, "-m", "agent.cli.headoffice", "serve", "--config", str(ready)],
            cwd=ROOT,
            env={**os.environ, "NOTIFY_SOCKET": address},
            stdout=subprocess.DEVNULL,
        )
        try:
            assert manager.recv(1024).startswith(b"READY=1")
            yield process
        finally:
            process.kill()
            process.wait()


def settings(config: Path) -> ClientSettings:
    port = config.read_text().split("port = ")[1].split("\n")[0]
    return ClientSettings(f"https://127.0.0.1:{port}", ca_file=str(config.parent / "authority.pem"))


async def sync_one_receipt(config: Path, code: str) -> TillEnd:
    """Enrol, greet, pull, sell and push with the till's own client."""
    credentials = await enrol(settings(config), code)
    till = TillEnd(credentials.enrolment.till)
    till.key = credentials.key
    client = Client(settings(config), till=till.name, key=credentials.key)
    try:
        assert isinstance(await client.send(till.hello(), HelloAnswer), Welcome)
        delta = await client.send(Pull(till.incarnation, 0), PullAnswer)
        assert isinstance(delta, Delta)
        assert await client.blob(delta.programmes[0].sha256) == PROGRAMME
        asked = AllowanceRequest(till.incarnation, "q", "m-1", "points", 400)
        allowance = await client.send(asked, AllowanceAnswer)
        assert isinstance(allowance, Allowance)
        till.sell(basket("r-1", 2000, redeem=400), delta.members[0].facts, allowance=allowance.number)
        batch = till.batch()
        assert await client.send(batch, PushAnswer) == Acknowledged(till.incarnation, 5, till.hash_at(5))
        while True:  # booked a moment later
            news = await client.send(Pull(till.incarnation, delta.to_cursor), PullAnswer)
            if isinstance(news, Delta) and news.booked_seq == 5:
                assert sum(lot.amount for lot in news.members[0].facts.wallets["points"].lots) == 116
                return till
    finally:
        await client.close()


def test_a_receipt_goes_from_the_tills_client_over_tls_to_a_pull(
    ready: Path, server: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    code = told(ready, "till", "add", "--store", "12", "--till", "12-1")["code"]
    asyncio.run(sync_one_receipt(ready, code))
    assert told(ready, "verify")["ok"]
    assert told(ready, "status")["tills"][0]["booked"] == 5
    assert told(ready, "report")["points"][0]["spent"] == 400
    assert told(ready, "member", "show", "2990000000017")["balances"] == {"points": 116}
    pulled = told(ready, "pull", "--to", str(tmp_path / "out"), "--format", "csv")
    assert pulled["rows"] == {"entries": 5, "receipts": 1, "lines": 1, "differences": 0}
    server.send_signal(signal.SIGTERM)
    assert server.wait(20) == 0


def test_a_second_server_on_the_same_folder_is_told_and_ends(
    ready: Path, server: subprocess.Popen[bytes]
) -> None:
    command = [sys.executable, "-m", "agent.cli.headoffice", "serve", "--config", str(ready)]
    second = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert second.returncode == 1
    assert "another head office serves" in second.stderr
    assert server.poll() is None


def test_a_killed_server_starts_again_with_all_it_acknowledged(
    ready: Path, server: subprocess.Popen[bytes]
) -> None:
    code = told(ready, "till", "add", "--store", "12", "--till", "12-1")["code"]
    asyncio.run(sync_one_receipt(ready, code))
    server.kill()
    server.wait()
    found = told(ready, "verify")
    assert (found["ok"], found["entries"]) == (True, 5)
    with pytest.raises(Unreachable):
        asyncio.run(sync_one_receipt(ready, code))


def test_a_used_code_is_rejected(ready: Path, server: subprocess.Popen[bytes]) -> None:
    code = told(ready, "till", "add", "--store", "12", "--till", "12-1")["code"]
    asyncio.run(enrol(settings(ready), code))
    with pytest.raises(Rejected, match="refused the code"):
        asyncio.run(enrol(settings(ready), code))


def test_every_command_is_readable_without_json(ready: Path, tmp_path: Path) -> None:
    assert "within 15 minutes" in run(ready, "till", "add", "--store", "12", "--till", "12-1").output
    words: list[list[str]] = [["till", "list"], ["programme", "list"], ["status"], ["report"], ["verify"]]
    for command in [*words, ["member", "show", "m-1"], ["pull", "--to", str(tmp_path / "out")]]:
        result = run(ready, *command)
        assert result.exit_code == 0, result.output
        assert result.output
    assert "blocked: one card of member m-1" in run(ready, "member", "block", "2990000000017").output
    assert "(blocked)" in run(ready, "member", "show", "m-1").output


def test_what_is_wrong_is_told_in_sentences_with_its_exit_code(ready: Path, tmp_path: Path) -> None:
    unknown = run(ready, "member", "show", "nobody")
    assert (unknown.exit_code, "no member has this id" in unknown.output) == (1, True)
    listed = tmp_path / "list.csv"
    listed.write_text("member,crad\nm-1,1\n")
    bad = run(ready, "member", "import", str(listed))
    assert (bad.exit_code, "line 1: unknown_column" in bad.output) == (2, True)
    same = run(ready, "programme", "publish", str(ready.parent / "household-club.toml"))
    assert (same.exit_code, "was published already" in same.output) == (0, True)
    none = run(ready, "pull", "--to", str(tmp_path / "out"), "--after", "v1-000000000000")
    assert (none.exit_code, "nothing new" in none.output) == (0, True)


def test_a_configuration_that_does_not_fit_is_told_whole(tmp_path: Path) -> None:
    path = tmp_path / "office.toml"
    path.write_text('[door]\nport = "x"\nhots = "y"\n[pahts]\n')
    result = run(path, "status")
    assert result.exit_code == 2
    for pointer in ("/door/port", "/door/hots", "/pahts"):
        assert pointer in result.output
    assert run(path, "serve").exit_code == 78
    path.write_text('[door]\nhost = "0.0.0.0"\n')
    assert "needs_tls" in run(path, "status").output
