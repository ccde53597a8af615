"""A short hash at the end of each row that cannot be recomputed from the journal: rot in it is found.

It stands against accidents; an attacker would write it anew, and meets the hashes that head office holds.
"""

from collections.abc import Iterator
from hashlib import blake2b

import msgspec

from agent.ledger.database import Connection

SEALED = {
    "receipt": "receipt, state, content_hash, answer, member, effects",
    "allowance": "number, member, wallet, honour_until_ms, giver, purpose, recalled",
    "allowance_lot": "number, lot, amount, active_from, expires_on, ends_at",
    "allowance_base": "number, lot, spent, closed",
    "borrowed": "number, parent",
    "loan": "number, holder, request, parent, member, wallet",
    "loan_lot": "number, lot, amount, spent",
    "loan_base": "number, lot, lent",
    "borrower": "incarnation, till, seq, hash, fenced",
    "peer": "till, public_key",
    "member": "member, version, facts",
    "card": "tag, member, blocked",
    "attached": "tag, member",
    "box": "member, box",
    "member_waiting": "member, version, row",
    "programme": "id, version, sha256, signature, text",
    "mark": "name, number, text",
}
"""What each table's seal covers; other columns follow from the journal, which has its own hashes."""
ADDED: dict[str, tuple[str | int | bytes, ...]] = {"allowance": ("", "BASKET", 0)}
"""The last columns of a seal that an older release has not got, and what they say in its rows."""
_encode = msgspec.msgpack.Encoder().encode


def seal(*values: str | int | bytes) -> bytes:
    """Return the seal of a row's values, in the order of `SEALED`.

    >>> seal("frozen", 1, "").hex()
    'c17e452ea692e2ca'
    """
    return blake2b(_encode(values), digest_size=8).digest()


def row_seal(table: str, values: tuple[str | int | bytes, ...]) -> bytes:
    """Return the seal of a row; columns that say no more than an older release did are left out of it."""
    added = ADDED.get(table, ())
    return seal(*(values[: -len(added)] if added and values[-len(added) :] == added else values))


def sealed_columns(db: Connection, table: str) -> str:
    """Return the columns that a table's seal covers, as far as this file has them."""
    there = {str(row[1]) for row in db.execute(f"PRAGMA table_info({table})")}
    return ", ".join(one for one in SEALED[table].split(", ") if one in there)


def broken_seals(db: Connection) -> Iterator[tuple[str, str]]:
    """Yield table and key of each row that is not as it was written."""
    there = {name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    for table in SEALED:
        if table not in there:  # of an older version
            continue
        columns = sealed_columns(db, table)
        for *values, sealed in db.execute(f"SELECT {columns}, seal FROM {table}"):  # noqa: S608 - our own names
            if sealed != row_seal(table, tuple(values)):
                yield table, str(values[0])
