"""What an entry does to allowances and holds: the same code live and when everything is rebuilt.

Head office alone issues an allowance; the journal says what of it is spent, held or closed.
A REVERSE of a REDEEM gives nothing back into an allowance here: head office frees those points when it
books the REVERSE, and points must not be spendable at two places.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from agent.errors import Refused
from agent.journal.entry import Entry
from agent.journal.vouchers import spent_of_allowance
from agent.ledger.database import Connection

WRITES_TABLES = frozenset({"RECEIPT", "REDEEM", "COUPON", "CLOSE", "HOLD", "RELEASE", "LEND", "HOME"})
HeldWallets = dict[str, list[tuple[int, str, int]]]
_encode = msgspec.msgpack.Encoder(order="sorted").encode
_decode_held = msgspec.msgpack.Decoder(HeldWallets).decode


def apply(entry: Entry, db: Connection) -> None:
    """Bring the derived tables up to this entry, inside the caller's transaction.

    Raises:
        Refused: more would be spent than the allowance holds (a fault of the caller; nothing is written).
    """
    match entry.kind:
        case "REDEEM" | "COUPON":
            _spend(entry, db)
        case "CLOSE":
            db.execute("UPDATE allowance SET closed = ? WHERE number = ?", (entry.seq, entry.allowance))
        case "LEND":
            _move_lent(entry.data["of"], entry.data["lots"], 1, db)
        case "HOME":
            _move_lent(entry.data["of"], entry.data["back"], -1, db)
            db.execute("UPDATE loan SET home = ? WHERE number = ?", (entry.seq, entry.allowance))
        case "HOLD":
            _drop_hold(entry.receipt, db)
            _hold(entry, db)
        case "RELEASE" | "RECEIPT":
            _drop_hold(entry.receipt, db)
        case _:
            pass


def held_of(blob: bytes) -> HeldWallets:
    """Read the slices of a stored hold."""
    return _decode_held(blob)


def _spend(entry: Entry, db: Connection) -> None:
    for lot, amount in spent_of_allowance(entry):
        changed = db.execute(
            "UPDATE allowance_lot SET spent = spent - ? WHERE number = ? AND lot = ?"
            " AND spent + lent - ? <= amount",
            (amount, entry.allowance, lot, amount),
        ).rowcount
        if changed != 1:
            raise Refused(
                "allowance_exceeded", f"allowance {entry.allowance} has not {-amount} left of lot {lot}"
            )


def _move_lent(parent: int, lots: Iterable[Any], sign: int, db: Connection) -> None:
    """Take what a pool lends off its own allowance, or put back what came home."""
    for lot, amount in lots:
        changed = db.execute(
            "UPDATE allowance_lot SET lent = lent + ? WHERE number = ? AND lot = ?"
            " AND lent + ? BETWEEN 0 AND amount - spent - held",
            (sign * amount, parent, lot, sign * amount),
        ).rowcount
        if changed != 1:
            raise Refused("allowance_exceeded", f"allowance {parent} has not {amount} of lot {lot} to lend")


def _hold(entry: Entry, db: Connection) -> None:
    wallets: dict[str, Any] = entry.data["wallets"]
    db.execute(
        "INSERT INTO hold VALUES (?, ?, ?, ?, ?)",
        (entry.receipt, entry.account, entry.data["until_ms"], entry.part, _encode(wallets)),
    )
    _move_held(wallets.values(), db, 1)


def _drop_hold(receipt: str, db: Connection) -> None:
    row = db.execute("SELECT slices FROM hold WHERE receipt = ?", (receipt,)).fetchone()
    if row is not None:
        db.execute("DELETE FROM hold WHERE receipt = ?", (receipt,))
        _move_held(held_of(bytes(row[0])).values(), db, -1)


def _move_held(wallets: Iterable[Any], db: Connection, sign: int) -> None:
    for slices in wallets:
        for number, lot, amount in slices:
            db.execute(
                "UPDATE allowance_lot SET held = held + ? WHERE number = ? AND lot = ?",
                (sign * amount, number, lot),
            )
