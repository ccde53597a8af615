"""Allowances come and go: taken in once, closed when nobody holds anything of them, declared, lent."""

from agent.journal.entry import Draft
from agent.journal.lent import is_lent
from agent.ledger import borrowed, holding, loans
from agent.ledger.appending import Appending
from agent.ledger.marks import write_mark
from agent.ledger.records import AllowanceLike


class Allowing(Appending):
    """The part of a change that moves allowances."""

    def close_allowances(self, member: str, receipt: str) -> int:
        """Give back what this member was given for a sale, and what is wanted back; return how many.

        An allowance on which something is held stays, and so does stock.
        """
        self._release_lapsed(member)
        return self._close(holding.after_sale(self._db, member, self.now_ms()), receipt)

    def close_due(self) -> int:
        """Give back what was recalled or must not be spent any more, whoever's; return how many.

        At most `holding.AT_ONCE`: ask again while there are so many.
        """
        self._release_lapsed()
        return self._close(holding.going_home(self._db, self.now_ms()), "")

    def _close(self, idle: list[holding.Idle], receipt: str) -> int:
        """Close allowances; a frozen ledger may have lost what was spent of them, and closes nothing."""
        if not idle or self.frozen():
            return 0
        for number, member, wallet in idle:
            self.append(
                Draft(
                    "CLOSE", receipt=receipt, part=str(number), account=member, unit=wallet, allowance=number
                )
            )
        return len(idle)

    def declare(self, highest: int) -> bool:
        """Say which of head office's allowances up to `highest` are here, if one is missing (T4).

        From then on the others are refused, so head office may free them.  `highest` is what head office
        told, never more.  Returns whether there was something to say.
        """
        if not self.misses_allowances(highest) or self.frozen():
            return False
        data = {"floor": highest, "held": holding.held_numbers(self._db, highest)}
        self.append(Draft("DECLARE", data=data))
        self.set_mark("floor", highest)
        return True

    def accept_allowance(self, allowance: AllowanceLike) -> bool:
        """Take an allowance in (T1) if it is for this journal and never seen; say whether it was."""
        if allowance.incarnation != self.incarnation or is_lent(allowance.number) != bool(allowance.giver):
            return False
        if allowance.number <= self.mark(borrowed.FLOOR + allowance.giver if allowance.giver else "floor"):
            return False
        if self._one("SELECT 1 FROM allowance WHERE number = ?", allowance.number):
            return False
        holding.keep(self._db, allowance)
        if allowance.giver:
            borrowed.note(self._db, allowance.number, allowance.of)
        return True

    def declare_loans(self, pool: str, highest: int) -> bool:
        """Say what we hold of what this pool lent up to `highest`, if the last of it never came (T4).

        From then on the others are refused, so the pool may take them home.
        """
        if self.frozen() or not loans.misses(self, highest):
            return False
        data = {"pool": pool, "floor": highest, "held": borrowed.held(self._db, pool)}
        self.append(Draft("DECLARE", data=data))
        self.set_mark(borrowed.FLOOR + pool, highest)
        return True

    def run(self, sql: str, *values: str | int | bytes) -> None:
        """Run a statement of this room's own files."""
        self._write_rows()
        self._db.execute(sql, values)

    def release_hold(self, receipt_id: str) -> bool:
        """Give back what is held for a receipt; say whether something was."""
        row = self._one("SELECT member FROM hold WHERE receipt = ?", receipt_id)
        if row is None:
            return False
        part = self._next_part(receipt_id, "RELEASE")
        self.append(Draft("RELEASE", receipt=receipt_id, part=part, account=row[0]))
        return True

    def _release_lapsed(self, member: str = "", but: str = "") -> None:
        """Release the lapsed holds of a member, or of everybody."""
        lapsed = self._rows(
            "SELECT receipt FROM hold WHERE (? = '' OR member = ?) AND until_ms < ?",
            member, member, self.now_ms(),
        )  # fmt: skip
        for (receipt,) in lapsed:
            if receipt != but:
                self.release_hold(receipt)

    def set_mark(self, name: str, value: int | str) -> None:
        """Remember a number or a text under a name."""
        write_mark(self._db, name, value)
