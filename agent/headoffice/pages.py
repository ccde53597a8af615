"""Pages of news that many tills ask for are made once: where they end, and their bytes for a while.

A page in the middle of much news says nothing of its own to a till, so the same question has the same
bytes.  Where such pages end depends on the members' versions alone, not on where a till begins to read, so
tills that come from different cursors soon ask the same questions.
"""

from collections import OrderedDict
from collections.abc import Sequence
from typing import NamedTuple

from agent.headoffice.store.protocol import Row

BLOCK = 192
"""A page ends at versions that this divides: a little below the most that it may hold."""
KEPT_BYTES = 32 * 2**20
KEPT_MS = 30_000
"""What changed meanwhile is told again by a later page, so an older one is true, but not for long."""


class Asked(NamedTuple):
    """A question, as far as the page depends on it."""

    cursor: int
    limit: int
    directory: int
    """The directory that the page announces, 0 if none."""
    packed: bool


class Pages:
    """Keeps the pages made last; used under the books' lock."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Asked, tuple[int, bytes]] = OrderedDict()
        self._size = 0
        self.made = self.told = 0

    def find(self, asked: Asked, now_ms: int) -> bytes | None:
        """Return a page as it was made, None if it must be made (again)."""
        made_ms, content = self._kept.get(asked, (0, b""))
        if not content or not 0 <= now_ms - made_ms <= KEPT_MS:
            return None
        self.told += 1
        return content

    def keep(self, asked: Asked, content: bytes, now_ms: int) -> None:
        """Keep a page for whoever asks next; the oldest ones make room."""
        _, before = self._kept.pop(asked, (0, b""))
        self._kept[asked] = (now_ms, content)
        self._size += len(content) - len(before)
        self.made += 1
        while self._size > KEPT_BYTES:
            _, (_, oldest) = self._kept.popitem(last=False)
            self._size -= len(oldest)


def on_page(rows: Sequence[Row], limit: int) -> Sequence[Row]:
    """Return which of these members, more than `limit`, stand on the next page: up to the end of a block."""
    for at, row in enumerate(rows[:limit], start=1):
        if row["version"] % BLOCK == 0:
            return rows[:at]
    return rows[:limit]
