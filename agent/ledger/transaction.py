"""What a change may do inside one transaction of the writer: append entries, and keep what hangs on them."""

from collections.abc import Callable
from datetime import date
from typing import Any

from agent.errors import Refused
from agent.journal.entry import Draft
from agent.ledger import compaction
from agent.ledger.lending import Lending
from agent.ledger.records import Slice
from agent.ledger.taking_in import TakingIn
from agent.loyalty.offline import BeyondUse

BeyondRule = Callable[[str, BeyondUse, int], int]
"""Says how many points of a wallet may go beyond allowances, from the use so far and the known balance."""


class Transaction(TakingIn):
    """One change to the ledger; it becomes durable as a whole, or not at all."""

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

    def take(
        self, member: str, wallet: str, points: int, day: date, *, beyond: BeyondRule | None = None
    ) -> list[Slice]:
        """Choose slices for up to `points`, first-expiring; fewer if there are fewer, none moved yet.

        Allowances come first, then what `beyond` lets go without one.
        """
        chosen = _first([one for _, one, _ in self.slices(member, day, wallet=wallet)], points)
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

    @property
    def lending(self) -> Lending:
        """What this till lends as its store's pool."""
        return Lending(self)

    def let_go(self, before_ms: int, *, kept: int = compaction.KEPT_ENTRIES) -> int:
        """Let a slice of old entries go (wall clock before `before_ms`); return how many there were.

        Only what head office has booked goes, and never the newest `kept` entries; a hold that lapsed by
        then is released first.
        """
        lapsed = self._rows("SELECT receipt FROM hold WHERE until_ms < ?", before_ms)
        for (receipt,) in lapsed:
            self.release_hold(receipt)
        gone = compaction.due(self._db, before_ms, kept=kept)
        if gone:
            self.file_receipts()  # what a journal row says of its receipt goes with it
            compaction.let_go(self._db, gone)
        for receipt in {entry.receipt for _, entry, _ in gone if entry.receipt}:
            if self._receipt(receipt).is_gone(gone[-1][0]):
                self._receipts.pop(receipt)
                self._filed_directly.append(receipt)
                self._db.execute("DELETE FROM receipt WHERE receipt = ?", (receipt,))
        return len(gone)

    def acknowledge(self, incarnation: str, seq: int, row_hash: bytes) -> None:
        """Remember that head office holds a journal up to here, durably.

        Raises:
            Refused: our own journal has another hash at that number.
        """
        name = "acknowledged" if incarnation == self.incarnation else f"acknowledged:{incarnation}"
        if incarnation == self.incarnation and seq:
            if seq < self.mark(compaction.MARK):
                return  # said again, long after
            if self.hash_of(seq) != row_hash:
                raise Refused("fork", f"head office acknowledges another entry {seq} than ours")
        self.set_mark(name, max(self.mark(name), seq))
        self.acknowledged = True


def _first(slices: list[Slice], points: int) -> list[Slice]:
    """Return the first so many points of some slices."""
    chosen: list[Slice] = []
    for one in slices:
        if points <= 0:
            break
        chosen.append(one if one.amount <= points else one._replace(amount=points))
        points -= chosen[-1].amount
    return chosen
