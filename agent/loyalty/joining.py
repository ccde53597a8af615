"""Who may join a programme (`[enrol]`), and what they still lack."""

from datetime import date

from agent.loyalty.member import MemberFacts
from agent.loyalty.numbers import exact
from agent.loyalty.programme import Programme
from agent.loyalty.quote import Reason

RULE = "enrol"


def may_join(programme: Programme, person: MemberFacts, *, bought_minor: int, day: date) -> list[Reason]:
    """Return everything that keeps a person from joining on a local day, nothing if they may.

    `person` are the facts known so far: `of_age_from` and segments count; `bought_minor` is the sum of
    the receipt on which the card is asked for.  Without a date for an age nobody is old enough.
    """
    words = programme.text.enrol
    if words is None:
        return []
    found: list[Reason] = []
    if words.age_at_least is not None:
        from_day = person.of_age_from.get(str(words.age_at_least))
        if from_day is None or day < from_day:
            days = {} if from_day is None else {"days": (from_day - day).days}
            found.append(Reason(RULE, "missing", {"what": "days", **days}))
    if words.amount is not None:
        lacking = int(exact(words.amount) * 10**programme.text.programme.minor_digits) - bought_minor
        if lacking > 0:
            found.append(Reason(RULE, "missing", {"what": "amount", "amount_minor": lacking}))
    segments = [words.segment] if isinstance(words.segment, str) else words.segment
    if segments and not set(segments) & set(person.segments):
        found.append(Reason(RULE, "wrong_segment"))
    return found
