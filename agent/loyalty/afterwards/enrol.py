"""Who may join a programme, and from which day: its [enrol] table, asked of what enrolment knows."""

from collections.abc import Collection
from datetime import date

from agent.loyalty.language.programme import Programme
from agent.loyalty.numbers import exact
from agent.loyalty.quote import Reason

ENROL = "enrol"
"""Enrolment's name in reasons, beside the rules."""


def may_join(
    programme: Programme,
    day: date,
    *,
    born: date | None = None,
    is_of_age: bool = False,
    amount_minor: int = 0,
    segments: Collection[str] = (),
) -> Reason | None:
    """Return why someone may not join on a local `day`, None if they may.

    `is_of_age`: somebody saw that they have the age asked for.  `amount_minor` is the receipt they come
    with; who was born on 29 February is a year older on 1 March.
    """
    word = programme.text.enrol
    if word is None:
        return None
    is_young = born is None or (word.age_at_least is not None and of_age(born, word.age_at_least) > day)
    if word.age_at_least is not None and is_young and not is_of_age:
        values: dict[str, object] = {"what": "age", "age": word.age_at_least}
        if born is not None:
            values["day"] = of_age(born, word.age_at_least).isoformat()
        return Reason(ENROL, "missing", values)
    wanted = [word.segment] if isinstance(word.segment, str) else word.segment
    if wanted and not set(wanted) & set(segments):
        return Reason(ENROL, "wrong_segment")
    least = exact(word.amount or "0") * 10**programme.text.programme.minor_digits
    if amount_minor < least:
        return Reason(ENROL, "missing", {"what": "amount", "amount_minor": int(least) - amount_minor})
    return None


def of_age(born: date, years: int) -> date:
    """Return the day a person born then reaches an age.

    >>> of_age(date(2010, 5, 2), 16), of_age(date(2008, 2, 29), 18)
    (datetime.date(2026, 5, 2), datetime.date(2026, 3, 1))
    """
    year = min(born.year + years, date.max.year)
    try:
        return born.replace(year=year)
    except ValueError:
        return date(year, 3, 1)
