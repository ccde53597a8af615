"""What the ledger's tests share: a clock that is told the time, members, allowances, a paid receipt."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import TypeVar

from agent.journal.entry import Draft
from agent.ledger.ledger import Ledger, open_ledger
from agent.ledger.transaction import Transaction
from agent.loyalty.member import Lot, MemberFacts, WalletFacts
from agent.sync.wire import Allowance, Delta, LotSlice, MemberRow

T = TypeVar("T")
DAY = date(2026, 11, 24)
TAG = b"t" * 16
LATER_MS = 4_000_000_000_000


class ToldClock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 24, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment

    def monotonic_s(self) -> float:
        return self.moment.timestamp()

    def move(self, **span: float) -> None:
        self.moment += timedelta(**span)


def ids(start: int = 1) -> Callable[[], str]:
    numbers = count(start)
    return lambda: f"{next(numbers):032x}"


@contextmanager
def opened(folder: Path, clock: ToldClock | None = None, *, first_id: int = 1) -> Iterator[Ledger]:
    ledger = open_ledger(folder, clock=clock or ToldClock(), new_id=ids(first_id))
    try:
        yield ledger
    finally:
        ledger.close()


def do(ledger: Ledger, change: Callable[[Transaction], T]) -> T:
    return ledger.write(change).result(timeout=10)


def facts(member: str = "m1", **lots: int) -> MemberFacts:
    """Make facts with lots by name; a lot called e12 expires on 12 December."""
    made = [
        Lot(name, amount, None, date(2026, 12, int(name[1:])) if name[0] == "e" else None)
        for name, amount in lots.items()
    ]
    return MemberFacts(member, wallets={"points": WalletFacts(made)})


def tell(ledger: Ledger, known: MemberFacts, *, version: int = 1, booked: int = 0, tag: bytes = TAG) -> None:
    """Let head office tell a member, with the last entry of ours that these figures contain."""
    row = MemberRow(known.member, version, [tag], known)
    do(
        ledger,
        lambda tx: tx.apply_delta(Delta(version - 1, version, more=False, booked_seq=booked, members=[row])),
    )


def allowance(ledger: Ledger, number: int = 1, *, until_ms: int = LATER_MS, **lots: int) -> Allowance:
    slices = [
        LotSlice(name, amount, expires_on=f"2026-12-{int(name[1:]):02}" if name[0] == "e" else "")
        for name, amount in lots.items()
    ]
    return Allowance(ledger.incarnation, number, "m1", "points", sum(lots.values()), slices, until_ms)


def earn(points: int, receipt: str = "r1", member: str = "m1") -> list[Draft]:
    return [
        Draft("RECEIPT", receipt=receipt, account=member),
        Draft("EARN", receipt=receipt, part="points/", account=member, unit="points", amount=points),
    ]


def pay(tx: Transaction, receipt: str, points: int) -> int:
    """Commit a receipt that is paid with points; return how many could be taken."""
    taken = tx.take_held(receipt, "m1", {"points": points})["points"]
    tx.append(Draft("RECEIPT", receipt=receipt, account="m1"))
    for number in sorted({one.allowance for one in taken}):
        lots = [(one.lot, -one.amount) for one in taken if one.allowance == number]
        tx.append(
            Draft(
                "REDEEM", receipt=receipt, part=f"points/{number}", account="m1", unit="points",
                amount=sum(amount for _, amount in lots), lots=lots, allowance=number,
            )
        )  # fmt: skip
    tx.close_allowances("m1", receipt)
    return sum(one.amount for one in taken)


def balance(ledger: Ledger, member: str = "m1") -> int:
    return ledger.read.balance(member, "points")


def usable(ledger: Ledger) -> int:
    return ledger.read.usable("m1", DAY).get("points", 0)
