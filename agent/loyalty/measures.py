"""Measures of a member over windows: how a sum is named, kept and read, in facts and quotes alike.

A measure belongs to a tier.  Its keys are NAME for a lifetime, NAME:2026 for a calendar year, NAME:2026-11
for a month and NAME:2026-11-24, a day's bucket, for a rolling window; all days are local ones.
"""

import calendar
from collections.abc import Iterator, Mapping
from datetime import date, timedelta

from agent.loyalty.days import after

Sums = Mapping[str, int]
FIRST_YEAR = 1970
"""No receipt is older; a key that says so is none of ours."""


class Window:
    """A tier's window over one measure."""

    def __init__(self, name: str, window: str) -> None:
        self.name = name
        self.window = window
        self.is_rolling = window.startswith("P")

    def key(self, day: date) -> str:
        """Return the key that a receipt of this day adds to."""
        match self.window:
            case "lifetime":
                return self.name
            case "calendar_year":
                return f"{self.name}:{day.year:04}"
            case "calendar_month":
                return f"{self.name}:{day.isoformat()[:7]}"
            case _:
                return f"{self.name}:{day.isoformat()}"

    def total(self, sums: Sums, end: date) -> int:
        """Return the measure of the window that ends on a day, the day itself included."""
        if not self.is_rolling:
            return sums.get(self.key(end), 0)
        return sum(
            sums.get(self.key(day), 0) for day in self.days(sums) if day <= end < after(day, self.window)
        )

    def days(self, sums: Sums) -> list[date]:
        """Return the last day of every period something is known of, in order; of a lifetime, none."""
        head = f"{self.name}:"
        found = (_last_day(key.removeprefix(head)) for key in sums if key.startswith(head))
        return sorted(day for day in found if day is not None)

    def period_before(self, day: date) -> date:
        """Return the last day of the calendar period before the one that `day` is in."""
        first = day.replace(day=1) if self.window == "calendar_month" else day.replace(month=1, day=1)
        return first - timedelta(days=1)

    def periods(self, first: date, day: date) -> Iterator[date]:
        """Return the last days of all calendar periods from that of `first` to the one before `day`'s."""
        found = []
        end = self.period_before(day)
        while end >= first:
            found.append(end)
            end = self.period_before(end)
        return reversed(found)


def _last_day(part: str) -> date | None:
    """Return the last day of a year, a month or a day as keys name them; of anything else, None."""
    try:
        match [int(one) for one in part.split("-")]:
            case [year]:
                found = date(year, 12, 31)
            case [year, month]:
                found = date(year, month, calendar.monthrange(year, month)[1])
            case _:
                found = date.fromisoformat(part)
    except ValueError:
        return None
    return found if found.year >= FIRST_YEAR else None
