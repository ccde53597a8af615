"""Which lots an allowance is made of: first-expiring first, alive by the programme's calendar."""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from agent.headoffice.store.protocol import Row


class Part(NamedTuple):
    """Points of one lot, and when it ends (None: never)."""

    lot: str
    amount: int
    ends: datetime | None


def usable_lots(rows: Sequence[Row], now: datetime, zone: ZoneInfo) -> list[Part]:
    """Return what may be set aside of these lots (`free_lots`), first-expiring first.

    What a clawback took below zero is owed before anything more is set aside: it comes off the last ones.
    """
    parts = [
        Part(row["lot"], row["free"], end_of(row, zone))
        for row in rows
        if row["free"] > 0 and is_alive(row, now, zone)
    ]
    owed = -sum(row["free"] for row in rows if row["free"] < 0)
    return choose(parts, max(0, sum(part.amount for part in parts) - owed))


def choose(parts: Sequence[Part], points: int) -> list[Part]:
    """Return so many points of these lots, in their order; fewer if there are fewer."""
    chosen: list[Part] = []
    for part in parts:
        if points <= 0:
            break
        chosen.append(part._replace(amount=min(part.amount, points)))
        points -= chosen[-1].amount
    return chosen


def is_alive(row: Row, now: datetime, zone: ZoneInfo) -> bool:
    """Return whether points of a lot may be spent now, by the calendar of the programme."""
    if row["active_from"] and row["active_from"] > now.astimezone(zone).date().isoformat():
        return False
    end = end_of(row, zone)
    return end is None or end > now


def end_of(row: Row, zone: ZoneInfo) -> datetime | None:
    """Return the instant a lot ends: its own, or the end of its last day."""
    if row["ends_at"]:
        return datetime.fromisoformat(row["ends_at"]).astimezone(UTC)
    if row["expires_on"]:
        last = datetime.fromisoformat(row["expires_on"]).date()
        return datetime.combine(last + timedelta(days=1), time(), zone).astimezone(UTC)
    return None
