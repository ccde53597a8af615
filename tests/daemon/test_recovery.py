"""The agent is killed between any two calls of a sale, and while one is under way: each receipt counts once.

The real daemon, its real ledger, SIGKILL.  The POS does what INTEGRATION.md says: it stores the paid
receipt, asks the recovery call after the break, goes on where that says, and repeats what it sent.
"""

import http.client
import json
import signal
import socket
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agent.clock import SystemClock, random_id
from agent.journal.tag import tag_of
from agent.ledger.ledger import Ledger, open_ledger
from agent.ledger.transaction import Transaction
from agent.ledger.verify import verify
from agent.loyalty.member import Lot, MemberFacts, WalletFacts
from agent.sync.announced import ProgrammeNews
from agent.sync.credentials import Credentials, Enrolment, write_credentials
from agent.sync.wire import Allowance, Delta, LotSlice, MemberRow
from tests.daemon.test_run import Agent, call
from tests.till.desk import CLUB, FLEET_KEY

POINTS, SPENT = 500, 300
CALLS = ("identify", "quote", "hold", "commit", "return")
BEFORE = [(name, False) for name in CALLS] + [("end", False)]
WITHIN = [(name, True) for name in CALLS]
CUTS = [("never", False), *BEFORE, *WITHIN]


def card(number: int) -> str:
    """Return a card number of ours: twelve digits and their EAN check digit."""
    digits = f"29900000{number:04}"
    total = sum(int(digit) * (3 if at % 2 else 1) for at, digit in enumerate(digits))
    return f"{digits}{-total % 10}"


def settle_in(folder: Path) -> None:
    """Leave a till with a member for each cut, who may spend."""
    clock = SystemClock()
    enrolment = Enrolment("1-1", "1", "", "00" * 32)
    write_credentials(folder / "credentials", Credentials(enrolment, Ed25519PrivateKey.generate(), FLEET_KEY))
    ledger = open_ledger(folder / "state", clock=clock, new_id=random_id)
    until_ms = int(clock.now().timestamp() * 1000) + 86_400_000
    programme = ProgrammeNews("household-club", 1, "00" * 32, b"")
    ledger.write(lambda tx: tx.store_programme(CLUB.read_bytes(), programme)).result(10)
    rows = []
    for number in range(len(CUTS)):
        facts = MemberFacts(f"m{number}", wallets={"points": WalletFacts([Lot(f"l{number}", POINTS)])})
        rows.append(MemberRow(f"m{number}", 1, [tag_of("card", card(number), FLEET_KEY)], facts))
    ledger.write(lambda tx: tx.apply_delta(Delta(0, 1, more=False, booked_seq=0, members=rows))).result(10)
    for number in range(len(CUTS)):
        lots = [LotSlice(f"l{number}", POINTS)]
        given = Allowance(ledger.incarnation, number + 1, f"m{number}", "points", POINTS, lots, until_ms)
        assert ledger.write(partial(Transaction.accept_allowance, allowance=given)).result(10)
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


class Pos:
    """A till program that sells one receipt, whatever becomes of the agent; `cut` is where it is killed."""

    def __init__(self, agent: Agent, number: int, cut: tuple[str, bool]) -> None:
        self.agent, self.cut = agent, cut
        self.receipt = f"1-1-77-{number}"
        self.card = card(number)
        self.basket: dict[str, Any] = {
            "receipt_id": self.receipt,
            "sold_at": SystemClock().now().isoformat(),
            "store": "1",
            "till": "1-1",
            "currency": "USD",
            "lines": [
                {"line": 1, "sku": "milk", "group": "GROCERY", "quantity": "3", "amount_minor": 1000},
                {"line": 2, "sku": "plum", "group": "PRODUCE", "amount_minor": 550},
            ],
            "redeem": {"points": SPENT},
        }

    def sell(self) -> None:
        """Go through the sale; after a break ask what became of it, and go on."""
        etag = self._agree()
        paid = {"etag": etag, "basket": self.basket, "tenders": [{"kind": "cash", "amount_minor": 1250}]}
        answer = self._surely("commit", "POST", f"/v1/receipts/{self.receipt}/commit", paid)
        assert answer["state"] == "committed"
        assert answer["differences"] == []
        back = {"lines": [{"line": 2}], "returned_at": self.basket["sold_at"]}
        self._surely("return", "PUT", f"/v1/receipts/{self.receipt}/returns/{self.receipt}-b", back)
        self._kill_if("end")

    def _agree(self) -> str:
        """Identify, quote and hold until the recovery call says that the points are set aside."""
        while True:
            try:
                known = self._call("identify", "POST", "/v1/identifications", {"value": self.card})[1]
                self.basket["instruments"] = [known["identification_id"]]
                path = f"/v1/receipts/{self.receipt}"
                quote = self._call("quote", "PUT", f"{path}/quote", self.basket)[1]
                held = {"etag": quote["etag"], "basket": self.basket}
                self._call("hold", "PUT", f"{path}/hold", held)
            except ConnectionError:
                self._restarted()
                state, told = call(self.agent.pos, "GET", f"/v1/receipts/{self.receipt}")
                assert (state, told.get("state")) in {(404, None), (200, "held")}
                continue
            return str(quote["etag"])

    def _surely(self, name: str, method: str, path: str, body: Any) -> Any:
        """Repeat a call until it is answered; after a break the recovery call tells no other story."""
        while True:
            try:
                status, answer = self._call(name, method, path, body)
            except ConnectionError:
                self._restarted()
                status, told = call(self.agent.pos, "GET", f"/v1/receipts/{self.receipt}")
                assert status == 200
                assert told["state"] in {"held", "committed", "partly_returned"}
                continue
            assert status == 200, answer
            return answer

    def _call(self, name: str, method: str, path: str, body: Any) -> tuple[int, Any]:
        if self.cut == (name, True):
            self.cut = ("never", False)
            with suppress(OSError, http.client.HTTPException):
                self._send_only(method, path, body)
            self._kill()
        self._kill_if(name)
        status, answer = call(self.agent.pos, method, path, body)
        return status, answer

    def _send_only(self, method: str, path: str, body: Any) -> None:
        """Send a request whose answer nobody will read."""
        client = http.client.HTTPConnection("localhost")
        client.sock = socket.socket(socket.AF_UNIX)
        client.sock.connect(str(self.agent.pos))
        client.request(method, path, json.dumps(body).encode())
        client.close()

    def _kill_if(self, name: str) -> None:
        if self.cut == (name, False):
            self.cut = ("never", False)
            if name == "end":
                self.agent.processes[-1].send_signal(signal.SIGKILL)
                self._restarted()
                return
            self._kill()

    def _kill(self) -> None:
        self.agent.processes[-1].send_signal(signal.SIGKILL)
        self.agent.processes[-1].communicate()
        raise ConnectionError

    def _restarted(self) -> None:
        self.agent.processes[-1].communicate()
        self.agent.start()
        self.agent.await_message("READY=1")


@pytest.mark.long
def test_killed_between_any_two_calls_or_within_one_every_receipt_counts_once(
    agent: Agent, tmp_path: Path
) -> None:
    for number, cut in enumerate(CUTS):
        Pos(agent, number, cut).sell()
    assert len(agent.processes) == len(CUTS), "each cut but `never` was a kill and a start"
    agent.processes[-1].send_signal(signal.SIGTERM)
    agent.processes[-1].communicate(timeout=20)
    assert verify(tmp_path / "state").ok
    ledger = open_ledger(tmp_path / "state", clock=SystemClock(), new_id=random_id)
    try:
        lives = {cut: lived(ledger, number) for number, cut in enumerate(CUTS)}
    finally:
        ledger.close()
    assert set(lives.values()) == {lives["never", False]}


def lived(ledger: Ledger, number: int) -> tuple[int, tuple[str, ...]]:
    """Return what a sale left: the member's balance, and its entries but for holds taken and given back."""
    kinds = [one.kind for one in ledger.read.entries_of(f"1-1-77-{number}")]
    assert kinds.count("RECEIPT") == kinds.count("RETURN") == 1
    assert kinds.count("HOLD") == kinds.count("RELEASE") + 1
    kept = tuple(kind for kind in kinds if kind not in {"HOLD", "RELEASE"})
    return ledger.read.balance(f"m{number}", "points"), kept
