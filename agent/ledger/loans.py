"""Questions about loans, from either side: what this pool has lent, what this till missed."""

from agent.ledger.borrowed import FLOOR, POOL
from agent.ledger.queries import Queries


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
