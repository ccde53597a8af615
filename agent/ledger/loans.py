"""Questions about loans, from either side: what this pool has lent, what this till missed."""

from typing import NamedTuple

from agent.ledger import compaction
from agent.ledger.borrowed import FLOOR, POOL, RECEIVED
from agent.ledger.queries import Queries
from agent.ledger.reader import Reader


class Owed(NamedTuple):
    """An archived journal that the pool has not wholly got: where it ends, and what it knew of the pool."""

    incarnation: str
    head_seq: int
    head_hash: bytes
    pool: str
    received: int
    highest: int
    let_go: int


def peer_key(ask: Queries, till: str) -> bytes | None:
    """Return the public key of a till of this store, as head office told it to the pool."""
    row = ask.one("SELECT public_key FROM peer WHERE till = ?", till)
    return bytes(row[0]) if row else None


def peers(ask: Queries) -> list[str]:
    """Return the tills that this pool lends to."""
    return [str(till) for (till,) in ask.rows("SELECT till FROM peer ORDER BY till")]


def lent_out(ask: Queries) -> tuple[int, int]:
    """Return how many loans of this pool are out, and to how many journals."""
    row = ask.one("SELECT count(*), count(DISTINCT holder) FROM loan WHERE home = 0")
    return int(row[0]), int(row[1])


def highest_borrowed(ask: Queries) -> int:
    """Return the highest number that the pool in use ever lent us, 0 if none."""
    giver = ask.text_mark(POOL)
    return int(ask.one("SELECT COALESCE(max(number), 0) FROM allowance WHERE giver = ?", giver)[0])


def misses(ask: Queries, highest: int) -> bool:
    """Say whether the pool lent up to `highest` to us, and the last of that never came."""
    return highest > max(highest_borrowed(ask), ask.mark(FLOOR + ask.text_mark(POOL)))


def handed_over(incarnation: str) -> str:
    """Return the mark that says how far the pool has got an archived journal."""
    return f"{RECEIVED}/{incarnation}"


def owed(reader: Reader) -> list[Owed]:
    """Return the archived journals that the pool in use lent to, or any pool while none is in use yet.

    Once we greeted a pool, one of another pool would come there as a new journal, and fence ours.
    """
    found = []
    for archive in reader.archives:
        (head_seq, head_hash), pool = archive.head(), archive.text_mark(POOL)
        is_owed = pool and pool == (reader.text_mark(POOL) or pool)
        if is_owed and head_seq > reader.mark(handed_over(archive.incarnation)):
            highest, let_go = highest_borrowed(archive), archive.mark(compaction.MARK)
            received = archive.mark(RECEIVED)
            found.append(Owed(archive.incarnation, head_seq, head_hash, pool, received, highest, let_go))
    return found
