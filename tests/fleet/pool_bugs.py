"""Planted bugs of a store's pool, and of points spent beyond allowances."""

from datetime import date
from typing import Any

from agent.headoffice import risk
from agent.headoffice.office import Office
from agent.ledger.beyond import Reserve
from agent.ledger.ledger import Ledger
from agent.ledger.lending import Lending, Loan, LotAmounts
from agent.ledger.transaction import Transaction
from agent.loyalty.offline import BeyondUse
from agent.pool.desk import PoolDesk
from agent.sync.wire import AllowanceRequest


class LendsTwice(PoolDesk):
    """What is lent stays lendable: the next till gets the same points."""

    async def answer(self, till: str, request: AllowanceRequest) -> Any:
        told = await super().answer(till, request)
        await self._write(lambda tx: tx.run("UPDATE allowance_lot SET lent = 0 WHERE lent > 0"))
        return told


class CountsHomeTwice(Lending):
    """What comes home is put back twice."""

    def take_home(self, loan: Loan) -> LotAmounts:
        back = super().take_home(loan)
        for lot, amount in back:
            self._tx.run(
                "UPDATE allowance_lot SET lent = max(0, lent - ?) WHERE number = ? AND lot = ?",
                amount, loan.parent, lot,
            )  # fmt: skip
        return back


class BringsAllHome(Lending):
    """What a till spent of a loan comes home with the rest."""

    def note_spent(self, _loan: Loan, _spent: LotAmounts) -> bool:
        return True


def lending(kind: type[Lending]) -> type[Transaction]:
    class Lends(Transaction):
        @property
        def lending(self) -> Lending:
            return kind(self)

    return Lends


class ForgetsLoans(PoolDesk):
    """After a start nothing counts as lent: its loans were kept in memory."""

    def __init__(self, ledger: Ledger, **named: Any) -> None:
        super().__init__(ledger, **named)
        ledger.write(lambda tx: tx.run("UPDATE allowance_lot SET lent = 0 WHERE lent > 0"))


class NewAfterStart(PoolDesk):
    """After a start a request that was answered before is a new one: its number is not looked for."""

    def __init__(self, ledger: Ledger, **named: Any) -> None:
        super().__init__(ledger, **named)
        ledger.write(lambda tx: tx.run("UPDATE loan SET request = request || '/old'"))


class TakesBack(PoolDesk):
    """What lies at other tills is taken home as soon as somebody asks, without their word."""

    async def answer(self, till: str, request: AllowanceRequest) -> Any:
        def take_back(tx: Transaction) -> None:
            for (number,) in tx.rows(
                "SELECT number FROM loan WHERE home = 0 AND holder <> ?", request.incarnation
            ):
                if (loan := tx.lending.loan(number)) is not None:
                    tx.lending.take_home(loan)

        await self._write(take_back)
        return await super().answer(till, request)


class Uncapped(Transaction):
    """A till's caps count nothing of what it let go before."""

    def reserve(self, member: str, wallet: str, day: date, *, but_receipt: str = "") -> Reserve:
        return _uncounted(super().reserve(member, wallet, day, but_receipt=but_receipt))


class ReadsUncapped:
    """A reader to whom the caps count nothing."""

    def __init__(self, real: Any) -> None:
        self._real = real

    def reserve(self, *what: Any, **how: Any) -> Reserve:
        return _uncounted(self._real.reserve(*what, **how))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


def uncapped(ledger: Ledger) -> Ledger:
    ledger.read = ReadsUncapped(ledger.read)  # type: ignore[assignment]
    return ledger


def half_the_bound(office: Office) -> Any:
    """Head office prints half of the worst loss."""
    told = risk.risk(office)
    for one in told["worst"]:
        one |= {name: one[name] // 2 for name in ("till", "fleet_all_cut_off", "member_all_cut_off")}
    return told


def _uncounted(stands: Reserve) -> Reserve:
    return stands._replace(used=BeyondUse())
