"""Periods of the programme language ("P30D", "P1Y", "PT2H") on local dates."""

import calendar
from datetime import UTC, date, datetime, timedelta


def after(day: date, period: str) -> date:
    """Return the date a period of days, weeks, months or years after `day` (month ends stay month ends).

    What would end after the last day there is ends on it.

    >>> after(date(2026, 1, 31), "P1M")
    datetime.date(2026, 2, 28)
    """
    number, unit = int(period[1:-1]), period[-1]
    if unit in "DW":
        days = number * (7 if unit == "W" else 1)
        return day + timedelta(days=min(days, (date.max - day).days))
    months = day.year * 12 + day.month - 1 + number * (12 if unit == "Y" else 1)
    year, month = divmod(months, 12)
    if year > date.max.year:
        return date.max
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def instant_after(at: datetime, period: str) -> datetime:
    """Return the instant a period of hours or minutes ("PT2H") after `at`, in `at`'s zone.

    Counted in UTC: an hour that the clocks skip or repeat is none of the customer's.
    """
    number = int(period[2:-1])
    length = timedelta(hours=number) if period[-1] == "H" else timedelta(minutes=number)
    return (at.astimezone(UTC) + length).astimezone(at.tzinfo)


def life(at: datetime, period: str | None) -> tuple[date | None, datetime | None]:
    """Return the last day of something that starts at local `at`, and the instant if it ends at one."""
    if period is None:
        return None, None
    if period.startswith("PT"):
        end = instant_after(at, period)
        return end.date(), end
    return after(at.date(), period), None
