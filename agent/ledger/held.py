"""Questions about allowances: what may be spent here, for whom it lies here, and what never came."""

from datetime import date

from agent.journal.entry import entry_from
from agent.journal.vouchers import is_voucher
from agent.ledger.asking import Asking
from agent.ledger.holding import BASKET
from agent.ledger.records import Slice, instant

CLOCK_BACKWARDS_MS = 60_000
"""A wall clock this far behind the last entry is not believed: no allowance counts as honoured (T5)."""


class Held(Asking):
    """What head office, or the store's pool, set aside for this journal."""

    def usable(self, member: str, day: date) -> dict[str, int]:
        """Return what may be spent here per wallet: open allowances less what is held."""
        total: dict[str, int] = {}
        for wallet, _, amount in self.slices(member, day):
            if not is_voucher(wallet):
                total[wallet] = total.get(wallet, 0) + amount
        return total

    def held_vouchers(self, member: str, day: date) -> set[str]:
        """Return the ids of strict vouchers that may be used here."""
        return {one.lot for wallet, one, _ in self.slices(member, day) if is_voucher(wallet)}

    def slices(self, member: str, day: date, *, wallet: str = "") -> list[tuple[str, Slice, int]]:
        """Return (wallet, slice, free points) of held allowances, first-expiring first."""
        now_s = self._clock.now().timestamp()
        now_ms, text = int(now_s * 1000), day.isoformat()
        found = self._rows(
            "SELECT wallet, number, lot, amount - spent - held - lent, ends_at FROM allowance"
            " JOIN allowance_lot USING (number) WHERE member = ? AND closed = 0 AND recalled = 0"
            " AND honour_until_ms > ?"
            " AND (active_from = '' OR active_from <= ?) AND (expires_on = '' OR expires_on >= ?)"
            " AND (? = '' OR wallet = ?) AND amount > spent + held + lent"
            " ORDER BY expires_on = '', expires_on, lot, number",
            member, now_ms, text, text, wallet, wallet,
        )  # fmt: skip
        # Few members have an allowance here: only then do these two matter.
        if found and (self.frozen() or now_ms < self._last_wall_ms() - CLOCK_BACKWARDS_MS):
            return []
        return [
            (str(row[0]), Slice(row[1], row[2], row[3]), int(row[3]))
            for row in found
            if not row[4] or instant(row[4]) > now_s
        ]

    def members_with_allowances(self) -> list[str]:
        """Return whose points are set aside for a sale here; stock is not meant."""
        rows = self._rows(
            "SELECT DISTINCT member FROM allowance WHERE closed = 0 AND purpose = ? ORDER BY member", BASKET
        )
        return [str(member) for (member,) in rows]

    def highest_allowance(self) -> int:
        """Return head office's highest allowance number this journal ever took in, 0 if none."""
        return int(self._one("SELECT COALESCE(max(number), 0) FROM allowance WHERE giver = ''")[0])

    def misses_allowances(self, highest: int) -> bool:
        """Say whether one of head office's numbers up to `highest` never came, and was not declared since."""
        floor = self.mark("floor")
        if highest <= floor:
            return False
        sql = "SELECT count(*) FROM allowance WHERE giver = '' AND number > ? AND number <= ?"
        return int(self._one(sql, floor, highest)[0]) < highest - floor

    def held_by_purpose(self) -> dict[str, dict[str, int]]:
        """Return the points that lie here by purpose and wallet, spent ones left out."""
        found: dict[str, dict[str, int]] = {}
        rows = self._rows(
            "SELECT purpose, wallet, sum(amount - spent - lent) FROM allowance JOIN allowance_lot"
            " USING (number) WHERE closed = 0 GROUP BY purpose, wallet ORDER BY purpose, wallet"
        )
        for purpose, wallet, points in rows:
            found.setdefault(str(purpose), {})[str(wallet)] = int(points)
        return found

    def is_going_home(self) -> bool:
        """Say whether something was recalled, or must not be spent any more, and is not given back yet."""
        now_ms = int(self._clock.now().timestamp() * 1000)
        sql = "SELECT 1 FROM allowance WHERE closed = 0 AND (recalled = 1 OR honour_until_ms <= ?) LIMIT 1"
        return self._one(sql, now_ms) is not None

    def _last_wall_ms(self) -> int:
        row = self._one("SELECT body FROM journal ORDER BY seq DESC LIMIT 1")
        return entry_from(bytes(row[0])).wall_ms if row else 0
