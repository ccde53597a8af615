"""Points on their way into a receipt: set aside while the customer pays, chosen when it is paid.

Allowances come first, first-expiring; what they lack may go beyond them, where a rule says how much.
"""

from collections.abc import Callable
from datetime import date
from typing import Any

from agent.errors import Refused
from agent.journal.entry import Draft
from agent.ledger.appending import Appending
from agent.ledger.records import Slice
from agent.loyalty.offline import BeyondUse

BeyondRule = Callable[[str, BeyondUse, int], int]
"""Says how many points of a wallet may go beyond allowances, from the use so far and the known balance."""


class Taking(Appending):
    """What a transaction does about points to be spent."""

    def place_hold(
        self,
        receipt_id: str,
        member: str,
        points: dict[str, int],
        *,
        until_ms: int,
        day: date | None = None,
        beyond: BeyondRule | None = None,
    ) -> dict[str, list[Slice]]:
        """Set points aside until the receipt is paid; an earlier hold of it is replaced.

        Slices are first-expiring, of allowances held here, spendable on `day` (default: the clock's); what
        they lack is taken beyond them as far as `beyond` says (limited spending).

        Raises:
            Refused: "hold_too_large" with `max` and `wallet`; nothing is changed then.
        """
        self._release_lapsed("" if beyond else member, but=receipt_id)
        self.release_hold(receipt_id)
        held: dict[str, list[Slice]] = {}
        for wallet, wanted in points.items():
            if wanted <= 0:
                continue
            held[wallet] = self.take(member, wallet, wanted, day or self._clock.now().date(), beyond=beyond)
            most = sum(one.amount for one in held[wallet])
            if most < wanted:
                self.failed = Refused(
                    "hold_too_large", f"at most {most} {wallet} can be spent", wallet=wallet, max=most
                )
                raise self.failed
        if held:
            data: dict[str, Any] = {"wallets": held, "until_ms": until_ms}
            part = self._next_part(receipt_id, "HOLD")
            self.append(Draft("HOLD", receipt=receipt_id, part=part, account=member, data=data))
        return held

    def release_hold(self, receipt_id: str) -> bool:
        """Give back what is held for a receipt; say whether something was."""
        row = self._one("SELECT member FROM hold WHERE receipt = ?", receipt_id)
        if row is None:
            return False
        part = self._next_part(receipt_id, "RELEASE")
        self.append(Draft("RELEASE", receipt=receipt_id, part=part, account=row[0]))
        return True

    def take(
        self, member: str, wallet: str, points: int, day: date, *, beyond: BeyondRule | None = None
    ) -> list[Slice]:
        """Choose slices for up to `points`, first-expiring; fewer if there are fewer, none moved yet.

        Allowances come first, then what `beyond` lets go without one.
        """
        allowed = [one._replace(amount=free) for _, one, free in self.slices(member, day, wallet=wallet)]
        chosen = _first(allowed, points)
        missing = points - sum(one.amount for one in chosen)
        if beyond is not None and missing > 0:
            reserve = self.reserve(member, wallet, day)
            room = beyond(wallet, reserve.used, reserve.known)
            chosen += _first(reserve.slices, min(missing, room))
        return chosen

    def take_held(
        self,
        receipt_id: str,
        member: str,
        wanted: dict[str, int],
        *,
        day: date | None = None,
        beyond: BeyondRule | None = None,
    ) -> dict[str, list[Slice]]:
        """Choose slices for a paid receipt: first what is held for it, then what is free; none is moved yet.

        What goes beyond allowances was held, or, for a receipt without a hold, is what `beyond` lets go.

        Their sum is less than wanted where there is less: at commit that is reported, never refused.
        REDEEM entries then spend them, after RECEIPT has dropped the hold.
        """
        held = self.hold(receipt_id)
        if beyond:
            self._release_lapsed("", but=receipt_id)
        taken: dict[str, list[Slice]] = {}
        for wallet, points in wanted.items():
            missing, chosen = points, []
            for one in held.wallets.get(wallet, []) if held and held.member == member else []:
                if missing > 0:
                    chosen.append(one._replace(amount=min(one.amount, missing)))
                    missing -= chosen[-1].amount
            if missing > 0:
                rule = None if held else beyond
                chosen += self.take(member, wallet, missing, day or self._clock.now().date(), beyond=rule)
            taken[wallet] = chosen
        return taken

    def _release_lapsed(self, member: str = "", but: str = "") -> None:
        """Release the lapsed holds of a member, or of everybody."""
        lapsed = self._rows(
            "SELECT receipt FROM hold WHERE (? = '' OR member = ?) AND until_ms < ?",
            member, member, self.now_ms(),
        )  # fmt: skip
        for (receipt,) in lapsed:
            if receipt != but:
                self.release_hold(receipt)


def _first(slices: list[Slice], points: int) -> list[Slice]:
    """Return the first so many points of some slices."""
    chosen: list[Slice] = []
    for one in slices:
        if points <= 0:
            break
        chosen.append(one._replace(amount=min(points, one.amount)))
        points -= chosen[-1].amount
    return chosen
