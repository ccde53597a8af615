"""Sales through kills: the real daemon is killed between calls of a sale or within one, and the POS recovers.

The POS does what INTEGRATION.md says: it stores the paid receipt, asks the recovery call after the break,
goes on where that says, and repeats what it sent.  Each sale has a member of its own, so a sale that was
never broken says what all must leave behind.
"""

import http.client
import json
import signal
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

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
NEVER = ("never", False)
BREAKS = [(name, False) for name in (*CALLS, "end")] + [(name, True) for name in CALLS]
"""Before a call, or within it."""
LONGEST_S = 0.015
"""A kill within a call comes so much later at most: a commit takes less."""


@dataclass
class Outcome:
    """What became of the sales; `failures` say where a POS was told another story."""

    sales: int = 0
    lost: int = 0
    duplicated: int = 0
    half_applied: int = 0
    failures: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether every receipt counts once, and every POS was told so."""
        return not (self.lost or self.duplicated or self.half_applied or self.failures)


def sell_through_kills(
    folder: Path, *, sales: int, seed: int, module: str = "agent.cli.till", tell: Callable[[int], None]
) -> Outcome:
    """Sell so often, each but the first with a break; every place is tried before one comes again."""
    settle_in(folder, sales + 1)
    agent = Agent(folder, '[[numbers]]\nkind="card"\nprefix="299"\nlength=13\n', module=module)
    agent.config.write_text(agent.config.read_text().replace("EUR", "USD"))
    chance, outcome = Random(seed), Outcome()
    try:
        agent.start()
        agent.await_message("READY=1")
        for number in range(sales + 1):
            place = BREAKS[(number - 1) % len(BREAKS)] if number else NEVER
            try:
                Pos(agent, number, place, within_s=chance.random() * LONGEST_S).sell()
            except AssertionError as told:
                outcome.failures.append(f"sale {number}, killed at {place}: {told}")
            outcome.sales += number > 0
            tell(number)
        agent.processes[-1].send_signal(signal.SIGTERM)
        agent.processes[-1].communicate(timeout=20)
    finally:
        agent.stop()
    _judge(folder, outcome)
    return outcome


def settle_in(folder: Path, members: int) -> None:
    """Leave a till with so many members who may spend."""
    clock = SystemClock()
    enrolment = Enrolment("1-1", "1", "", "00" * 32)
    write_credentials(folder / "credentials", Credentials(enrolment, Ed25519PrivateKey.generate(), FLEET_KEY))
    ledger = open_ledger(folder / "state", clock=clock, new_id=random_id)
    until_ms = int(clock.now().timestamp() * 1000) + 86_400_000
    programme = ProgrammeNews("household-club", 1, "00" * 32, b"")
    ledger.write(lambda tx: tx.store_programme(CLUB.read_bytes(), programme)).result(10)
    rows = []
    for number in range(members):
        facts = MemberFacts(f"m{number}", wallets={"points": WalletFacts([Lot(f"l{number}", POINTS)])})
        rows.append(MemberRow(f"m{number}", 1, [tag_of("card", card(number), FLEET_KEY)], facts))
    ledger.write(lambda tx: tx.apply_delta(Delta(0, 1, more=False, booked_seq=0, members=rows))).result(30)
    for number in range(members):
        lots = [LotSlice(f"l{number}", POINTS)]
        given = Allowance(ledger.incarnation, number + 1, f"m{number}", "points", POINTS, lots, until_ms)
        assert ledger.write(partial(Transaction.accept_allowance, allowance=given)).result(10)
    ledger.close()


def card(number: int) -> str:
    """Return a card number of ours: twelve digits and their EAN check digit."""
    digits = f"29900000{number:04}"
    total = sum(int(digit) * (3 if at % 2 else 1) for at, digit in enumerate(digits))
    return f"{digits}{-total % 10}"


def _judge(folder: Path, outcome: Outcome) -> None:
    """Compare what each sale left with what the unbroken one did."""
    report = verify(folder / "state")
    outcome.failures += [] if report.ok else [f"the ledger does not verify: {report.problems[:2]}"]
    ledger = open_ledger(folder / "state", clock=SystemClock(), new_id=random_id)
    try:
        whole = _lived(ledger, 0)
        for number in range(1, outcome.sales + 1):
            kinds = [one.kind for one in ledger.read.entries_of(f"1-1-77-{number}")]
            if "RECEIPT" not in kinds:
                outcome.lost += 1
            elif kinds.count("RECEIPT") > 1 or kinds.count("RETURN") > 1:
                outcome.duplicated += 1
            elif _lived(ledger, number) != whole or kinds.count("HOLD") != kinds.count("RELEASE") + 1:
                outcome.half_applied += 1
    finally:
        ledger.close()


def _lived(ledger: Ledger, number: int) -> tuple[int, tuple[str, ...]]:
    """Return what a sale left: the member's balance, and its entries but for holds taken and given back."""
    kinds = [one.kind for one in ledger.read.entries_of(f"1-1-77-{number}")]
    kept = tuple(kind for kind in kinds if kind not in {"HOLD", "RELEASE"})
    return ledger.read.balance(f"m{number}", "points"), kept


class Pos:
    """A till program that sells one receipt, whatever becomes of the agent; `cut` is where it is killed."""

    def __init__(self, agent: Agent, number: int, cut: tuple[str, bool], *, within_s: float) -> None:
        self.agent, self.cut, self.within_s = agent, cut, within_s
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
        assert (answer["state"], answer["differences"]) == ("committed", []), answer
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
                status, answer = self._call("hold", "PUT", f"{path}/hold", held)
            except ConnectionError:
                self._restarted()
                state, told = call(self.agent.pos, "GET", f"/v1/receipts/{self.receipt}")
                assert (state, told.get("state")) in {(404, None), (200, "held")}, told
                continue
            assert status == 200, answer
            return str(quote["etag"])

    def _surely(self, name: str, method: str, path: str, body: Any) -> Any:
        """Repeat a call until it is answered; after a break the recovery call tells no other story."""
        while True:
            try:
                status, answer = self._call(name, method, path, body)
            except ConnectionError:
                self._restarted()
                status, told = call(self.agent.pos, "GET", f"/v1/receipts/{self.receipt}")
                assert status == 200, told
                assert told["state"] in {"held", "committed", "partly_returned"}, told
                continue
            assert status == 200, answer
            return answer

    def _call(self, name: str, method: str, path: str, body: Any) -> tuple[int, Any]:
        if self.cut == (name, True):
            self.cut = NEVER
            with suppress(OSError, http.client.HTTPException):
                self._send_only(method, path, body)
            time.sleep(self.within_s)
            self._kill()
        self._kill_if(name)
        return call(self.agent.pos, method, path, body)

    def _send_only(self, method: str, path: str, body: Any) -> None:
        """Send a request whose answer nobody will read."""
        client = http.client.HTTPConnection("localhost")
        client.sock = socket.socket(socket.AF_UNIX)
        client.sock.connect(str(self.agent.pos))
        client.request(method, path, json.dumps(body).encode())
        client.close()

    def _kill_if(self, name: str) -> None:
        if self.cut == (name, False):
            self.cut = NEVER
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
