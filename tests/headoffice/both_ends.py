"""Real tills beside a real head office: ledgers and checkouts as they run; only the line is a call."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from agent.headoffice import allowances, delta
from agent.headoffice.member_import import import_members
from agent.headoffice.office import Office
from agent.headoffice.publish import publish
from agent.sync.allowance import Asked, ask_allowances
from agent.sync.pull import pieces
from agent.sync.wire import AllowanceRequest, Delta, Pull
from tests.headoffice.till_end import StillClock, TillEnd, book
from tests.till.desk import Desk

CARD = "2990000000019"


class ShopTill:
    """One till of the shop: what it sells goes to head office when it is told to `push`."""

    def __init__(
        self,
        office: Office,
        folder: Path,
        name: str,
        number: int,
        *,
        programme: bytes = b"",
        shop: str = "12",
    ) -> None:
        self.office = office
        self.desk = Desk(
            folder / name, fleet_key=office.fleet_key, first_id=number * 100, programme=programme
        )
        self.end = TillEnd(name, self.desk.ledger.incarnation)
        import_members(office, f"member,card\nm-1,{CARD}\n", name="cards.csv")
        self.end.enrol(office, shop)
        self.end.greet(office)

    def push(self) -> None:
        """Send everything new, and let head office book it."""
        rows = self.desk.ledger.read.entries(0, 100_000)
        self.end.bodies = [body for _, body, _ in rows]
        if len(rows) > self.office.segments.received(self.end.incarnation)[0]:
            self.end.push(self.office)
        book(self.office)

    def pull(self) -> None:
        """Take in everything that head office tells."""
        page = self.page(0)
        self.take_in(page)
        while page.more:
            page = self.page(page.to_cursor)
            self.take_in(page)

    def page(self, cursor: int) -> Delta:
        """Ask for news of members after `cursor`, and of stock after what this till was told."""
        stock = self.desk.ledger.read.mark("stock")
        page = delta.page(self.office, self.end.name, Pull(self.end.incarnation, cursor, stock=stock))
        assert isinstance(page, Delta)
        return page

    def take_in(self, page: Delta) -> None:
        for piece in pieces(page):
            self.desk.write(lambda tx, piece=piece: tx.apply_delta(piece))

    async def send(self, message: Any, _answer: Any, *, deadline_s: float) -> Any:
        """Carry an allowance request to head office: this is the till's quick lane."""
        assert isinstance(message, AllowanceRequest)
        assert deadline_s > 0
        return allowances.answer(self.office, self.end.name, message)

    def ask(self, member: str = "m-1") -> int:
        """Ask for an allowance as at a card read; return how many were given."""
        return self.wish({"points": 1}, member).given

    def wish(self, minimum: dict[str, int], member: str = "m-1") -> Asked:
        """Ask for what a customer wants to spend, at least so much of each wallet."""
        asked = ask_allowances(
            self.desk.ledger, self, member, sorted(minimum), deadline_s=1.0, minimum=minimum
        )
        return asyncio.run(asked)

    def close(self) -> None:
        self.desk.ledger.close()


Tills = tuple[ShopTill, ShopTill]


@contextmanager
def open_office(folder: Path, programme: bytes, *, name: str, members: str) -> Iterator[Office]:
    """Open a serving head office with a programme, whose file is `name`, and a list of members."""
    office = Office(folder / "state", StillClock(), serving=True)
    publish(office, programme, name=name)
    import_members(office, members, name="members.csv")
    yield office
    office.close()


@contextmanager
def two_tills(
    office: Office, folder: Path, *, programme: bytes = b"", names: tuple[str, str] = ("1-1", "1-2")
) -> Iterator[Tills]:
    """Open two tills that know everything head office has to tell."""
    first, second = (
        ShopTill(office, folder, name, number, programme=programme) for number, name in enumerate(names, 1)
    )
    for one in (first, second):
        one.pull()
    yield first, second
    for one in (first, second):
        one.close()
