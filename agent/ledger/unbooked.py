"""Which entries head office has not booked yet, by member: kept in memory, read off the journal at start.

An index on disk would answer the same, but it costs every commit a page more (2.15 instead of 1.9 times
the bare flush, measured); this list holds what one till did since its last contact, at most some weeks.
"""

from collections import defaultdict
from typing import NamedTuple

from agent.journal.entry import Entry, entry_from
from agent.ledger.database import Connection
from agent.ledger.unfiled import Unfiled, read_unfiled


class Beyond(NamedTuple):
    """Points that one entry spent without an allowance."""

    seq: int
    receipt: str
    member: str
    wallet: str
    points: int


def beyond_of(entry: Entry) -> Beyond | None:
    """Return what an entry spent beyond allowances, None if it did not."""
    if entry.kind != "REDEEM" or entry.allowance or entry.data.get("limited") is not True:
        return None
    return Beyond(entry.seq, entry.receipt, entry.account, entry.unit, -entry.amount)


class Unbooked:
    """Numbers of own entries above `booked` by account, in order; the writer adds, readers look.

    And `receipts`, those that are not filed.
    """

    def __init__(self) -> None:
        self._seqs: defaultdict[str, list[int]] = defaultdict(list)
        self._booked = 0
        self._beyond: list[Beyond] = []
        self.changes = 0
        """Commits so far: what a reader was told holds until there is another."""
        self.receipts = Unfiled()

    def add(self, account: str, seq: int) -> None:
        """Note an entry that is durable now."""
        self._seqs[account].append(seq)

    def above(self, account: str, booked: int) -> list[int]:
        """Return the account's entries above a number; some may be newer than the caller's view."""
        return [seq for seq in self._seqs.get(account, ()) if seq > booked]

    def add_beyond(self, spent: Beyond) -> None:
        """Note what a durable entry spent beyond allowances."""
        self._beyond.append(spent)

    def beyond(self, wallet: str, booked: int) -> list[Beyond]:
        """Return what was spent of a wallet beyond allowances by entries above a number."""
        return [one for one in self._beyond if one.wallet == wallet and one.seq > booked]

    def booked(self, seq: int) -> None:
        """Drop what was booked when this was last said: a reader may still hold that older view."""
        dropped, self._booked = self._booked, seq
        self._beyond = [one for one in self._beyond if one.seq > dropped]
        for account in list(self._seqs):
            left = self.above(account, dropped)
            if left:
                self._seqs[account] = left
            else:
                del self._seqs[account]


def read_unbooked(db: Connection) -> Unbooked:
    """Return what of this journal stands above its `booked` mark."""
    found = Unbooked()
    found.receipts = read_unfiled(db)
    rows = db.execute(
        "SELECT account, seq FROM journal WHERE account != '' AND seq >"
        " coalesce((SELECT number FROM mark WHERE name = 'booked'), 0) ORDER BY seq"
    )
    for account, seq in rows:
        found.add(str(account), int(seq))
    spent = db.execute(
        "SELECT body FROM journal WHERE kind = 'REDEEM' AND seq >"
        " coalesce((SELECT number FROM mark WHERE name = 'booked'), 0) ORDER BY seq"
    )
    for (body,) in spent:
        if (beyond := beyond_of(entry_from(bytes(body)))) is not None:
            found.add_beyond(beyond)
    return found
