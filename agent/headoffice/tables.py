"""The tables that leave the house: their columns, and the rows of one stretch of the log.

Only what never changes is in them (what became of a receipt is an entry of its own), so a stretch has
the same rows whenever it is asked for.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from agent.headoffice.feed import entry_of, instant, public_data
from agent.headoffice.shapes import ReceiptData, receipt_data
from agent.headoffice.store import books, log
from agent.headoffice.store.protocol import Row, Store

SCHEMA_VERSION = 1
PAGE = 1000
INTEGER, TEXT = "BIGINT", "VARCHAR"
TABLES: dict[str, dict[str, str]] = {
    "entries": {
        "position": INTEGER,
        "incarnation": TEXT,
        "store": TEXT,
        "till": TEXT,
        "epoch": INTEGER,
        "seq": INTEGER,
        "kind": TEXT,
        "receipt": TEXT,
        "part": TEXT,
        "undoes": TEXT,
        "member": TEXT,
        "unit": TEXT,
        "amount": INTEGER,
        "allowance": INTEGER,
        "actor": TEXT,
        "at": TEXT,
        "accepted_at": TEXT,
        "parked": INTEGER,
        "hash": TEXT,
        "data": TEXT,
    },
    "receipts": {"position": INTEGER}
    | {
        column: INTEGER
        if column in {"seq", "items", "offline", "version"} or column.endswith("_minor")
        else TEXT
        for column in books.RECEIPT_COLUMNS
        if column != "state"
    },
    "lines": {
        "position": INTEGER,
        "receipt": TEXT,
        "line": INTEGER,
        "sku": TEXT,
        "product_group": TEXT,
        "brand": TEXT,
        "quantity": TEXT,
        "amount_minor": INTEGER,
        "pos_discount_minor": INTEGER,
        "rebate_minor": INTEGER,
        "points": INTEGER,
        "paid_minor": INTEGER,
        "returns_receipt": TEXT,
    },
    "differences": {
        "position": INTEGER,
        "incarnation": TEXT,
        "seq": INTEGER,
        "receipt": TEXT,
        "kind": TEXT,
        "detail": TEXT,
    },
}
_encode = msgspec.json.Encoder(order="sorted").encode


def log_rows(store: Store, after: int, until: int) -> Iterator[Row]:
    """Yield log rows in (after, until], a page at a time."""
    while after < until:
        rows = log.page(store, after, min(PAGE, until - after))
        if not rows:
            return
        for row in rows:
            if row["position"] <= until:
                yield row
        after = rows[-1]["position"]


def table_rows(store: Store, table: str, after: int, until: int) -> Iterator[dict[str, Any]]:
    """Yield the rows of one table for the log in (after, until], in its order."""
    match table:
        case "entries":
            return (_entry(row) for row in log_rows(store, after, until))
        case "lines":
            return (line for row in log_rows(store, after, until) for line in _lines(row))
        case "receipts":
            return (_only(table, row) for row in log.receipts_between(store, after, until))
        case _:
            return (_only(table, row) for row in log.differences_between(store, after, until))


def _only(table: str, row: Row) -> dict[str, Any]:
    return {column: row[column] for column in TABLES[table]}


def _entry(row: Row) -> dict[str, Any]:
    entry = entry_of(row)
    return {
        **{column: row[column] for column in ("position", "incarnation", "store", "till", "epoch", "seq")},
        **{column: row[column] for column in ("kind", "receipt", "part", "undoes")},
        "member": row["account"],
        **{column: row[column] for column in ("unit", "amount")},
        "allowance": entry.allowance if entry else 0,
        "actor": entry.actor if entry else "",
        "at": row["at"],
        "accepted_at": instant(row["accepted_ms"]),
        "parked": int(row["parked"] == 1),
        "hash": bytes(row["hash"]).hex(),
        "data": _encode(public_data(entry)).decode() if entry else bytes(row["body"]).hex(),
    }


def _lines(row: Row) -> Iterator[dict[str, Any]]:
    entry = entry_of(row)
    if entry is None or entry.kind != "RECEIPT" or row["parked"]:
        return
    data: ReceiptData = receipt_data(entry)
    quoted = {line.line: line for line in data.quote.lines} if data.quote else {}
    for line in data.basket.lines:
        ours = quoted.get(line.line)
        yield {
            "position": row["position"],
            "receipt": entry.receipt,
            "line": line.line,
            "sku": line.sku,
            "product_group": line.group,
            "brand": line.brand,
            "quantity": line.quantity,
            "amount_minor": line.amount_minor,
            "pos_discount_minor": line.pos_discount_minor,
            "rebate_minor": sum(one.amount_minor for one in ours.rebates) if ours else 0,
            "points": sum(one.points for one in ours.earned) if ours else 0,
            "paid_minor": sum(one.amount_minor for one in ours.paid) if ours else 0,
            "returns_receipt": line.returns.receipt_id if line.returns else "",
        }
