"""What a change may do inside one transaction of the writer: append entries, and keep what hangs on them."""

from datetime import date
from typing import Any

from agent.errors import Refused
from agent.journal.entry import Draft
from agent.journal.lent import is_lent
from agent.ledger import borrowed, compaction, holding, loans, members
from agent.ledger.appending import Appending
from agent.ledger.directory import MARK
from agent.ledger.lending import Lending
from agent.ledger.marks import write_mark
from agent.ledger.records import AllowanceLike, DeltaLike, MemberRowLike, NewsLike, Slice
from agent.ledger.seal import seal


class Transaction(Appending):
    """One change to the ledger; it becomes durable as a whole, or not at all."""

    def place_hold(
        self, receipt_id: str, member: str, points: dict[str, int], *, until_ms: int, day: date | None = None
    ) -> dict[str, list[Slice]]:
        """Set points aside until the receipt is paid; an earlier hold of it is replaced.

        Slices are first-expiring, of allowances held here, spendable on `day` (default: the clock's).

        Raises:
            Refused: "hold_too_large" with `max` and `wallet`; nothing is changed then.
        """
        self._release_lapsed(member, but=receipt_id)
        self.release_hold(receipt_id)
        held: dict[str, list[Slice]] = {}
        for wallet, wanted in points.items():
            if wanted <= 0:
                continue
            held[wallet] = self.take(member, wallet, wanted, day or self._clock.now().date())
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

    def take(self, member: str, wallet: str, points: int, day: date) -> list[Slice]:
        """Choose slices for up to `points`, first-expiring; fewer if there are fewer, none moved yet."""
        chosen: list[Slice] = []
        for _, one, free in self.slices(member, day, wallet=wallet):
            if points <= 0:
                break
            chosen.append(one._replace(amount=min(points, free)))
            points -= chosen[-1].amount
        return chosen

    def take_held(
        self, receipt_id: str, member: str, wanted: dict[str, int], *, day: date | None = None
    ) -> dict[str, list[Slice]]:
        """Choose slices for a paid receipt: first what is held for it, then what is free; none is moved yet.

        Their sum is less than wanted where there is less: at commit that is reported, never refused.
        REDEEM entries then spend them, after RECEIPT has dropped the hold.
        """
        held = self.hold(receipt_id)
        taken: dict[str, list[Slice]] = {}
        for wallet, points in wanted.items():
            missing, chosen = points, []
            for one in held.wallets.get(wallet, []) if held and held.member == member else []:
                if missing > 0:
                    chosen.append(one._replace(amount=min(one.amount, missing)))
                    missing -= chosen[-1].amount
            if missing > 0:
                chosen += self.take(member, wallet, missing, day or self._clock.now().date())
            taken[wallet] = chosen
        return taken

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

    @property
    def lending(self) -> Lending:
        """What this till lends as its store's pool."""
        return Lending(self)

    def run(self, sql: str, *values: str | int | bytes) -> None:
        """Run a statement of this room's own files."""
        self._write_rows()
        self._db.execute(sql, values)

    def apply_delta(self, delta: DeltaLike) -> None:
        """Take a page of news in; a page that leaves a gap is passed over, a repeated one changes nothing."""
        if delta.from_cursor > self.mark("cursor"):
            return
        for row in delta.members:
            self.apply_member(row)
        for gone in delta.erased:
            self.forget(gone.member, version=gone.version)
        if delta.stock_to >= 0 and delta.stock_from <= self.mark("stock"):
            self._take_stock(delta)
        if delta.booked_seq >= 0 and delta.from_cursor >= 0:
            self._booked = max(self.mark("booked"), delta.booked_seq)
            self.set_mark("booked", self._booked)
            members.take_in_waiting(self._db)
        self.set_mark("cursor", max(self.mark("cursor"), delta.to_cursor))

    def _take_stock(self, delta: DeltaLike) -> None:
        for allowance in delta.allowances:
            self.accept_allowance(allowance)
        if delta.recalls:
            holding.recall(self._db, delta.recalls)
            self.close_due()
        self.set_mark("stock", delta.stock_to)

    def apply_member(self, row: MemberRowLike) -> None:
        """Take in one member that was looked up."""
        members.take_in(self._db, row, has_unbooked=bool(self._newer(row.member, self.mark("booked"))))

    def forget(self, member: str, *, version: int = members.NEVER_OLD) -> None:
        """Remove a member and the tags of its cards, unless it is known newer; entries stay as they are.

        A directory as of `version` or later does not know it any more.  The writer then empties the log,
        where the old pages would still lie.
        """
        if members.forget(self._db, member, version):
            self.erased = True

    def use_directory(self, cursor: int) -> None:
        """Name the directory to open from now on; news before it need not be told any more.

        Raises:
            Refused: it is ahead of the news taken in, and may contain own entries that still count here.
        """
        if cursor > self.mark("cursor"):
            if self._head.seq > self.mark("booked"):
                raise Refused("directory_ahead", "own entries may stand in it: pull the news first")
            self.set_mark("cursor", cursor)
        self.set_mark(MARK, cursor)

    def drop_contained(self, cursor: int, limit: int) -> int:
        """Drop up to `limit` rows that the directory in use contains; return how many there were."""
        # With the sign that somebody was erased, the last trace goes: the log is emptied after it, too.
        self.erased = members.has_forgotten(self._db, cursor)
        return members.drop_contained(self._db, cursor, limit)

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
            compaction.let_go(self._db, gone)
        for receipt in {entry.receipt for _, entry, _ in gone if entry.receipt}:
            if self._receipt(receipt).is_gone(gone[-1][0]):
                self._receipts.pop(receipt)
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

    def set_mark(self, name: str, value: int | str) -> None:
        """Remember a number or a text under a name."""
        write_mark(self._db, name, value)

    def store_programme(self, text: bytes, news: NewsLike) -> None:
        """Put a programme in force; its version must rise.

        Raises:
            Refused: "version_not_rising".
        """
        row = self._one("SELECT max(version) FROM programme WHERE id = ?", news.id)
        if row[0] is not None and row[0] >= news.version:
            raise Refused("version_not_rising", f"version {row[0]} of {news.id} is here already")
        values = (news.id, news.version, news.sha256, news.signature, text)
        self._db.execute(
            "INSERT INTO programme (id, version, sha256, signature, text, seal) VALUES (?, ?, ?, ?, ?, ?)",
            (*values, seal(*values)),
        )

    def _release_lapsed(self, member: str = "", but: str = "") -> None:
        """Release the lapsed holds of a member, or of everybody."""
        lapsed = self._rows(
            "SELECT receipt FROM hold WHERE (? = '' OR member = ?) AND until_ms < ?",
            member, member, self.now_ms(),
        )  # fmt: skip
        for (receipt,) in lapsed:
            if receipt != but:
                self.release_hold(receipt)
