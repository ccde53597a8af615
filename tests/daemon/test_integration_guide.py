"""agent/till/INTEGRATION.md: both examples of the guide run against the real daemon, as they are printed."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agent.clock import SystemClock, random_id
from agent.journal.tag import tag_of
from agent.ledger.ledger import open_ledger
from agent.loyalty.member import Lot, MemberFacts, WalletFacts
from agent.sync.announced import ProgrammeNews
from agent.sync.credentials import Credentials, Enrolment, write_credentials
from agent.sync.wire import Allowance, Delta, LotSlice, MemberRow
from tests.daemon.test_run import ROOT, Agent
from tests.parts import MissingPart, part_or_skip
from tests.till.desk import CARD, CLUB, FLEET_KEY

GUIDE = ROOT / "agent" / "till" / "INTEGRATION.md"


def example(language: str) -> str:
    found = re.search(
        rf"^```{language}\n(.*?)^```$", GUIDE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )
    assert found is not None
    return found[1]


def settle_in(folder: Path) -> None:
    """Leave a till's state as enrolment and the first news do: a programme, one member, what it may spend."""
    clock = SystemClock()
    enrolment = Enrolment("1-1", "1", "", "00" * 32)
    write_credentials(folder / "credentials", Credentials(enrolment, Ed25519PrivateKey.generate(), FLEET_KEY))
    ledger = open_ledger(folder / "state", clock=clock, new_id=random_id)
    facts = MemberFacts("m1", wallets={"points": WalletFacts([Lot("l1", 500)])})
    row = MemberRow("m1", 1, [tag_of("card", CARD, FLEET_KEY)], facts)
    until_ms = int(clock.now().timestamp() * 1000) + 86_400_000
    given = Allowance(ledger.incarnation, 1, "m1", "points", 500, [LotSlice("l1", 500)], until_ms)
    programme = ProgrammeNews("household-club", 1, "00" * 32, b"")
    ledger.write(lambda tx: tx.store_programme(CLUB.read_bytes(), programme)).result(10)
    ledger.write(lambda tx: tx.apply_delta(Delta(0, 1, more=False, booked_seq=0, members=[row]))).result(10)
    assert ledger.write(lambda tx: tx.accept_allowance(given)).result(10)
    ledger.close()


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Agent]:
    settle_in(tmp_path)
    one = Agent(tmp_path, '[[numbers]]\nkind="card"\nprefix="299"\nlength=13\n')
    one.config.write_text(one.config.read_text().replace("EUR", "USD"))
    one.start()
    one.await_message("READY=1")
    yield one
    one.stop()


def test_the_python_example_sells_loses_an_answer_and_recovers(agent: Agent, tmp_path: Path) -> None:
    program = tmp_path / "pos.py"
    program.write_text(example("python"), encoding="utf-8")
    # -I: nothing but the standard library.
    command = [sys.executable, "-I", "-S", str(program), str(agent.pos), CARD, "77"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    told = done.stdout.splitlines()
    assert told[:5] == [
        "hello 1-1 offline",
        "card identified …0019 (13) [{'wallet': 'points', 'balance': 500}]",
        "quote 1250",
        "hold 422 etag_mismatch Ostos on muuttunut viime laskelman jälkeen.",
        "hold 200 {'points': 300}",
    ]
    assert told[5].startswith("commit 200 committed ['Paid with points (points): 300'")
    assert told[6:] == [
        "recall 200 True",
        told[7],
        "void 200 voided",
        "event receipt.committed",
    ]
    assert told[7].startswith("return 200 partly_returned ")


def test_the_curl_example_takes_a_member_in_and_claims(agent: Agent, tmp_path: Path) -> None:
    bash = part_or_skip("curl", curl)
    program = tmp_path / "member.sh"
    program.write_text(example("sh member"), encoding="utf-8")
    command = [bash, "-eu", str(program), str(agent.pos), "2990000000026", "1-1-79-1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    paid, joined, claimed, withdrawn = [json.loads(line) for line in done.stdout.splitlines()]
    assert (paid["state"], joined["result"], joined["provisional"]) == ("committed", "identified", True)
    assert (claimed["state"], claimed["wallets"][0]["earn"] > 0) == ("committed", True)
    assert withdrawn["consents"][0]["granted"] is False


def curl() -> str:
    """Return bash, where both it and curl are here."""
    bash = shutil.which("bash")
    if bash is None or shutil.which("curl") is None:
        raise MissingPart("no curl on this machine")
    return bash


def test_the_curl_example_sells_and_recovers(agent: Agent, tmp_path: Path) -> None:
    bash = part_or_skip("curl", curl)
    program = tmp_path / "pos.sh"
    program.write_text(example("sh"), encoding="utf-8")
    command = [bash, "-eu", str(program), str(agent.pos), CARD, "1-1-78-1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert [one.get("state") for one in told] == [
        None,
        "held",
        "committed",
        "committed",
        "returned",
        "voided",
    ]
    assert told[2] == told[3]
    assert ": welcome" in done.stdout
