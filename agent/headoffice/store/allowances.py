"""Allowances: points set aside for one journal, lot by lot; what is free is what nobody else may spend."""

from collections.abc import Sequence
from typing import NamedTuple

from agent.headoffice.store.debts import LOOKED_AT
from agent.headoffice.store.protocol import Row, Store
from agent.headoffice.store.settings import next_change
from agent.journal.vouchers import is_voucher, voucher_of

BASKET, STOCK = "BASKET", "STOCK"
FREE_LOTS = f"""
SELECT lot, active_from, expires_on, ends_at, free FROM (
    SELECT l.lot, l.active_from, l.expires_on, l.ends_at, l.remaining - COALESCE((
        SELECT sum(s.amount - s.spent - s.passed) FROM allowance a
        JOIN allowance_lot s ON s.incarnation = a.incarnation AND s.number = a.number
        WHERE a.member = l.member AND a.wallet = l.wallet AND a.state = 'OPEN' AND s.lot = l.lot
    ), 0) AS free
    FROM lot l WHERE l.member = ? AND l.wallet = ? AND NOT ({LOOKED_AT})
    UNION ALL
    SELECT s.lot, '', '', '', -sum(s.amount - s.spent - s.passed) FROM allowance a
    JOIN allowance_lot s ON s.incarnation = a.incarnation AND s.number = a.number
    WHERE a.member = ? AND a.wallet = ? AND a.state = 'OPEN' AND NOT EXISTS (
        SELECT 1 FROM lot l WHERE l.member = a.member AND l.wallet = a.wallet AND l.lot = s.lot
    ) GROUP BY s.lot
) AS free_lots
ORDER BY CASE WHEN expires_on = '' THEN 1 ELSE 0 END, expires_on, ends_at, lot
"""  # noqa: S608 - words of our own
FREE_VOUCHERS = """
SELECT v.id AS lot, v.active_from, v.expires_on, v.ends_at, 1 AS free FROM voucher v
WHERE v.given > 0 AND v.used <= 0 AND NOT EXISTS (
    SELECT 1 FROM allowance a JOIN allowance_lot s ON s.incarnation = a.incarnation AND s.number = a.number
    WHERE a.member = v.member AND a.wallet = ? AND a.state = 'OPEN' AND s.lot = v.id
    AND s.amount > s.spent + s.passed
) AND v.member = ? AND v.voucher = ?
ORDER BY CASE WHEN v.expires_on = '' THEN 1 ELSE 0 END, v.expires_on, v.ends_at, v.id
"""
SLICES = """
SELECT s.lot, s.amount, s.spent, COALESCE(l.active_from, '') AS active_from,
    COALESCE(l.expires_on, '') AS expires_on, COALESCE(l.ends_at, '') AS ends_at FROM allowance_lot s
JOIN allowance a ON a.incarnation = s.incarnation AND a.number = s.number
LEFT JOIN lot l ON l.member = a.member AND l.wallet = a.wallet AND l.lot = s.lot
WHERE s.incarnation = ? AND s.number = ?
ORDER BY CASE WHEN COALESCE(l.expires_on, '') = '' THEN 1 ELSE 0 END, l.expires_on, l.ends_at, s.lot
"""
VOUCHER_SLICES = SLICES.replace(
    "JOIN lot l ON l.member = a.member AND l.wallet = a.wallet AND l.lot = s.lot",
    "JOIN voucher l ON l.member = a.member AND l.id = s.lot",
)


class Issue(NamedTuple):
    """An allowance as it is given: for which journal, of which account, how much of which lots."""

    incarnation: str
    number: int
    member: str
    wallet: str
    request_id: str
    slices: Sequence[tuple[str, int]]
    issued_ms: int
    honour_until_ms: int
    purpose: str = BASKET


def free_lots(store: Store, member: str, wallet: str) -> Sequence[Row]:
    """Return every lot with what of it no open allowance holds, first-expiring first.

    A lot that a clawback cut below its open allowances, or below zero, is free below zero; so is what a
    till let go beyond allowances until head office has looked at it.  So is a lot that only allowances know:
    after books came back from a backup its receipt may be booked from another journal, as a lot of that.
    A wallet of vouchers has a lot of 1 for each that was given, not used, and is not set aside.
    """
    if is_voucher(wallet):
        return store.rows(FREE_VOUCHERS, (wallet, member, voucher_of(wallet)))
    return store.rows(FREE_LOTS, (member, wallet) * 2)


def by_request(store: Store, incarnation: str, request_id: str) -> Row | None:
    """Return what was answered to this request."""
    return store.row(
        "SELECT * FROM allowance WHERE incarnation = ? AND request_id = ?", (incarnation, request_id)
    )


def by_number(store: Store, incarnation: str, number: int) -> Row | None:
    """Return one allowance."""
    return store.row("SELECT * FROM allowance WHERE incarnation = ? AND number = ?", (incarnation, number))


def slices_of(store: Store, allowance: Row) -> Sequence[Row]:
    """Return the lots of one allowance with their dates."""
    sql = VOUCHER_SLICES if is_voucher(allowance["wallet"]) else SLICES
    return store.rows(sql, (allowance["incarnation"], allowance["number"]))


def take_number(store: Store, incarnation: str) -> int:
    """Return the journal's next allowance number; it is never given again."""
    store.run("UPDATE incarnation SET next_number = next_number + 1 WHERE incarnation = ?", (incarnation,))
    row = store.row("SELECT next_number - 1 AS number FROM incarnation WHERE incarnation = ?", (incarnation,))
    assert row is not None, incarnation
    return int(row["number"])


def skip_number(store: Store, incarnation: str, number: int) -> None:
    """Never give this number again, nor one below it."""
    store.run(
        "UPDATE incarnation SET next_number = max(next_number, ?) WHERE incarnation = ?",
        (number + 1, incarnation),
    )


def issue(store: Store, given: Issue) -> None:
    """Record an open allowance; what nobody asked for is told with the next news of its journal."""
    key = (given.incarnation, given.number)
    change = 0 if given.purpose == BASKET else next_change(store)
    issued = sum(amount for _, amount in given.slices)
    store.run(
        "INSERT INTO allowance (incarnation, number, request_id, member, wallet, issued, issued_ms,"
        " honour_until_ms, state, purpose, change) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'OPEN', ?, ?)",
        (
            *key,
            given.request_id,
            given.member,
            given.wallet,
            issued,
            given.issued_ms,
            given.honour_until_ms,
            given.purpose,
            change,
        ),
    )
    store.run_many(
        "INSERT INTO allowance_lot (incarnation, number, lot, amount) VALUES (?, ?, ?, ?)",
        [(*key, lot, amount) for lot, amount in given.slices],
    )


def slice_row(store: Store, incarnation: str, number: int, lot: str) -> Row | None:
    """Return what an allowance holds of one lot."""
    return store.row(
        "SELECT amount, spent, passed FROM allowance_lot WHERE incarnation = ? AND number = ? AND lot = ?",
        (incarnation, number, lot),
    )


def spend(store: Store, key: tuple[str, int, str], amount: int) -> None:
    """Book points of one lot as spent (below zero: given back) under an allowance."""
    store.run(
        "UPDATE allowance_lot SET spent = spent + ? WHERE incarnation = ? AND number = ? AND lot = ?",
        (amount, *key),
    )


def changed_since(store: Store, incarnation: str, change: int, limit: int) -> Sequence[Row]:
    """Return a journal's open stock that was placed or recalled after a change, in that order."""
    return store.rows(
        "SELECT * FROM allowance WHERE incarnation = ? AND change > ? AND state = 'OPEN'"
        " ORDER BY change LIMIT ?",
        (incarnation, change, limit),
    )


def stock_of(store: Store, member: str, wallet: str) -> Sequence[Row]:
    """Return an account's open stock that can come home: a fenced journal gives nothing back any more."""
    return store.rows(
        "SELECT a.* FROM allowance a JOIN incarnation i ON i.incarnation = a.incarnation"
        " WHERE a.member = ? AND a.wallet = ? AND a.state = 'OPEN' AND a.purpose = 'STOCK'"
        " AND i.state = 'ACTIVE' ORDER BY a.incarnation, a.number",
        (member, wallet),
    )


def recall(store: Store, incarnation: str, number: int) -> None:
    """Want an allowance back; told with the next news of its journal."""
    store.run(
        "UPDATE allowance SET recalled = 1, change = ? WHERE incarnation = ? AND number = ?",
        (next_change(store), incarnation, number),
    )


def close(store: Store, incarnation: str, number: int) -> None:
    """Free what an allowance has left."""
    store.run(
        "UPDATE allowance SET state = 'CLOSED' WHERE incarnation = ? AND number = ? AND state = 'OPEN'",
        (incarnation, number),
    )


def open_numbers(store: Store, incarnation: str, *, up_to: int) -> list[int]:
    """Return a journal's open allowances up to a number."""
    rows = store.rows(
        "SELECT number FROM allowance WHERE incarnation = ? AND state = 'OPEN' AND number <= ?",
        (incarnation, up_to),
    )
    return [int(row["number"]) for row in rows]
