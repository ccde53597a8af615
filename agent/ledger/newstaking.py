"""What head office tells, taken into the ledger: members, what is placed here, directories, programmes."""

from collections.abc import Sequence

from agent.errors import Refused
from agent.ledger import holding, members
from agent.ledger.allowing import Allowing
from agent.ledger.directory import MARK
from agent.ledger.records import DeltaLike, MemberRowLike, NewsLike
from agent.ledger.seal import seal


class NewsTaking(Allowing):
    """The part of a change that comes from head office."""

    def apply_delta(self, delta: DeltaLike) -> None:
        """Take a page of news in; a page that leaves a gap is passed over, a repeated one changes nothing."""
        if delta.from_cursor > self.mark("cursor"):
            return
        if delta.members:
            self.apply_members(delta.members)
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

    def apply_members(self, rows: Sequence[MemberRowLike]) -> None:
        """Take members in, told in a page of news or looked up."""
        booked = self.mark("booked")
        members.take_in(self._db, rows, lambda member: bool(self._newer(member, booked)))

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
