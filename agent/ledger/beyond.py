"""Spending beyond allowances (`limited`): what was let go so far, and what a member owns that nobody holds.

Everything above head office's `booked` counts, with what is held for receipts under way; a REVERSE gives
nothing back to the caps, so they can only be too strict.
"""

from datetime import date
from typing import NamedTuple

from agent.ledger.derive import held_of
from agent.ledger.held import CLOCK_BACKWARDS_MS
from agent.ledger.queries import Queries
from agent.ledger.records import Slice
from agent.ledger.unbooked import Beyond
from agent.loyalty.member import Lot
from agent.loyalty.offline import BeyondUse

NO_ALLOWANCE = 0
"""The number that slices beyond allowances carry."""


class Reserve(NamedTuple):
    """A member's points in one wallet beyond allowances: use so far, and free points, first-expiring."""

    used: BeyondUse
    slices: list[Slice]

    @property
    def known(self) -> int:
        """The unreserved balance as this till knows it."""
        return sum(one.amount for one in self.slices)


class BeyondQueries(Queries):
    """Questions about limited spending."""

    def reserve(self, member: str, wallet: str, day: date, *, but_receipt: str = "") -> Reserve:
        """Return how a member stands beyond allowances; the hold of `but_receipt` counts as not there."""
        with self._view():
            held = self._held_beyond(wallet, but_receipt)
            used = _used([*self._newer_beyond(wallet), *held], member)
            return Reserve(used, self._unreserved(member, wallet, day, held))

    def beyond(self, wallet: str) -> BeyondUse:
        """Return what this till let go of a wallet, holds included."""
        with self._view():
            return _used([*self._newer_beyond(wallet), *self._held_beyond(wallet, "")], "")

    def _unreserved(self, member: str, wallet: str, day: date, held: list[Beyond]) -> list[Slice]:
        """Return what is left of the lots once allowances here and other receipts have theirs."""
        now = self._clock.now()
        if self.frozen() or int(now.timestamp() * 1000) < self._last_wall_ms() - CLOCK_BACKWARDS_MS:
            return []
        facts = self.facts(member, day)
        if facts is None or facts.limited_closed or wallet not in facts.wallets:
            return []
        lots = facts.wallets[wallet].lots
        debts = -sum(lot.amount for lot in lots if lot.amount < 0)
        taken = debts + sum(one.points for one in held if one.member == member)
        reserved = self._allowed_of(member, wallet)
        found = []
        for lot in lots:
            is_alive = (lot.active_from is None or lot.active_from <= day) and _ends_after(
                lot, now.timestamp()
            )
            free = lot.amount - reserved.get(lot.lot, 0) if is_alive else 0
            part = min(max(free, 0), taken)
            taken -= part
            if free > part:
                found.append(Slice(NO_ALLOWANCE, lot.lot, free - part))
        return found

    def _allowed_of(self, member: str, wallet: str) -> dict[str, int]:
        rows = self._rows(
            "SELECT lot, sum(amount - spent) FROM allowance JOIN allowance_lot USING (number)"
            " WHERE member = ? AND wallet = ? AND closed = 0 GROUP BY lot",
            member, wallet,
        )  # fmt: skip
        return {str(lot): int(left) for lot, left in rows}

    def _held_beyond(self, wallet: str, but_receipt: str) -> list[Beyond]:
        # A lapsed hold is released before anything more is taken, so it need not count.
        now_ms = int(self._clock.now().timestamp() * 1000)
        rows = self._rows("SELECT receipt, member, slices FROM hold WHERE until_ms >= ?", now_ms)
        return [
            Beyond(0, receipt, member, wallet, points)
            for receipt, member, blob in rows
            if receipt != but_receipt
            and (
                points := sum(part for number, _, part in held_of(bytes(blob)).get(wallet, ()) if not number)
            )
        ]

    def _newer_beyond(self, wallet: str) -> list[Beyond]:
        return self._unbooked.beyond(wallet, self.mark("booked"))


def _used(spent: list[Beyond], member: str) -> BeyondUse:
    return BeyondUse(
        uses=len({one.receipt for one in spent}),
        points=sum(one.points for one in spent),
        of_member=sum(one.points for one in spent if one.member == member),
    )


def _ends_after(lot: Lot, now_s: float) -> bool:
    return lot.ends_at is None or lot.ends_at.timestamp() > now_s
