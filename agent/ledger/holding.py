"""Allowances held here: how one is kept, which go home, and what a till declares to hold (T1, T3, T4).

What was asked for at a card read (BASKET) goes home after the sale; what head office placed (STOCK) stays
until it is recalled or must not be spent any more.  A number from `giver` "" is head office's, any other
giver is the incarnation of the store's pool.
"""

from collections.abc import Iterable

from agent.ledger.database import Connection
from agent.ledger.records import AllowanceLike
from agent.ledger.seal import row_seal

BASKET, STOCK = "BASKET", "STOCK"
AT_ONCE = 100
"""Allowances closed in one transaction: a sale waits for it at most."""
IDLE = (
    "closed = 0 AND NOT EXISTS (SELECT 1 FROM allowance_lot"
    " WHERE allowance_lot.number = allowance.number AND held > 0)"
)
Idle = tuple[int, str, str]
"""Number, member and wallet of an allowance on which nothing is held."""


def keep(db: Connection, allowance: AllowanceLike) -> None:
    """Write down an allowance that was never here."""
    values = (
        allowance.number, allowance.member, allowance.wallet, allowance.honour_until_ms,
        allowance.giver, allowance.purpose, 0,
    )  # fmt: skip
    db.execute(
        "INSERT INTO allowance (number, member, wallet, honour_until_ms, giver, purpose, recalled, seal)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (*values, row_seal("allowance", values)),
    )
    for lot in allowance.lots:
        part = (allowance.number, lot.lot, lot.amount, lot.active_from, lot.expires_on, lot.ends_at)
        db.execute(
            "INSERT INTO allowance_lot (number, lot, amount, active_from, expires_on, ends_at, seal)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (*part, row_seal("allowance_lot", part)),
        )


def recall(db: Connection, numbers: Iterable[int]) -> None:
    """Mark allowances of head office that it wants back; unknown and closed ones are passed over."""
    for number in numbers:
        row = db.execute(
            "SELECT number, member, wallet, honour_until_ms, giver, purpose FROM allowance"
            " WHERE number = ? AND giver = '' AND closed = 0",
            (number,),
        ).fetchone()
        if row is not None:
            db.execute(
                "UPDATE allowance SET recalled = 1, seal = ? WHERE number = ?",
                (row_seal("allowance", (*row, 1)), number),
            )


def after_sale(db: Connection, member: str, now_ms: int) -> list[Idle]:
    """Return what of a member's goes home once a sale is over."""
    return _idle(
        db, "member = ? AND (purpose = ? OR recalled = 1 OR honour_until_ms <= ?)", (member, BASKET, now_ms)
    )


def going_home(db: Connection, now_ms: int) -> list[Idle]:
    """Return what was recalled, or must not be spent any more: at most `AT_ONCE`."""
    return _idle(db, "(recalled = 1 OR honour_until_ms <= ?)", (now_ms,))


def held_numbers(db: Connection, up_to: int) -> list[int]:
    """Return head office's open numbers up to one, rising."""
    rows = db.execute(
        "SELECT number FROM allowance WHERE giver = '' AND closed = 0 AND number <= ? ORDER BY number",
        (up_to,),
    )
    return [int(number) for (number,) in rows.fetchall()]


def _idle(db: Connection, where: str, values: tuple[str | int, ...]) -> list[Idle]:
    rows = db.execute(
        f"SELECT number, member, wallet FROM allowance WHERE {where} AND {IDLE} ORDER BY number LIMIT ?",  # noqa: S608 - our own texts
        (*values, AT_ONCE),
    )
    return [(int(number), str(member), str(wallet)) for number, member, wallet in rows.fetchall()]
