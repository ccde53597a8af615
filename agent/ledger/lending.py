"""What a store's pool keeps about its tills: what is lent to whom, and how far it took each journal in.

A loan stands in the pool's own journal (LEND, HOME); which till spent what of it meanwhile, and how far
that till's journal was read, are rows with a seal: they follow from somebody else's journal.
"""

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from agent.journal.entry import Draft
from agent.journal.lent import number_of
from agent.ledger.seal import seal

if TYPE_CHECKING:
    from agent.ledger.transaction import Transaction

LotAmounts = list[tuple[str, int]]


class Borrower(NamedTuple):
    """A till's journal as far as the pool took it in; a fenced one gets nothing any more."""

    incarnation: str
    till: str
    seq: int
    hash: bytes
    fenced: bool


class Loan(NamedTuple):
    """One loan: to which journal, out of which allowance of ours; `home` is the entry that ended it."""

    number: int
    holder: str
    request: str
    parent: int
    member: str
    wallet: str
    honour_until_ms: int
    home: int


class LoanLot(NamedTuple):
    """What of one lot is lent, and what its till has spent of that; with the lot's own dates."""

    lot: str
    amount: int
    spent: int
    active_from: str
    expires_on: str
    ends_at: str


class Lendable(NamedTuple):
    """What one of our allowances has to lend: lots with points, first-expiring first."""

    number: int
    lots: LotAmounts


class Lending:
    """Questions and changes about loans, inside one transaction of the pool's ledger."""

    def __init__(self, tx: "Transaction") -> None:
        self._tx = tx
        self.incarnation = tx.incarnation

    def borrower(self, incarnation: str) -> Borrower | None:
        """Return how far a journal was taken in, None if it never greeted."""
        row = self._tx.one("SELECT till, seq, hash, fenced FROM borrower WHERE incarnation = ?", incarnation)
        return Borrower(incarnation, row[0], int(row[1]), bytes(row[2]), bool(row[3])) if row else None

    def keep_borrower(self, one: Borrower) -> None:
        """Remember how far a journal was taken in."""
        values = (one.incarnation, one.till, one.seq, one.hash, int(one.fenced))
        self._tx.run("INSERT OR REPLACE INTO borrower VALUES (?, ?, ?, ?, ?, ?)", *values, seal(*values))

    def fence_others(self, till: str, but: str) -> None:
        """Lend nothing any more to earlier journals of a till."""
        rows = self._tx.rows(
            "SELECT incarnation FROM borrower WHERE till = ? AND incarnation != ?", till, but
        )
        for (incarnation,) in rows:
            one = self.borrower(incarnation)
            if one is not None and not one.fenced:
                self.keep_borrower(one._replace(fenced=True))

    def loan_of(self, holder: str, request: str) -> Loan | None:
        """Return what was lent for a request (S1: the same again gets the same)."""
        return self._loan("holder = ? AND request = ?", holder, request)

    def loan(self, number: int) -> Loan | None:
        """Return one loan."""
        return self._loan("loan.number = ?", number)

    def highest(self, holder: str) -> int:
        """Return the highest number ever lent to a journal, 0 if none."""
        return int(self._tx.one("SELECT COALESCE(max(number), 0) FROM loan WHERE holder = ?", holder)[0])

    def open_to(self, holder: str, up_to: int) -> list[int]:
        """Return the numbers lent to a journal and not home, up to one."""
        rows = self._tx.rows(
            "SELECT number FROM loan WHERE holder = ? AND home = 0 AND number <= ? ORDER BY number",
            holder, up_to,
        )  # fmt: skip
        return [int(number) for (number,) in rows]

    def lots(self, number: int) -> list[LoanLot]:
        """Return the lots of a loan, first-expiring first."""
        rows = self._tx.rows(
            "SELECT l.lot, l.amount, l.spent, a.active_from, a.expires_on, a.ends_at FROM loan_lot l"
            " JOIN loan USING (number) JOIN allowance_lot a ON a.number = loan.parent AND a.lot = l.lot"
            " WHERE l.number = ? ORDER BY a.expires_on = '', a.expires_on, l.lot",
            number,
        )
        return [LoanLot(*row) for row in rows]

    def lendable(self, member: str, wallet: str, day: date) -> list[Lendable]:
        """Return what could be lent of this account, by allowance of ours."""
        found: dict[int, LotAmounts] = {}
        for _, one, free in self._tx.slices(member, day, wallet=wallet):
            found.setdefault(one.allowance, []).append((one.lot, free))
        return [Lendable(number, lots) for number, lots in sorted(found.items())]

    def lend(self, holder: str, request: str, account: tuple[str, str], *, out_of: Lendable) -> Loan:
        """Write LEND: from now on these points are another till's to spend."""
        number = number_of(self._tx.incarnation, self._tx.head()[0] + 1)
        self._tx.append(
            Draft(
                "LEND", part=str(number), account=account[0], unit=account[1], allowance=number,
                data={"to": holder, "request": request, "of": out_of.number, "lots": out_of.lots},
            )
        )  # fmt: skip
        values = (number, holder, request, out_of.number, *account)
        self._tx.run("INSERT INTO loan VALUES (?, ?, ?, ?, ?, ?, 0, ?)", *values, seal(*values))
        for lot, amount in out_of.lots:
            self._keep_lot(number, lot, amount, 0)
        loan = self.loan(number)
        assert loan is not None
        return loan

    def note_spent(self, loan: Loan, spent: LotAmounts) -> bool:
        """Note what a till spent of a loan; say whether it had that much."""
        held = {one.lot: one for one in self.lots(loan.number)}
        if loan.home or any(
            lot not in held or amount > held[lot].amount - held[lot].spent for lot, amount in spent
        ):
            return False
        for lot, amount in spent:
            self._keep_lot(loan.number, lot, held[lot].amount, held[lot].spent + amount)
        return True

    def take_home(self, loan: Loan) -> LotAmounts:
        """Write HOME with what the till left of a loan; what stays away was spent."""
        back = [(one.lot, one.amount - one.spent) for one in self.lots(loan.number) if one.amount > one.spent]
        self._tx.append(
            Draft(
                "HOME", part=str(loan.number), account=loan.member, unit=loan.wallet, allowance=loan.number,
                data={"to": loan.holder, "of": loan.parent, "back": back},
            )
        )  # fmt: skip
        return back

    def put_peers(self, peers: Sequence[tuple[str, bytes]]) -> None:
        """Replace the list of the store's tills."""
        self._tx.run("DELETE FROM peer")
        for one in peers:
            self._tx.run("INSERT INTO peer VALUES (?, ?, ?)", *one, seal(*one))

    def _loan(self, where: str, *values: str | int) -> Loan | None:
        row = self._tx.one(
            "SELECT loan.number, holder, request, parent, loan.member, loan.wallet, honour_until_ms, home"  # noqa: S608
            f" FROM loan JOIN allowance ON allowance.number = parent WHERE {where}",
            *values,
        )
        return Loan(*row) if row else None

    def _keep_lot(self, number: int, lot: str, amount: int, spent: int) -> None:
        values = (number, lot, amount, spent)
        self._tx.run("INSERT OR REPLACE INTO loan_lot VALUES (?, ?, ?, ?, ?)", *values, seal(*values))
