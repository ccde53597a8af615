"""The two servers of `scripts/bench quote`, each in a process of its own on a Unix socket.

`python -m scripts.benches.quote_server till SOCKET FOLDER` serves our application over a real ledger and the
shipped household club; `… echo SOCKET BYTES` reads a body and answers with so many bytes, nothing more.
"""

import asyncio
import sys
from pathlib import Path
from typing import Any

from agent.clock import SystemClock, random_id
from agent.config.till import Numbers, Paths, Till, TillConfig
from agent.daemon.programmes import CurrentProgramme
from agent.daemon.server import make_server
from agent.daemon.sockets import open_unix
from agent.daemon.wiring import Link, build_till
from agent.journal.tag import tag_of
from agent.ledger.ledger import Ledger, open_ledger
from agent.loyalty.member import Lot, MemberFacts, WalletFacts
from agent.sync.wire import Delta, MemberRow
from agent.till.api import build_app

ROOT = Path(__file__).resolve().parents[2]
CARD = "2990000000019"
FLEET_KEY = b"k" * 32
MEMBER = MemberFacts("m1", wallets={"points": WalletFacts([Lot("l1", 800), Lot("l2", 120)])})


async def serve(app: Any, door: Path) -> None:
    """Serve one application as the daemon does."""
    await make_server(app).serve(sockets=[open_unix(door, mode=0o600)])


def till(folder: Path) -> Any:
    """Make the till's application, with one member whose card is CARD."""
    clock = SystemClock()
    ledger = open_ledger(folder, clock=clock, new_id=random_id)
    _know_member(ledger)
    programme = CurrentProgramme()
    programme.use(club_text(), "household-club.toml")
    config = TillConfig(
        till=Till("1", "1-1", "USD"), paths=Paths(state=str(folder)), numbers=[Numbers("card", "299", 13)]
    )
    built = build_till(config, ledger, programme, Link(), clock=clock, fleet_key=FLEET_KEY)
    return build_app(built.checkout, list)


def club_text() -> bytes:
    """Return the shipped programme's text."""
    return (
        Path(__file__).resolve().parents[2] / "config" / "programmes" / "household-club.toml"
    ).read_bytes()


def _know_member(ledger: Ledger) -> None:
    row = MemberRow("m1", 1, [tag_of("card", CARD, FLEET_KEY)], MEMBER)
    page = Delta(0, 1, more=False, booked_seq=0, members=[row])
    ledger.write(lambda tx: tx.apply_delta(page)).result(10)


def echo(size: int) -> Any:
    """Make the bare application: the whole body in, `size` bytes out."""
    answer = b"x" * size
    headers = [(b"content-type", b"application/json"), (b"content-length", str(size).encode())]

    async def app(_scope: Any, receive: Any, send: Any) -> None:
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    return app


if __name__ == "__main__":
    kind, door, told = sys.argv[1:4]
    asyncio.run(serve(till(Path(told)) if kind == "till" else echo(int(told)), Path(door)))
