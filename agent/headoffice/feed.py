"""The log as events: one CloudEvents 1.0 object a line, in the order of booking, the same bytes each time.

A cursor is opaque to whoever holds it; it names how far they have read.  Members leave as pseudonyms,
tags and identification tokens not at all.
"""

import re
from datetime import UTC, datetime
from typing import Any

import msgspec

from agent.errors import DocumentError, Mistake
from agent.headoffice.store import log
from agent.headoffice.store.protocol import Row, Store
from agent.journal.entry import Entry, entry_from

START = "v1-000000000000"
OURS = "headoffice"
"""Where our own decisions come from: they stand in the log among the tills' entries."""
CURSOR = re.compile(r"v1-([0-9]{12,18})\Z")
TAGS = frozenset({"tag", "blocks"})
EVENTS = {
    "RECEIPT": "receipt.committed",
    "EARN": "points.earned",
    "REDEEM": "points.redeemed",
    "LOAD": "value.loaded",
    "CLAWBACK": "points.taken_back",
    "GIVE": "benefit.given",
    "COUNT": "count.moved",
    "COUPON": "voucher.used",
    "HOLD": "points.held",
    "RELEASE": "points.released",
    "REVERSE": "entry.reversed",
    "RETURN": "goods.returned",
    "CLOSE": "allowance.closed",
    "LEND": "allowance.lent",
    "HOME": "allowance.returned",
    "EXPIRE": "points.expired",
    "ADJUST": "points.adjusted",
    "TRANSFER": "points.transferred",
    "DEBT": "points.owed",
    "MERGE": "members.merged",
    "CARD": "card.attached",
    "": "bytes.undecodable",
}
_encode = msgspec.json.Encoder(order="sorted").encode


def cursor_at(position: int) -> str:
    """Return the cursor behind a position.

    >>> cursor_at(7)
    'v1-000000000007'
    """
    return f"v1-{position:012d}"


def position_of(cursor: str) -> int:
    """Return the position that a cursor stands for.

    Raises:
        DocumentError: it is no cursor of ours.
    """
    match = CURSOR.match(cursor)
    if match is None:
        remedy = f"start with {START}, or give the cursor of an earlier pull"
        raise DocumentError("cursor", [Mistake("", "not_a_cursor", {"given": cursor[:32]}, remedy)])
    return int(match[1])


def events(rows: list[Row]) -> list[bytes]:
    """Return one line a log row, without its line end."""
    return [_encode(_event(row)) for row in rows]


def page(store: Store, after: str, limit: int) -> tuple[list[bytes], str]:
    """Return at most `limit` events behind a cursor, and the cursor behind them."""
    rows = list(log.page(store, position_of(after), limit))
    return events(rows), cursor_at(rows[-1]["position"]) if rows else after


def entry_of(row: Row) -> Entry | None:
    """Return the entry of a log row, None if its bytes are none."""
    try:
        return entry_from(bytes(row["body"]))
    except msgspec.DecodeError:
        return None


def public_data(entry: Entry) -> dict[str, Any]:
    """Return what an entry carries, without tags and tokens."""
    data = _without_tags(entry.data)
    identified = data.get("identified_by")
    if isinstance(identified, dict):
        data["identified_by"] = {name: value for name, value in identified.items() if name != "tag"}
    basket = data.get("basket")
    if isinstance(basket, dict) and "instruments" in basket:
        data["basket"] = {name: value for name, value in basket.items() if name != "instruments"}
    return data


def _without_tags(data: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in data.items() if name not in TAGS}
    asked = kept.get("asked")
    return kept | {"asked": _without_tags(asked)} if isinstance(asked, dict) else kept


def instant(milliseconds: int) -> str:
    """Return milliseconds since 1970 as RFC 3339 text in UTC.

    >>> instant(0)
    '1970-01-01T00:00:00.000+00:00'
    """
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds")


def _event(row: Row) -> dict[str, Any]:
    entry = entry_of(row)
    kind = EVENTS.get(row["kind"], f"entry.{row['kind'].lower()}")
    event: dict[str, Any] = {
        "specversion": "1.0",
        "id": f"{row['till'] or OURS}/{row['epoch']}/{row['seq']}/{bytes(row['hash']).hex()[:8]}",
        "source": f"/shops/{row['store']}/tills/{row['till']}" if row["till"] else f"/{OURS}",
        "type": f"org.loyalty-agent.{kind}.v1",
        "time": row["at"] or instant(row["accepted_ms"]),
        "cursor": cursor_at(row["position"]),
        "data": {"accepted_at": instant(row["accepted_ms"]), "parked": row["parked"] == 1},
    }
    if row["account"]:
        event["subject"] = row["account"]
    if entry is None:
        event["data"]["bytes_hex"] = bytes(row["body"]).hex()
        return event
    names = ("receipt", "part", "unit", "amount", "allowance", "actor")
    event["data"] |= {name: getattr(entry, name) for name in names if getattr(entry, name)}
    if entry.lots:
        event["data"]["lots"] = [{"lot": lot, "amount": amount} for lot, amount in entry.lots]
    event["data"]["entry"] = public_data(entry)
    return event
