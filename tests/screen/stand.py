"""A whole till for the screens: real daemon, real serial line, a POS at its socket, a member with points."""

import socket
import time
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agent.clock import SystemClock, random_id
from agent.journal.tag import tag_of
from agent.ledger.ledger import open_ledger
from agent.ledger.tools import export_lines
from agent.loyalty.member import CountFacts, Lot, MemberFacts, WalletFacts
from agent.sync.announced import ProgrammeNews
from agent.sync.credentials import Credentials, Enrolment, write_credentials
from agent.sync.wire import Allowance, Delta, LotSlice, MemberRow
from tests.daemon.test_run import Agent, call
from tests.drivers.rigs import PtyRig
from tests.till.desk import CARD, CLUB, FLEET_KEY

STRANGER = "2990000000026"
BLOCKED = "2990000000033"
TOKEN = "till-screen-token"
POINTS, ALLOWED = 1250, 1000
TIERS = """
[tier.gold]
name = { en = "Gold", ru = "Золотой", fi = "Kulta" }
measure = "spend"
at_least = "1000.00"
[tier.platinum]
name = { en = "Platinum", ru = "Платиновый", fi = "Platina" }
measure = "spend"
window = "calendar_year"
at_least = "1200.00"
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def settle_in(folder: Path) -> None:
    """Leave a till's state as enrolment and the first news do: a programme, two members, an allowance."""
    clock = SystemClock()
    enrolment = Enrolment("1-1", "1", "", "00" * 32)
    write_credentials(folder / "credentials", Credentials(enrolment, Ed25519PrivateKey.generate(), FLEET_KEY))
    ledger = open_ledger(folder / "state", clock=clock, new_id=random_id)
    facts = MemberFacts(
        "m1",
        tier="gold",
        wallets={"points": WalletFacts([Lot("l1", POINTS)])},
        counts={"stamps": CountFacts(position=8)},
        measures={f"platinum:{clock.now().year}": 110_000},
        as_of=clock.now(),
    )
    rows = [
        MemberRow("m1", 1, [tag_of("card", CARD, FLEET_KEY)], facts),
        MemberRow("m2", 1, [tag_of("card", BLOCKED, FLEET_KEY)], MemberFacts("m2", status="blocked")),
    ]
    until_ms = int(clock.now().timestamp() * 1000) + 86_400_000
    slices = [LotSlice("l1", ALLOWED)]
    given = Allowance(ledger.incarnation, 1, "m1", "points", ALLOWED, slices, until_ms)
    programme = ProgrammeNews("household-club", 1, "00" * 32, b"")
    text = CLUB.read_bytes() + TIERS.encode()
    ledger.write(lambda tx: tx.store_programme(text, programme)).result(10)
    ledger.write(lambda tx: tx.apply_delta(Delta(0, 1, more=False, booked_seq=0, members=rows))).result(10)
    assert ledger.write(lambda tx: tx.accept_allowance(given)).result(10)
    ledger.close()


class Stand:
    """One till with its screens; the POS is `call`, the scanner is `rig`."""

    def __init__(self, folder: Path) -> None:
        settle_in(folder)
        (folder / "tokens").write_text(f"screen {TOKEN}\n", encoding="ascii")
        self.port = free_port()
        self.rig = PtyRig(folder / "scanner")
        self.rig.plug()
        self.agent = Agent(
            folder,
            f'[pos]\nloopback=true\nport={self.port}\ntokens_file="{folder}/tokens"\n'
            f'[[device]]\nname="scanner"\ndriver="serial_scanner"\nport="{self.rig.link}"\n'
            '[[numbers]]\nkind="card"\nprefix="299"\nlength=13\n',
        )
        self.agent.config.write_text(self.agent.config.read_text().replace("EUR", "USD"))
        self.sales = 0
        self.start()

    def start(self) -> None:
        """Start the daemon, and wait until its reader reads: what comes before is of another customer."""
        self.agent.start()
        self.agent.await_message("READY=1")
        deadline = time.monotonic() + 20
        while [one["state"] for one in self.call("GET", "/v1/devices")["devices"]] != ["enabled"]:
            assert time.monotonic() < deadline, "the reader does not start"
            time.sleep(0.02)

    def close(self) -> None:
        self.agent.stop()
        self.rig.unplug()

    def address(self, role: str, lang: str = "en") -> str:
        return f"http://127.0.0.1:{self.port}/{role}#token={TOKEN}&lang={lang}"

    def call(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        status, told = call(self.agent.pos, method, path, body)
        assert status == 200, told
        return told  # type: ignore[no-any-return]

    def shown(self, role: str, lang: str = "en") -> dict[str, Any]:
        """Return what a screen is told just now."""
        return self.call("GET", f"/screen/{role}?lang={lang}")

    def basket(self, *instruments: str, **more: Any) -> dict[str, Any]:
        """Begin a sale."""
        self.sales += 1
        lines = [
            {"line": 1, "sku": "milk", "group": "GROCERY", "quantity": "3", "amount_minor": 4200},
            {"line": 2, "sku": "plum", "group": "PRODUCE", "amount_minor": 1350},
        ]
        return {
            "receipt_id": f"1-1-77-{self.sales}",
            "sold_at": SystemClock().now().isoformat(),
            "store": "1",
            "till": "1-1",
            "currency": "USD",
            "lines": lines,
            "instruments": list(instruments),
            **more,
        }

    def known(self, number: str = CARD) -> str:
        """Type a number at the POS; return what goes into the basket."""
        told = self.call("POST", "/v1/identifications", {"value": number})
        return str(told["identification_id"])

    def quote(self, basket: dict[str, Any]) -> dict[str, Any]:
        return self.call("PUT", f"/v1/receipts/{basket['receipt_id']}/quote", basket)

    def prompts(self, receipt_id: str) -> list[str]:
        """Stop the till, and return what its journal says became of a receipt's prompts."""
        self.agent.processes[0].terminate()
        self.agent.processes[0].wait(20)
        told = export_lines(self.agent.folder / "state", 0)
        mine = [one for one in told if (one["kind"], one["receipt"]) == ("PROMPT", receipt_id)]
        return sorted(one["data"]["outcome"] for one in mine)

    def hold(self, basket: dict[str, Any], etag: str) -> None:
        self.call("PUT", f"/v1/receipts/{basket['receipt_id']}/hold", {"etag": etag, "basket": basket})

    def commit(self, basket: dict[str, Any], etag: str = "") -> dict[str, Any]:
        path = f"/v1/receipts/{basket['receipt_id']}/commit"
        return self.call("POST", path, {"etag": etag, "basket": basket, "tenders": []})
