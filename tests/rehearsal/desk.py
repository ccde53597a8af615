"""A small club, its receipts, and the facts of two members, for the tests of this room."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from agent.loyalty.basket import Basket, Line
from agent.loyalty.compile import Compiled, compile_programme
from agent.loyalty.language.read import load_programme
from agent.loyalty.member import MemberFacts
from agent.rehearsal.past import PastReceipt, PastReturn

CLUB = """[programme]
id = "club"
version = 1
currency = "EUR"
time_zone = "Europe/Helsinki"
[wallet.p]
value = "0.01"
expires = "P30D"
[rule.base]
earn = { points = "1" }
[rule.pay]
pay = {}
[rule.third]
count = { of = "visits", size = 3 }
give = { voucher = "euro" }
[voucher.euro]
life = "P60D"
take_off = { amount = "1.00" }
"""
START = datetime(2026, 1, 1, 10, tzinfo=UTC)


def compiled(text: str = CLUB) -> Compiled:
    return compile_programme(load_programme(text.encode(), name="club.toml"))


def sold(
    number: int,
    amount: int,
    member: str = "m",
    *,
    day: int = 0,
    facts: MemberFacts | None = None,
    pays: bool = False,
    back: Sequence[tuple[int, int]] = (),
) -> PastReceipt:
    """Sell one line; `back` is on which day how much of it comes back."""
    at = START + timedelta(days=day)
    lines = [Line(1, "sku", amount)] if amount else []
    basket = Basket(f"r{number}", at, "s", "t", "EUR", lines, redeem={"p": "max"} if pays else {})
    returns = [PastReturn(START + timedelta(days=late), {1: minor}) for late, minor in back]
    return PastReceipt(basket, at, facts or (MemberFacts(member) if member else None), back=returns)


class Receipts:
    """Receipts in memory, as a source."""

    def __init__(self, *receipts: PastReceipt) -> None:
        self._receipts = receipts

    def __iter__(self) -> Iterator[PastReceipt]:
        return iter(self._receipts)

    def count(self) -> int:
        return len(self._receipts)


def written(path: Path, receipts: list[PastReceipt]) -> Path:
    path.write_bytes(b"\n".join(map(msgspec.json.encode, receipts)) + b"\n\n")
    return path
