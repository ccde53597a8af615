"""Which lots a payment takes from: those that end first, or the oldest."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from agent.loyalty.days import after
from agent.loyalty.member import Lot

_LAST = datetime.max.replace(tzinfo=UTC)


def taken_from(lots: Iterable[Lot], points: int, order: str = "expires_first") -> list[tuple[str, int]]:
    """Return what each lot gives for `points`, in the order they are taken; less if there is less.

    The lots are those spendable now, `order` is the setting spend_order.  The oldest is the one that
    became spendable first; equal ones go by name, so that till and head office take the same.

    >>> old = Lot("a", 300, date(2026, 1, 31), date(2027, 1, 31))
    >>> new = Lot("b", 200, date(2026, 3, 2), date(2026, 3, 16))
    >>> taken_from([old, new], 250), taken_from([old, new], 250, "oldest")
    ([('b', 200), ('a', 50)], [('a', 250)])
    """
    taken = []
    for lot in sorted(lots, key=_ends if order == "expires_first" else _begins):
        part = min(lot.amount, points)
        if part > 0:
            taken.append((lot.lot, part))
            points -= part
    return taken


def returned_expiry(policy: str, expires_on: date | None, day: date) -> date | None:
    """Return the last day of a lot that points come back into on `day`, by `returned_expired_lot`.

    `keep` leaves it as it was; "extend:P14D" gives one that is over so long from `day` on.
    """
    if expires_on is None or expires_on >= day or policy == "keep":
        return expires_on
    return after(day, policy.removeprefix("extend:"))


def _ends(lot: Lot) -> tuple[datetime, date, str]:
    if lot.ends_at is not None:
        return lot.ends_at, lot.active_from or date.min, lot.lot
    if lot.expires_on is None:
        return _LAST, lot.active_from or date.min, lot.lot
    end = datetime.combine(lot.expires_on, datetime.min.time(), UTC) + timedelta(days=1)
    return end, lot.active_from or date.min, lot.lot


def _begins(lot: Lot) -> tuple[date, datetime, str]:
    return lot.active_from or date.min, _ends(lot)[0], lot.lot
